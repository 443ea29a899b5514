"""What the API holds survives being saved and read again: every answer is the same, and so is what is behind it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.base_backend import BackendDict

from localcloud.controlplane.gate import Gate
from localcloud.controlplane.keeping import dump, load
from localcloud.errors import NotUsable
from tests.local.controlplane.conftest import LOCATION, World

RIGHTS = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
LARGE_BODY = b"first" * 300_000
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

Asking = dict[str, Callable[[], Any]]


def an_environment(world: World) -> Asking:
    """One of everything that an environment and a release are made of; returns how to ask for each."""
    ec2, elb, scaling = world.client("ec2"), world.client("elbv2"), world.client("autoscaling")
    vpc, subnets = world.network()
    balancer, listener = world.balancer_with_listener(subnets)
    group = world.target_group(vpc)
    world.forward(listener, {group: 1})
    world.fleet(subnets, [group])
    security = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    scaling.put_scaling_policy(
        AutoScalingGroupName="web",
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": 50.0,
        },
    )
    return {
        "networks": lambda: ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"],
        "subnets": lambda: ec2.describe_subnets(SubnetIds=subnets)["Subnets"],
        "security groups": lambda: ec2.describe_security_groups(GroupIds=[security])["SecurityGroups"],
        "gateways": lambda: ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"],
        "NAT": lambda: ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"],
        "routes": lambda: ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"],
        "templates": lambda: ec2.describe_launch_templates()["LaunchTemplates"],
        "instances": lambda: ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
        )["Reservations"],
        "balancers": lambda: elb.describe_load_balancers()["LoadBalancers"],
        "attributes": lambda: elb.describe_load_balancer_attributes(
            LoadBalancerArn=balancer["LoadBalancerArn"]
        )["Attributes"],
        "rules": lambda: elb.describe_rules(ListenerArn=listener)["Rules"],
        "groups": lambda: elb.describe_target_groups()["TargetGroups"],
        "health": lambda: elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"],
        "scaling": lambda: scaling.describe_auto_scaling_groups()["AutoScalingGroups"],
        "policies": lambda: scaling.describe_policies()["ScalingPolicies"],
        **_stored(world, subnets),
        **_said_and_secret(world),
    }


def _stored(world: World, subnets: list[str]) -> Asking:
    s3, sqs, rds, cache = (world.client(name) for name in ("s3", "sqs", "rds", "elasticache"))
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": LOCATION.region})
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    for body in (LARGE_BODY, b"second"):
        s3.put_object(Bucket="kept", Key="bundles/a", Body=body, Metadata={"digest": "abc"})
    s3.put_object(Bucket="kept", Key="gone", Body=b"")
    s3.delete_object(Bucket="kept", Key="gone")
    jobs = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=jobs, MessageBody="order 1")
    sqs.receive_message(QueueUrl=jobs)
    rds.create_db_subnet_group(DBSubnetGroupName="kept", DBSubnetGroupDescription="kept", SubnetIds=subnets)
    rds.create_db_instance(
        DBInstanceIdentifier="kept",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="master",
        ManageMasterUserPassword=True,
        DBSubnetGroupName="kept",
    )
    world.databases.states["kept"] = world.caches.states["kept"] = "available"
    cache.create_replication_group(
        ReplicationGroupId="kept",
        ReplicationGroupDescription="kept",
        Engine="valkey",
        NumCacheClusters=1,
        TransitEncryptionEnabled=True,
        AuthToken="a-token-of-sixteen",
    )
    world.plane.tick()
    return {
        "versions": lambda: s3.list_object_versions(Bucket="kept")["Versions"],
        "markers": lambda: s3.list_object_versions(Bucket="kept")["DeleteMarkers"],
        "object": lambda: s3.get_object(Bucket="kept", Key="bundles/a")["Body"].read(),
        "message": lambda: [
            one["Body"] for one in sqs.receive_message(QueueUrl=jobs, WaitTimeSeconds=0)["Messages"]
        ],
        "databases": lambda: [
            {**one, "LatestRestorableTime": "now"} for one in rds.describe_db_instances()["DBInstances"]
        ],
        "caches": lambda: cache.describe_replication_groups()["ReplicationGroups"],
        "nodes": lambda: cache.describe_cache_clusters()["CacheClusters"],
    }


def _said_and_secret(world: World) -> Asking:
    names = ("iam", "secretsmanager", "ssm", "logs", "cloudwatch", "sns", "scheduler", "kms")
    iam, secrets, ssm, logs, watch, sns, scheduler, kms = (world.client(name) for name in names)
    iam.create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)
    policy = iam.create_policy(PolicyName="kept", PolicyDocument=RIGHTS)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="kept", PolicyArn=policy)
    iam.put_role_policy(RoleName="kept", PolicyName="kept", PolicyDocument=RIGHTS)
    iam.create_instance_profile(InstanceProfileName="kept")
    iam.add_role_to_instance_profile(InstanceProfileName="kept", RoleName="kept")
    secrets.create_secret(Name="kept", SecretString="first")
    secrets.put_secret_value(SecretId="kept", SecretString="second")
    ssm.put_parameter(Name="kept", Value="value", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    logs.create_log_group(logGroupName="kept")
    logs.create_log_stream(logGroupName="kept", logStreamName="i-1")
    logs.put_log_events(
        logGroupName="kept",
        logStreamName="i-1",
        logEvents=[{"timestamp": int(time.time() * 1000), "message": "hello"}],
    )
    topic = sns.create_topic(Name="kept")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="dev@example.com")
    watch.put_metric_alarm(
        AlarmName="kept",
        Namespace="AWS/RDS",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    watch.put_dashboard(DashboardName="kept", DashboardBody=json.dumps({"widgets": []}))
    scheduler.create_schedule_group(Name="kept")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    return {
        "role": lambda: iam.get_role(RoleName="kept")["Role"],
        "role's policies": lambda: iam.list_attached_role_policies(RoleName="kept")["AttachedPolicies"],
        "role's own": lambda: iam.get_role_policy(RoleName="kept", PolicyName="kept")["PolicyDocument"],
        "profile": lambda: iam.get_instance_profile(InstanceProfileName="kept")["InstanceProfile"],
        "secret": lambda: secrets.get_secret_value(SecretId="kept")["SecretString"],
        "former secret": lambda: secrets.get_secret_value(SecretId="kept", VersionStage="AWSPREVIOUS")[
            "SecretString"
        ],
        "secrets": lambda: [one["Name"] for one in secrets.list_secrets()["SecretList"]],
        "parameter": lambda: ssm.get_parameter(Name="kept")["Parameter"],
        "parameter's tags": lambda: ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="kept")[
            "TagList"
        ],
        "AWS's parameter": lambda: ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"],
        "log": lambda: logs.get_log_events(logGroupName="kept", logStreamName="i-1")["events"],
        "alarms": lambda: watch.describe_alarms()["MetricAlarms"],
        "dashboard": lambda: watch.get_dashboard(DashboardName="kept")["DashboardBody"],
        "subscriptions": lambda: sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"],
        "schedules": lambda: scheduler.get_schedule_group(Name="kept")["Arn"],
        "key": lambda: kms.get_public_key(KeyId=key)["PublicKey"],
    }


def answers(asking: Asking) -> dict[str, Any]:
    return {what: ask() for what, ask in asking.items()}


@pytest.fixture
def nothing_stays() -> Iterator[None]:
    yield
    BackendDict.reset()


@pytest.mark.usefixtures("nothing_stays")
def test_everything_of_an_environment_is_answered_the_same_when_it_was_saved_and_read_and_can_be_changed(
    world: World,
) -> None:
    asking = an_environment(world)
    before = answers(asking)
    kept = world.plane.keep()
    assert [*kept.new.values()] == [LARGE_BODY]
    assert LARGE_BODY[:1000] not in kept.state
    BackendDict.reset()
    assert world.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    world.plane.go_on(kept.state, kept.new.__getitem__)
    world.plane.tick()
    after = answers(asking)
    assert {what: after[what] for what in before if after[what] != before[what]} == {}
    assert {what for what, seen in before.items() if not seen} == set()
    _change_and_delete(world)


def _change_and_delete(world: World) -> None:
    s3, ssm, sqs = world.client("s3"), world.client("ssm"), world.client("sqs")
    s3.put_object(Bucket="kept", Key="bundles/a", Body=b"third")
    assert len(s3.list_object_versions(Bucket="kept", Prefix="bundles/")["Versions"]) == 3
    ssm.put_parameter(Name="new", Value="value", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    ssm.put_parameter(Name="kept", Value="other", Type="String", Overwrite=True)
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="order 2")
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2
    scaling = world.client("autoscaling")
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, DesiredCapacity=0)
    world.pass_time(60)
    world.pass_time(60)
    assert world.members() == {}
    scaling.delete_auto_scaling_group(AutoScalingGroupName="web")
    world.client("rds").delete_db_instance(DBInstanceIdentifier="kept", SkipFinalSnapshot=True)
    world.client("elasticache").delete_replication_group(ReplicationGroupId="kept")
    world.plane.tick()
    assert world.client("elasticache").describe_replication_groups()["ReplicationGroups"] == []


@pytest.mark.parametrize("damage", [b"", b"no pickle", None])
def test_what_cannot_be_read_is_refused_in_a_line_and_changes_nothing(
    world: World, damage: bytes | None
) -> None:
    queues = world.client("sqs")
    url = queues.create_queue(QueueName="stays")["QueueUrl"]
    kept = world.plane.keep()
    with pytest.raises(NotUsable) as refused:
        load(kept.state[: len(kept.state) // 2] if damage is None else damage, {}.__getitem__)
    assert "\n" not in refused.value.message
    assert url in queues.list_queues()["QueueUrls"]


@pytest.mark.usefixtures("nothing_stays")
def test_a_large_body_is_read_out_once_and_without_it_the_state_is_refused(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="large", CreateBucketConfiguration={"LocationConstraint": LOCATION.region})
    s3.put_object(Bucket="large", Key="a", Body=LARGE_BODY)
    first = world.plane.keep()
    assert [*first.new.values()] == [LARGE_BODY]
    s3.put_object(Bucket="large", Key="the same", Body=LARGE_BODY)
    s3.put_object(Bucket="large", Key="other", Body=b"x" + LARGE_BODY)
    second = world.plane.keep(first.bodies)
    assert [*second.new.values()] == [b"x" + LARGE_BODY]
    assert second.bodies == first.bodies | second.new.keys()
    with pytest.raises(NotUsable, match="cannot be read"):
        world.plane.go_on(second.state, second.new.__getitem__)


def test_what_is_behind_stays_the_same_object_as_what_the_api_holds(world: World) -> None:
    _, subnets = world.network()
    world.fleet(subnets, [])
    members = [state.instance for state in world.plane.groups().autoscaling_groups["web"].instance_states]
    found = load(dump(members).state, {}.__getitem__)
    kept = [state.instance for state in world.plane.groups().autoscaling_groups["web"].instance_states]
    assert [id(one) for one in found] == [id(one) for one in kept] != [id(one) for one in members]


def test_a_save_waits_for_calls_under_way_and_holds_those_that_come() -> None:
    gate, seen = Gate(), list[str]()
    inside, go_on, at_rest = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        with gate.passing():
            inside.set()
            go_on.wait(5)
            seen.append("first call")

    def save() -> None:
        with gate.closed():
            seen.append("save")
            at_rest.set()

    def later() -> None:
        at_rest.wait(5)
        with gate.passing():
            seen.append("later call")

    threads = [threading.Thread(target=one) for one in (call, save, later)]
    threads[0].start()
    inside.wait(5)
    threads[1].start()
    threads[2].start()
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert seen == ["first call", "save", "later call"]
