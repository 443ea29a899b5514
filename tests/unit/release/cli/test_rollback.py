from datetime import UTC, datetime, timedelta

import pytest
import yaml

from infra.prefixes import WORKING
from release.ledger import Ledger, Terms, promote
from release.model import Release
from release.scheduler import Entry
from release.sizes import SHRINK
from release.warmth import written
from tests.unit.release.cli.test_deploy import ledger_of, releases_of


def two_live(world) -> tuple[Release, Release]:
    """Version 2 is live and has all the traffic, version 1 is warm; both are in the bucket, and 1 is healthy."""
    one, two, _ = releases_of(world, "1", "2", "3")
    world.weigh(**{f"r{two.id}": 100})
    world.heal(one.id)
    return one, two


def asked(world) -> dict[str, object]:
    return yaml.safe_load(world.ups[0]["configuration"])["config"]


def test_the_warm_release_gets_the_traffic_first_and_then_the_update_records_it(world) -> None:
    one, two = two_live(world)
    # The site answers as the target at once: what serves is not what is tested here.
    world.serving[:] = [one.id]
    back = world.state(ledger_of(one, two, one), moment="now")
    world.begin(world.state(ledger_of(one, two)), {"status": 0, "state": back})
    status, out, error = world.run("rollback", "--stack", "dev", "--yes", "--reason", "prices are wrong")
    assert (status, error) == (0, "")
    assert f"from version 2 ({two.id}) to version 1 ({one.id})" in out
    assert "cost: 1 warm instance, no boot, no migration, about 1 s" in out
    assert out.index("weights written") < out.index("proven by") < out.index("pulumi is updating")
    assert "is live by the stack's state as well" in out
    assert world.weights() == {one.id: 100}
    assert asked(world)["uneventful:release"] == f"id:{one.id}"
    arguments = world.ups[0]["arguments"]
    assert arguments[arguments.index("--message") + 1] == "prices are wrong"
    assert "--skip-preview" in arguments


def test_an_update_that_fails_leaves_the_traffic_where_the_person_asked_and_says_what_is_left(world) -> None:
    one, two = two_live(world)
    world.serving[:] = [one.id]
    failed = world.state(ledger_of(one, two), moment="failed")
    world.begin(world.state(ledger_of(one, two)), {"status": 255, "state": failed})
    status, _, error = world.run("rollback", "--stack", "dev", "--yes")
    assert status == 1
    assert f"version 1 ({one.id}) has the traffic, and the stack's state does not say so yet" in error
    assert f"release rollback --to {one.id} --stack dev records it, and moves nothing" in error
    assert world.weights() == {one.id: 100}
    assert len(world.ups) == 1

    # Said again, it goes to the same release, and not forward to what was bad.
    world.begin(
        world.state(ledger_of(one, two)),
        {},
        {"status": 0, "state": world.state(ledger_of(one, two, one), moment="now")},
    )
    status, out, error = world.run("rollback", "--stack", "dev", "--yes")
    assert (status, error) == (0, "")
    assert "nothing was written" in out
    assert world.weights() == {one.id: 100}


def test_a_release_that_is_gone_boots_again_by_the_way_of_any_release(world) -> None:
    one, two, three, _ = releases_of(world, "1", "2", "3", "4")
    world.weigh(**{f"r{three.id}": 100})
    world.begin(
        world.state(ledger_of(one, two, three)),
        {"status": 0, "state": world.state(ledger_of(one, two, three, one), moment="now")},
    )
    world.serving[:] = [one.id]
    world.run("rollback", "--to", "1", "--stack", "dev", "--yes")
    assert asked(world)["uneventful:release"] == f"id:{one.id}"
    assert world.weights() == {three.id: 100}, "only the update moves traffic to what has to boot"


def test_a_release_that_is_gone_and_whose_bundle_is_gone_too_is_refused(world) -> None:
    one, two, three, _ = releases_of(world, "1", "2", "3", "4")
    world.weigh(**{f"r{three.id}": 100})
    world.client("s3").delete_object(Bucket="bundles-of-dev", Key=one.manifest.key)
    world.begin(world.state(ledger_of(one, two, three)))
    status, _, error = world.run("rollback", "--to", "1", "--stack", "dev", "--yes")
    assert (status, world.ups) == (1, [])
    assert "the bundle of version 1 is not in the bucket" in error


def warm_for(one: Release, two: Release, minutes: int) -> Ledger:
    """2 is live, and 1 is warm for so many minutes more."""
    stopped = written(datetime.now(UTC) + timedelta(minutes=minutes - 60))
    return promote(promote(Ledger(), one, 1, ""), two, 1, stopped, Terms(warm=3600))


