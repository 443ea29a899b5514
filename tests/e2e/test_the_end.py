"""The end: nothing here measures, so other tests may run beside it. What was done by hand is found, what stays must
stay, and what is left must be nothing.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.e2e.customer import Customer
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.engine]


def test_all_that_was_released_left_nothing_to_change(stage: Stage) -> None:
    stage.finds_nothing_to_change()
    stage.finds_no_drift()


def test_what_was_changed_behind_pulumis_back_is_reported_by_name_and_mended(stage: Stage) -> None:
    elb, rule = stage.elb(), stage.main_rule()
    live = stage.weights(elb, rule["RuleArn"])
    now = stage.status()
    (serving,), (warm,) = now.of("live"), now.of("warm")
    other = stage.world.outputs()["fleets"][warm.id]["targetGroupArn"]
    group = stage.resource("aws:autoscaling/group:Group", f"web-{serving.id}")
    ingress = stage.resource(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "database-from-instances"
    )
    groups = [
        {"TargetGroupArn": live.groups[0][1], "Weight": 60},
        {"TargetGroupArn": other, "Weight": 40},
    ]
    elb.modify_rule(
        RuleArn=rule["RuleArn"],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )
    stage.aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=group["name"], MaxSize=9)
    stage.aws("ec2").revoke_security_group_ingress(
        GroupId=ingress["securityGroupId"], SecurityGroupRuleIds=[ingress["securityGroupRuleId"]]
    )
    drift = stage.run("pulumi", "refresh", "--stack", "dev", "--non-interactive", "--preview-only", "--diff")
    for name in ("TrafficShift", "weights", f"web-{serving.id}", "maxSize", "database-from-instances"):
        assert name in drift.output
    # Weights by hand are seen by any update; what is the AWS provider's, by one that is told to look.
    assert "TrafficShift" in stage.update()
    after = stage.weights(elb, rule["RuleArn"])
    assert [arn for weight, arn in after.groups if weight] == [live.groups[0][1]]
    stage.update("--skip-preview", "--refresh")
    stage.finds_no_drift()
    stage.finds_nothing_to_change()


def test_a_cloud_that_was_down_goes_on_with_what_it_held(stage: Stage) -> None:
    url, live = stage.url, stage.live()
    grace = Customer(url, "grace")
    grace.log_in()
    order = grace.order("tea")
    stage.done("localcloud", "down")
    stage.done("localcloud", "up")
    stage.until(lambda: stage.answers(url), lambda answers: answers, 60)
    assert stage.live() == live
    assert grace.who_am_i() == "grace"
    assert grace.find(order["id"]) == order
    stage.finds_nothing_to_change()


def test_each_stack_is_previewed_on_a_local_cloud_of_its_own_whatever_happens_to_another(
    stage: Stage,
) -> None:
    argv = (sys.executable, "-m", "setup", "preview")
    with stage.started(*argv) as previews:
        assert previews.stdout is not None
        told = ""
        while not (found := _previewed("dev", told)):
            line = previews.stdout.readline()
            assert line, told
            told += line
        assert re.fullmatch(r"dev: \d+ unchanged", found), (
            "all of it was changed or gone since the cloud was down"
        )
        # The others are previewed while this one goes, which is mostly waiting.
        stage.done("pulumi", "destroy", "--yes", "--stack", "dev", "--non-interactive")
        told += previews.communicate(timeout=200)[0]
    stage.keep(argv, told)
    assert previews.returncode == 0, told
    for name in ("staging", "production"):
        assert re.fullmatch(rf"{name}: \d+ to create", _previewed(name, told)), told


def test_down_leaves_no_process_and_no_port(stage: Stage, home: Path) -> None:
    stage.done("localcloud", "down", "--all", "--forget")
    assert _marked(home) == []


def _previewed(stack: str, told: str) -> str:
    """What was said of a stack's resources; nothing as long as nothing was."""
    said = re.search(rf"({stack}: .*); pulumi preview took", told)
    return said[1] if said else ""


def _marked(home: Path) -> list[str]:
    """The processes that carry this cloud's marker."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = entry.read_bytes()
        except OSError:
            continue
        if f"UNEVENTFUL_CLOUD={home}".encode() in environment:
            found.append(entry.parent.name)
    return found
