import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from release.cli.project import Project
from release.cli.status import freeze_of
from release.ledger import Ledger, promote
from tests.unit.release.releases import release

ONE, TWO, THREE = release("1"), release("2"), release("3")


def ledger() -> Ledger:
    return promote(promote(Ledger(), ONE, 1, "2026-01-01T00:00:00Z"), TWO, 1, "2026-02-01T00:00:00Z")


def status(world) -> dict:
    code, out, error = world.run("status", "--stack", "dev", "--json")
    assert (code, error) == (0, "")
    return json.loads(out)


def test_before_anything_was_made_it_says_what_to_type(world) -> None:
    world.begin({"deployment": {}})
    code, out, _ = world.run("status", "--stack", "dev")
    assert code == 0
    assert "nothing is live yet" in out
    assert "release deploy VERSION --stack dev" in out
    assert status(world)["releases"] == []


def test_live_warm_and_candidate_are_told_apart_with_weights_as_told_and_as_served(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.weigh(**{f"r{TWO.id}": 75, f"r{THREE.id}": 25})
    world.serving[:] = [TWO.id, TWO.id, TWO.id, THREE.id]
    seen = status(world)
    assert (seen["live"], seen["liveAt"], seen["url"]) == (TWO.id, "2026-02-01T00:00:00Z", world.url)
    assert {
        each["id"]: (each["version"], each["state"], each["weight"], each["served"])
        for each in seen["releases"]
    } == {
        ONE.id: ("1", "warm", None, 0.0),
        TWO.id: ("2", "live", 75, 0.75),
        THREE.id: ("", "candidate", 25, 0.25),
    }
    assert seen["sampled"] == 200


def test_a_weight_changed_by_hand_and_failures_are_not_hidden_by_the_ledger(world) -> None:
    world.begin(world.state(ledger()))
    world.weigh(**{f"r{ONE.id}": 100})
    world.serving[:] = [ONE.id, ""]
    seen = status(world)
    assert [(each["id"], each["weight"]) for each in seen["releases"]] == [(TWO.id, None), (ONE.id, 100)]
    assert seen["failures"] == "503 ×100"


def scaled(world: Any, name: str, least: int, wanted: int, most: int, **more: Any) -> None:
    """An auto-scaling group with instances."""
    scaling = world.client("autoscaling")
    image = world.client("ec2").describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(LaunchConfigurationName=name, ImageId=image, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=least,
        MaxSize=most,
        DesiredCapacity=wanted,
        AvailabilityZones=["eu-west-1a"],
        **more,
    )


def test_web_instances_are_counted_as_healthy_registered_and_wanted(world) -> None:
    state = world.state(ledger())
    group, elb = world.target_group(TWO.id), world.client("elbv2")
    scaled(world, "web", 2, 3, 4, TargetGroupARNs=[group])
    state["deployment"]["resources"].append(
        {
            "type": "aws:autoscaling/group:Group",
            "urn": "urn::web",
            "outputs": {"name": "web", "tags": [{"key": "uneventful:release", "value": TWO.id}]},
        }
    )
    workers = [
        {"key": "uneventful:release", "value": TWO.id},
        {"key": "uneventful:process", "value": "worker"},
    ]
    state["deployment"]["resources"].append(
        {
            "type": "aws:autoscaling/group:Group",
            "urn": "urn::worker",
            "outputs": {"name": "worker", "tags": workers},
        }
    )
    world.begin(state)
    counted = next(each for each in status(world)["releases"] if each["id"] == TWO.id)
    targets = len(elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])
    assert (counted["wanted"], counted["targets"], counted["healthy"]) == (3, targets, targets)
    assert targets == 3


def test_the_table_for_people_has_a_line_for_each_fleet(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.weigh(**{f"r{TWO.id}": 100})
    world.serving[:] = [TWO.id]
    code, out, _ = world.run("status", "--stack", "dev")
    assert code == 0
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.strip()}
    assert lines["live"] == ["live", "2", TWO.id, "100", "%", "100.0%", "0", "of", "0", "-", "-"]
    assert lines["warm"][1:3] == ["1", ONE.id]
    assert lines["candidate"][1:3] == ["?", THREE.id]
    assert max(map(len, out.splitlines())) <= 100
    assert "`pulumi up --stack dev` removes its fleet" in out


def test_a_fleet_that_leaves_while_it_is_asked_about_is_no_error(world) -> None:
    world.begin(world.state(ledger(), THREE.id))
    world.client("elbv2").delete_target_group(TargetGroupArn=world.target_group(THREE.id))
    seen = {each["id"]: each["targets"] for each in status(world)["releases"]}
    assert seen[THREE.id] == 0


