"""A whole environment on one machine: AWS's API, real instances, a real load balancer, and AWS's bad days."""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.tags import TURN
from release.boot import Boot, encoded, user_data
from release.model import Manifest, Process, freeze
from tests.local.cloud.real import Checkout, answer, answers, environment_of_two, new_checkout, until
from tests.local.instances.aws_stand_in import packed


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, str]]:
    """A checkout with a cloud, a load balancer and a group of two that answers."""
    checkout = new_checkout(tmp_path_factory.mktemp("reality") / "checkout")
    checkout.run("up")
    url = environment_of_two(checkout)
    until(lambda: answers(url))
    # Each of them can be taken away by the first test that comes.
    until(lambda: list(healthy(checkout).values()) == ["healthy", "healthy"], 60)
    yield checkout, url
    checkout.run("down", check=False)


@pytest.fixture(autouse=True)
def no_faults_afterwards(running: tuple[Checkout, str]) -> Iterator[None]:
    yield
    running[0].run("fault", "clear")


def healthy(checkout: Checkout) -> dict[str, str]:
    return {target["id"]: target["state"] for target in checkout.status()["target_groups"][0]["targets"]}


def test_a_hung_instance_is_found_unhealthy_and_comes_back_when_it_answers_again(
    running: tuple[Checkout, str],
) -> None:
    checkout, _ = running
    until(lambda: list(healthy(checkout).values()) == ["healthy", "healthy"])
    victim = checkout.status()["instances"][0]
    checkout.run("fault", "set", "target-hang", victim["id"])
    with pytest.raises((urllib.error.URLError, TimeoutError)):
        urllib.request.urlopen(f"http://{victim['address']}:8080/", timeout=1)
    until(lambda: healthy(checkout)[victim["id"]] == "unhealthy", seconds=40)
    checkout.run("fault", "clear")
    until(lambda: healthy(checkout)[victim["id"]] == "healthy", seconds=40)


def test_delayed_weights_reach_the_data_plane_when_their_time_has_come(running: tuple[Checkout, str]) -> None:
    checkout, url = running
    elb = checkout.client("elbv2")
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    checkout.run("fault", "set", "weights-delay", "2")
    rule = elb.create_rule(
        ListenerArn=listener,
        Priority=5,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Rules"][0]["RuleArn"]
    began = time.monotonic()
    assert answers(url)
    until(lambda: not answers(url))
    assert 1.5 < time.monotonic() - began < 4
    checkout.run("fault", "clear")
    elb.delete_rule(RuleArn=rule)
    assert answers(url)


def profile(checkout: Checkout, name: str = "fetches") -> str:
    """The name of an instance profile with a role: an instance without one has no credentials."""
    iam = checkout.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


def crashing_worker(checkout: Checkout) -> dict[str, Any]:
    """The data of a launch template for a release's worker that only crashes, in less time than one takes on AWS."""
    bundle = packed({"worker.py": "import sys; sys.exit('no such table')"})
    digest = hashlib.sha256(bundle).hexdigest()
    worker = Process(name="worker", command="python3 worker.py")
    processes = (Process(name="web", command="true"), worker)
    release = freeze(Manifest(version="1", digest=digest, size=len(bundle), processes=processes), {})
    s3 = checkout.client("s3")
    s3.create_bucket(Bucket="turns", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="turns", Key=release.manifest.key, Body=bundle)
    checkout.client("logs").create_log_group(logGroupName="/workers")
    text = user_data(Boot(release, worker, "turns", "eu-west-1", "/workers"))
    quick = text.replace('exec sleep "$pause"', "exec true").replace("RestartSec=1\n", "RestartSec=500ms\n")
    return {
        "ImageId": "ami-0ef3038e9b73a0746",
        "UserData": encoded(quick),
        "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        "IamInstanceProfile": {"Name": profile(checkout, "workers")},
    }


def test_a_worker_that_is_told_to_work_and_only_crashes_has_its_instance_replaced(
    running: tuple[Checkout, str],
) -> None:
    checkout, _ = running
    ec2, scaling, logs = (checkout.client(service) for service in ("ec2", "autoscaling", "logs"))
    subnet = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.0.0.0/24"]}])["Subnets"][0]
    made = ec2.create_launch_template(
        LaunchTemplateName="workers", LaunchTemplateData=crashing_worker(checkout)
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="workers",
        LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=subnet["SubnetId"],
    )

    def in_service() -> str:
        group = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["workers"])
        members = group["AutoScalingGroups"][0]["Instances"]
        return next((one["InstanceId"] for one in members if one["LifecycleState"] == "InService"), "")

    def said(instance: str) -> list[str]:
        events = logs.filter_log_events(logGroupName="/workers")["events"]
        return [event["message"] for event in events if instance in event["logStreamName"]]

    try:
        first = until(in_service)
        ec2.create_tags(Resources=[first], Tags=[{"Key": TURN, "Value": "working"}])
        until(lambda: in_service() not in ("", first), 60)
        until(lambda: "instance: to be replaced, worker ends again and again" in said(first))
        turns = [line for line in said(first) if line.startswith("turn: ")]
        assert turns[0] == "turn: ready"
        assert "turn: working" not in turns, "it never ran for long enough"
        assert any(line.startswith("turn: failed: worker ended ") for line in turns), turns
        assert "no such table" in said(first)
    finally:
        scaling.delete_auto_scaling_group(AutoScalingGroupName="workers", ForceDelete=True)


