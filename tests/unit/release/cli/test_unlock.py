import os
import subprocess
import sys

import pytest

from release.ledger import Ledger
from tests.unit.release.cli.test_deploy import ledger_of, releases_of


def dead() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def begin(world):
    one, _ = releases_of(world, "1", "2")
    world.weigh(**{f"r{one.id}": 100})
    world.serving[:] = [one.id]
    world.heal(one.id)
    world.begin(world.state(ledger_of(one)))
    return one


def test_what_the_dead_hold_is_told_and_cleared(world) -> None:
    begin(world)
    lock = world.lock(dead())
    world.lease(released=False, pinned="0123abcd")
    status, out, error = world.run("unlock", "--stack", "dev")
    assert (status, error) == (0, "")
    assert "of ben on" in out
    assert "lease 7 of anna on laptop: gone" in out
    assert not lock.exists()
    status, out, _ = world.run("unlock", "--stack", "dev")
    assert (status, "there is nothing to clear" in out) == (0, True)


def test_one_on_another_machine_may_live_until_somebody_has_looked(world) -> None:
    begin(world)
    lock = world.lock(os.getpid(), "elsewhere")
    status, out, error = world.run("unlock", "--stack", "dev")
    assert status == 1
    assert "on another machine" in out
    assert "nothing was cleared" in error
    assert lock.exists()
    assert world.run("unlock", "--stack", "dev", "--gone")[0] == 0
    assert not lock.exists()


def test_an_abort_gives_the_traffic_back_and_leaves_nothing_locked(world) -> None:
    one = begin(world)
    world.weigh(**{f"r{one.id}": 90, "r0123abcd": 10})
    world.begin(world.state(ledger_of(one), "0123abcd"))
    world.lease(released=False)
    lock = world.lock(dead())
    status, out, error = world.run("abort", "--stack", "dev")
    assert (status, error) == (0, "")
    assert world.weights() == {one.id: 100}
    assert f"version 1 ({one.id}) has all the traffic, proven by" in out
    assert not lock.exists()
    status, out, _ = world.run("abort", "--stack", "dev")
    assert (status, "nothing runs on dev" in out) == (0, True)


def test_traffic_that_a_killed_provider_left_is_given_back_by_the_deploy_itself(world) -> None:
    one = begin(world)
    world.build("3", "content of 3")
    left = world.state(ledger_of(one), "0123abcd", moment="later")
    world.begin(world.state(ledger_of(one)), {"status": 255, "state": left})
    world.weigh(**{f"r{one.id}": 90, "r0123abcd": 10})
    world.lease(released=False)
    status, out, error = world.run("deploy", "3", "--stack", "dev", "--yes", "--keep")
    assert status == 1
    assert f"version 1 ({one.id}) was given back all the traffic" in out
    assert "was not released; the reason is above" in error
    assert world.weights() == {one.id: 100}
    # Where locks are cannot be read, whoever updates is not known.
    assert world.run("abort", "--stack", "dev")[1].startswith("nobody moves the traffic of dev")


def test_an_abort_of_a_first_release_leaves_the_next_one_free(world) -> None:
    world.begin(world.state(Ledger(), "0123abcd"))
    lock = world.lock(dead())
    status, out, error = world.run("abort", "--stack", "dev")
    assert (status, error) == (0, "")
    assert "nobody gets traffic: nothing was live before" in out
    assert not lock.exists()
    assert world.pinned() == ""


@pytest.fixture
def killed(world):
    """An update was killed while it made a group: AWS has `begun`, the state does not; and two that are no business of
    anybody who tidies up."""
    one = begin(world)
    ec2, scaling = world.client("ec2"), world.client("autoscaling")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    templates = [
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": image})[
            "LaunchTemplate"
        ]["LaunchTemplateId"]
        for name in ("ours", "of another project")
    ]
    for name, template in (("begun", 0), ("recorded", 0), ("another project's", 1)):
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateId": templates[template]},
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["eu-west-1a"],
            Tags=[{"Key": "uneventful:environment", "Value": "dev", "PropagateAtLaunch": True}],
        )
    group = {"type": "aws:autoscaling/group:Group", "urn": f"urn::web-{one.id}"}
    state = world.state(ledger_of(one))
    tags = [{"key": "uneventful:release", "value": one.id, "propagateAtLaunch": True}]
    state["deployment"]["resources"].append({**group, "outputs": {"name": "recorded", "tags": tags}})
    state["deployment"]["pending_operations"] = [
        {"type": "creating", "resource": {**group, "inputs": {"launchTemplate": {"id": templates[0]}}}}
    ]
    world.begin(state, {"status": 255})
    return one


def groups(world):
    told = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {group["AutoScalingGroupName"] for group in told}


def test_a_group_that_a_killed_update_began_and_no_state_has_is_deleted_and_no_other(world, killed) -> None:
    world.lock(dead())
    status, out, error = world.run("unlock", "--stack", "dev")
    assert (status, error) == (0, "")
    assert "auto-scaling group begun, begun by an update that was killed, is in no state: deleted" in out
    assert groups(world) == {"recorded", "another project's"}


def test_so_it_is_by_the_next_deploy_where_the_lock_was_removed_by_other_means(world, killed) -> None:
    world.lock(dead()).unlink()
    world.build("3", "content of 3")
    status, out, _ = world.run("deploy", "3", "--stack", "dev", "--yes", "--keep")
    assert status == 1
    assert "auto-scaling group begun, " in out
    assert groups(world) == {"recorded", "another project's"}


def test_nothing_is_deleted_while_somebody_may_be_making_it(world, killed) -> None:
    world.lock(os.getpid())
    world.build("3", "content of 3")
    world.run("deploy", "3", "--stack", "dev", "--yes", "--keep")
    assert groups(world) == {"begun", "recorded", "another project's"}