def with_group(world, state: dict, release: str, most: int, until: datetime | None) -> dict:
    """The state, and AWS, with a group of the release's instances that shrinks then."""
    name, scaling = f"web-{release}", world.client("autoscaling")
    scaling.create_launch_configuration(
        LaunchConfigurationName=name,
        ImageId=world.client("ec2").describe_images()["Images"][0]["ImageId"],
        InstanceType="t3.micro",
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=most,
        AvailabilityZones=["eu-west-1a"],
    )
    if until:
        scaling.put_scheduled_update_group_action(
            AutoScalingGroupName=name, ScheduledActionName=SHRINK, StartTime=until, MaxSize=0
        )
    tags = [{"key": "uneventful:release", "value": release}, {"key": "uneventful:process", "value": "web"}]
    outputs = {"name": name, "tags": tags}
    state["deployment"]["resources"].append(
        {"type": "aws:autoscaling/group:Group", "urn": f"urn::{name}", "outputs": outputs}
    )
    return state


def left(world, release: str) -> list[dict]:
    found = world.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName=f"web-{release}")
    return found["ScheduledUpdateGroupActions"]


def test_nothing_is_left_that_would_shrink_the_release_under_its_traffic(world) -> None:
    one, two = two_live(world)
    world.serving[:] = [one.id]
    ledger = warm_for(one, two, 1)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    world.begin(
        with_group(world, world.state(ledger), one.id, 4, soon),
        {"status": 255, "state": world.state(ledger, moment="the update that would record it failed")},
    )
    assert len(left(world, one.id)) == 1
    world.run("rollback", "--stack", "dev", "--yes")
    assert (world.weights(), left(world, one.id)) == ({one.id: 100}, [])


@pytest.mark.parametrize(("minutes", "most", "told"), [(-1, 4, "cost: minutes"), (1, 0, "cost: 1 warm")])
def test_a_release_whose_time_is_over_or_that_shrank_a_moment_ago_boots_again(
    world, minutes: int, most: int, told: str
) -> None:
    one, two = two_live(world)
    ledger = warm_for(one, two, minutes)
    again = promote(ledger, one, 1, "", Terms(now=datetime.now(UTC)))
    world.begin(
        with_group(world, world.state(ledger), one.id, most, None),
        {"status": 0, "state": world.state(again, moment="now")},
    )
    _, out, _ = world.run("rollback", "--stack", "dev", "--yes")
    assert told in out
    assert asked(world)["uneventful:release"] == f"id:{one.id}"
    assert world.weights() == {two.id: 100}, "only the update moves traffic to what has to boot"


def test_workers_and_schedules_follow_at_once_and_not_only_with_the_update(world) -> None:
    one, two = two_live(world)
    world.serving[:] = [one.id]
    scheduler = world.client("scheduler")
    scheduler.create_schedule_group(Name="schedules-of-dev")
    role, queue = "arn:aws:iam::123456789012:role/scheduler", "arn:aws:sqs:eu-west-1:123456789012:jobs"
    scheduler.create_schedule(
        GroupName="schedules-of-dev",
        Name="nightly",
        ScheduleExpression="rate(1 hour)",
        State="ENABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": queue, "RoleArn": role, "Input": "of two"},
    )
    held = Entry("nightly", "rate(1 hour)", "UTC", queue, role, "of one").dump()
    state = world.state(ledger_of(one, two))
    stack = state["deployment"]["resources"][0]["outputs"]
    stack |= {"schedules": {one.id: [held], two.id: []}, "scheduleGroup": "schedules-of-dev"}
    failed = world.state(ledger_of(one, two), moment="failed")
    world.begin(state, {"status": 255, "state": failed})
    _, out, _ = world.run("rollback", "--stack", "dev", "--yes")
    found = scheduler.get_schedule(GroupName="schedules-of-dev", Name="nightly")
    assert found["Target"]["Input"] == "of one"
    listed = world.client("s3").get_object(Bucket="bundles-of-dev", Key=WORKING)["Body"].read()
    assert listed.decode().split() == [one.id]
    assert out.index("weights written") < out.index("workers and schedules told") < out.index("recording it")
    assert "schedules: changed nightly" in out


@pytest.mark.parametrize("altered", [False, True])
def test_a_warm_release_whose_bundle_is_missing_or_altered_is_no_way_back(world, altered: bool) -> None:
    one, two = two_live(world)
    s3, place = world.client("s3"), {"Bucket": "bundles-of-dev", "Key": one.manifest.key}
    s3.delete_object(**place)
    if altered:
        s3.put_object(**place, Body=b"something else")
    world.begin(world.state(ledger_of(one, two)))
    status, _, error = world.run("rollback", "--stack", "dev", "--yes")
    assert (status, world.ups) == (1, [])
    assert world.weights() == {two.id: 100}
    assert f"version 1 ({one.id}) is no way back" in error
    assert "traffic is where it was" in error
    assert "then release deploy ANOTHER --stack dev" in error