def test_queues_alarms_workers_the_lease_and_what_drifts_are_told_with_the_traffic(world) -> None:
    state = world.state(ledger())
    sqs, watch = (world.client(name) for name in ("sqs", "cloudwatch"))
    turn = {"Key": "uneventful:turn", "Value": "working", "PropagateAtLaunch": True}
    scaled(world, "worker", 1, 2, 5, Tags=[turn])
    tags = [
        {"key": "uneventful:release", "value": TWO.id},
        {"key": "uneventful:process", "value": "worker"},
    ]
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("queue-jobs", "dead-jobs")}
    for name, count in (("queue-jobs", 3), ("dead-jobs", 1)):
        for _ in range(count):
            sqs.send_message(QueueUrl=urls[name], MessageBody="{}")
    measured = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1}
    for name in ("rings", "quiet", "not-ours"):
        watch.put_metric_alarm(
            AlarmName=name, MetricName="m", Namespace="n", Period=60, Statistic="Sum", **measured
        )
        if name != "quiet":
            watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    group = {"name": "worker", "tags": tags, "minSize": 1, "maxSize": 4}
    state["deployment"]["resources"] += [
        {"type": "aws:autoscaling/group:Group", "urn": "urn::worker", "outputs": group},
        *(
            {"type": "aws:sqs/queue:Queue", "urn": f"urn::{name}", "outputs": {"url": url}}
            for name, url in urls.items()
        ),
        *(
            {"type": "aws:cloudwatch/metricAlarm:MetricAlarm", "urn": f"urn::{n}", "outputs": {"name": n}}
            for n in ("rings", "quiet")
        ),
    ]
    world.begin(state)
    world.weigh(**{f"r{ONE.id}": 30, f"r{TWO.id}": 70})
    world.lease(released=True, outcome="100 % on version 2")
    world.serving[:] = [TWO.id]
    seen = status(world)
    own = next(each for each in seen["releases"] if each["id"] == TWO.id)["workers"]
    assert own == [{"process": "worker", "turn": "working", "healthy": 2, "wanted": 2, "least": 1, "most": 5}]
    assert seen["queues"] == [{"queue": "jobs", "waiting": 3, "taken": 0, "dead": 1}]
    assert seen["alarms"] == ["rings"]
    assert (seen["lease"]["who"], seen["lease"]["alive"]) == ("anna on laptop", False)
    weights, size = seen["drift"]
    assert (f"{ONE.id} 30 %" in weights, "1 to 4 instances by the state, 1 to 5 in AWS" in size) == (
        True,
        True,
    )
    assert seen["unknown"] == []


def test_an_environment_that_cannot_be_asked_hides_no_other_and_is_in_the_exit_status(world) -> None:
    world.begin(world.state(ledger()))
    world.weigh(**{f"r{TWO.id}": 100})
    world.serving[:] = [TWO.id]
    (world.folder / "project" / "Pulumi.staging.yaml").write_text("config: {}\n")
    code, out, error = world.run("status", "--all", "--profile", "production=unknown")
    assert (code, error) == (1, "")
    assert max(map(len, out.splitlines()[:6])) <= 100
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert f"2 ({TWO.id})" in rows["dev"]
    assert "100%" in rows["dev"]
    assert "?" in out
    assert "production could not be asked" in out
    assert "not made yet" in rows["staging"]


def test_an_api_that_refuses_is_told_in_words(world) -> None:
    world.begin(world.state(ledger()))
    world.forget_credentials()
    code, _, error = world.run("status", "--stack", "dev")
    assert code == 1
    assert "the load balancer's API refused" in error
    assert "credentials" in error
    shown = json.loads(world.run("status", "--stack", "dev", "--json")[1])
    assert (shown["asked"], shown["live"], shown["releases"][0]["version"]) == (False, TWO.id, "2")


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (
            "{days: [mon], from: 00:00, to: 12:00, timezone: Europe/Berlin, reason: stocktaking}",
            "stocktaking",
        ),
        ("{from: 2026-11-24, to: 2026-11-30}", ""),
        ("{days: [mon], from: 25:00, to: 12:00}", "cannot be read"),
    ],
)
def test_a_freeze_that_holds_now_is_told_from_the_stacks_file(tmp_path: Path, window: str, said: str) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  uneventful:freeze:\n    - {window}\n")
    monday = datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    told = freeze_of(Project(tmp_path, "dev"), monday)
    assert (said in told) if said else (told == "")
    assert "stocktaking" not in freeze_of(Project(tmp_path, "dev"), monday.replace(hour=11))