def test_an_instance_fetches_from_s3_with_what_it_was_given(running: tuple[Checkout, str]) -> None:
    checkout, _ = running
    s3, ec2 = checkout.client("s3"), checkout.client("ec2")
    s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="bundles", Key="one/two.txt", Body=b"from the bucket\n")
    found: Any = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    user_data = """#cloud-config
runcmd:
- aws s3 cp --region eu-west-1 s3://bundles/one/two.txt - | aws s3 cp --region eu-west-1 - s3://bundles/back.txt
"""
    run = ec2.run_instances(
        ImageId="ami-0ef3038e9b73a0746",
        MinCount=1,
        MaxCount=1,
        SubnetId=found["SubnetId"],
        UserData=user_data,
        IamInstanceProfile={"Name": profile(checkout)},
    )
    one = run["Instances"][0]["InstanceId"]

    def instance() -> dict[str, Any]:
        return next((each for each in checkout.status()["instances"] if each["id"] == one), {})

    try:
        until(lambda: instance()["machine"] != "booting")
        assert (instance()["machine"], instance()["detail"]) == ("running", "")
        assert s3.get_object(Bucket="bundles", Key="back.txt")["Body"].read() == b"from the bucket\n"
    finally:
        ec2.terminate_instances(InstanceIds=[one])
    until(lambda: not instance())


def test_scaling_in_under_requests_loses_none(running: tuple[Checkout, str]) -> None:
    checkout, url = running
    scaling = checkout.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=1, DesiredCapacity=1)
    seen: Counter[str] = Counter()
    until(
        lambda: seen.update(answer(url, 30) for _ in range(50)) or len(checkout.status()["instances"]) == 1,
        60,
    )
    assert seen.keys() == {"200"}
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=2, DesiredCapacity=2)
    until(lambda: list(healthy(checkout).values()).count("healthy") == 2)


def test_a_throttled_api_is_survived_by_the_sdk_and_the_log_has_the_seed(
    running: tuple[Checkout, str],
) -> None:
    checkout, _ = running
    checkout.run("fault", "set", "seed", "11")
    checkout.run("fault", "set", "api-throttle", "30%:elbv2")
    elb = checkout.client("elbv2")
    retries = [elb.describe_target_groups()["ResponseMetadata"]["RetryAttempts"] for _ in range(8)]
    assert sum(retries) > 0
    log = (checkout.root / ".uneventful" / "cloud" / "daemon.log").read_text()
    assert "seed 11" in log


def test_cloudwatch_knows_how_the_targets_are_and_what_they_use(running: tuple[Checkout, str]) -> None:
    checkout, url = running
    api = checkout.client("cloudwatch")
    balancer = checkout.status()["load_balancers"][0]["arn"].partition(":loadbalancer/")[2]
    group = checkout.status()["target_groups"][0]["arn"].rpartition(":")[2]

    def figure(namespace: str, metric: str, scope: dict[str, str], **statistic: Any) -> Any:
        points = api.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in scope.items()],
            StartTime=datetime.now(UTC) - timedelta(minutes=10),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=3600,
            **statistic,
        )["Datapoints"]
        return points[0] if points else None

    scope = {"TargetGroup": group, "LoadBalancer": balancer}
    until(
        lambda: figure("AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": "web"}, Statistics=["Maximum"])
    )

    def healthy() -> float:
        found = figure("AWS/ApplicationELB", "HealthyHostCount", scope, Statistics=["Maximum"])
        return float(found["Maximum"]) if found else 0.0

    until(lambda: healthy() == 2, 90)
    assert answers(url)
    slowest = until(
        lambda: figure("AWS/ApplicationELB", "TargetResponseTime", scope, ExtendedStatistics=["p99"])
    )
    assert 0 < slowest["ExtendedStatistics"]["p99"] < 5
    api.put_metric_alarm(
        AlarmName="hosts",
        Namespace="AWS/ApplicationELB",
        MetricName="HealthyHostCount",
        Dimensions=[{"Name": name, "Value": value} for name, value in scope.items()],
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="LessThanThreshold",
        Threshold=3,
    )
    until(lambda: "alarm hosts rings: Threshold Crossed: 1 out of" in checkout.run("status").stdout)


def test_the_status_is_the_same_for_programs_and_for_people(running: tuple[Checkout, str]) -> None:
    checkout, _ = running
    shown, seen = checkout.run("status").stdout, checkout.status()
    for instance in seen["instances"]:
        assert instance["id"] in shown
        assert instance["address"] in shown
    assert seen["load_balancers"][0]["address"] in shown
    assert json.dumps(seen)
