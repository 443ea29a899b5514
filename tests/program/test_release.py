"""What the program declares for each kind of update: nothing yet, a first release, the next one, a way back."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from release.model import Process
from tests.program.recording import (
    BUCKET,
    Recording,
    World,
    live_after,
    manifest,
    release,
    run,
)

V1, V2, V3 = release("1"), release("2"), release("3")
PUBLISHED = (V1.manifest, V2.manifest, V3.manifest)
AFTER_V2 = live_after(V1, V2)


def wanting(version: str, **world: Any) -> World:
    return World(published=PUBLISHED, changes={"uneventful:release": version}, **world)


def fleets(recording: Recording) -> set[str]:
    return {fleet.name.removeprefix("fleet-") for fleet in recording.of("release:Fleet")}


def states(recording: Recording) -> dict[str, str]:
    return {entry["release"]["version"]: entry["state"] for entry in recording.outputs["ledger"]["entries"]}


def plan(recording: Recording) -> str:
    return next(text for level, text in recording.said if level == "INFO")


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Recording:
    return run(wanting("1"), monkeypatch)


# --- nothing to release ---


@pytest.mark.parametrize("preview", [True, False])
def test_a_fresh_stack_gets_its_environment_and_no_release(
    preview: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = run(World(environment_is_there=False, preview=preview), monkeypatch)
    assert recording.exit_status == 0
    assert "nothing to release" in plan(recording)
    assert fleets(recording) == set()
    assert recording.of("TrafficShift") == []
    assert recording.of("lb/loadBalancer:LoadBalancer")
    assert recording.outputs["live"] == {}
    assert recording.outputs["ledger"]["entries"] == []


def test_a_version_that_is_wanted_before_there_is_a_bucket_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting("1", environment_is_there=False), monkeypatch)
    assert recording.resources == []
    assert recording.exit_status == 32
    assert "no bundle bucket" in recording.errors
    assert "release deploy 1 --stack dev" in recording.errors


def test_a_version_that_was_never_published_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(wanting("9"), monkeypatch)
    assert recording.resources == []
    assert "'9'" in recording.errors
    assert "Traceback" not in recording.errors


def test_with_no_release_named_what_is_live_stays_and_so_does_what_is_warm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World(ledger=AFTER_V2), monkeypatch)
    assert "nothing to release" in plan(recording)
    assert fleets(recording) == {V1.id, V2.id}
    assert recording.one("TrafficShift").inputs["release"] == V2.id
    assert recording.outputs["ledger"] == AFTER_V2.dump()


def test_changed_variables_do_not_move_a_release_that_nobody_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World(ledger=AFTER_V2, changes={"uneventful:variables": {"GREETING": "hi"}}), monkeypatch)
    assert recording.one("TrafficShift").inputs["release"] == V2.id


def test_a_shorter_window_lets_the_warm_release_go_without_moving_traffic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World(ledger=AFTER_V2, changes={"uneventful:window": 0}), monkeypatch)
    assert fleets(recording) == {V2.id}
    assert states(recording) == {"1": "retired", "2": "live"}


# --- releases ---


def test_the_plan_is_the_first_thing_that_is_shown(first: Recording) -> None:
    assert first.order[0] == "said"
    assert plan(first).startswith("plan: first release, version 1")


def test_the_first_release_takes_all_the_traffic_once_its_gate_is_passed(first: Recording) -> None:
    shift = first.one("TrafficShift", "traffic")
    assert ("uneventful:index:HealthGate", f"gate-{V1.id}") in shift.after
    assert shift.inputs["targetGroupArn"] == f"arn:aws:made:::web-{V1.id}"
    assert shift.inputs["priority"] == 40000
    assert shift.inputs["leaseBucket"] == BUCKET
    assert states(first) == {"1": "live"}
    assert first.outputs["live"] == {"id": V1.id, "version": "1"}


def test_the_next_release_has_a_fleet_beside_the_live_one_and_the_older_one_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(wanting("3", ledger=AFTER_V2), monkeypatch)
    assert fleets(recording) == {V2.id, V3.id}
    assert recording.one("TrafficShift").inputs["release"] == V3.id
    assert states(recording) == {"1": "retired", "2": "warm", "3": "live"}
    assert f"leaves:        {V1}" in plan(recording)


def test_after_a_refused_release_an_update_that_names_none_keeps_the_fleets_that_were_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = {V1.id: 101, V2.id: 102, V3.id: 103}
    before = run(World(ledger=AFTER_V2), monkeypatch)
    after = run(World(ledger=AFTER_V2, priorities=refused), monkeypatch)
    assert fleets(after) == fleets(before) == {V1.id, V2.id}
    assert after.one("TrafficShift").inputs == before.one("TrafficShift").inputs


def test_going_back_to_the_warm_release_makes_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World(ledger=AFTER_V2, changes={"uneventful:release": f"id:{V1.id}"}), monkeypatch)
    assert recording.exit_status == 0
    assert fleets(recording) == {V1.id, V2.id}
    assert recording.one("TrafficShift").inputs["release"] == V1.id
    assert states(recording) == {"2": "warm", "1": "live"}


def test_an_old_checkout_that_names_an_old_version_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(wanting("1", ledger=AFTER_V2), monkeypatch)
    assert recording.resources == []
    assert "would go back" in recording.errors


def test_other_variables_are_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"uneventful:release": "2", "uneventful:variables": {"GREETING": "hi"}}
    recording = run(World(published=PUBLISHED, ledger=AFTER_V2, changes=changes), monkeypatch)
    other = release("2", GREETING="hi")
    assert fleets(recording) == {V2.id, other.id}
    assert recording.one("TrafficShift").inputs["release"] == other.id


@pytest.mark.parametrize("stack", ["dev", "staging", "production"])
def test_the_same_update_is_the_same_resources_and_steps_in_each_environment(
    stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    way_out = {"uneventful:network": {"nat": "each"}, "uneventful:release": "3"}
    world = World(stack=stack, published=PUBLISHED, ledger=AFTER_V2, changes=way_out)
    production = World(stack="production", published=PUBLISHED, ledger=AFTER_V2, changes=way_out)
    assert run(world, monkeypatch).shape == run(production, monkeypatch).shape


# --- fleets ---


def test_a_fleet_goes_to_the_provider_that_guards_the_account(first: Recording) -> None:
    aws = [resource for resource in first.resources if resource.type.startswith("aws:")]
    assert {resource.provider for resource in aws} == {"aws"}


def test_a_target_group_has_its_rule_before_it_has_instances_and_the_gate_comes_last(
    first: Recording,
) -> None:
    group = first.one("autoscaling/group:Group")
    rule = first.one("lb/listenerRule:ListenerRule")
    gate = first.one("HealthGate")
    assert rule.key in group.after
    assert {rule.key, group.key} <= gate.after


def test_instances_outlive_no_part_of_the_environment(first: Recording) -> None:
    after = {kind for kind, _ in first.one("autoscaling/group:Group").after}
    assert {
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
    } <= after


def test_a_release_is_tried_by_a_header_that_only_the_environment_knows(first: Recording) -> None:
    rule = first.one("lb/listenerRule:ListenerRule")
    key = first.outputs["probeKey"]
    assert "probeKey" in first.secret_outputs
    assert len(key) == 32
    header = rule.inputs["conditions"][0]["httpHeader"]
    assert header == {"httpHeaderName": first.outputs["headerName"], "values": [f"{V1.id}.{key}"]}
    assert "conditions" in rule.secret
    assert first.one("HealthGate").inputs["headerValue"] == f"{V1.id}.{key}"
    assert "headerValue" in first.one("HealthGate").secret


def test_the_key_is_made_once_and_then_kept(first: Recording) -> None:
    stash = first.one("pulumi:index:Stash")
    assert stash.ignored == ("input",)
    assert stash.secret == {"input"}


def test_a_rule_keeps_its_number_when_the_state_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World(ledger=AFTER_V2, priorities={V1.id: 4711, V2.id: 4712}), monkeypatch)
    numbers = {r.name: r.inputs["priority"] for r in recording.of("lb/listenerRule:ListenerRule")}
    assert numbers == {f"header-{V1.id}": 4711, f"header-{V2.id}": 4712}


def test_metadata_is_answered_to_sessions_alone(first: Recording) -> None:
    assert first.one("LaunchTemplate").inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_a_fleet_is_not_edited_by_a_newer_image_or_program(first: Recording) -> None:
    assert set(first.one("LaunchTemplate").ignored) == {"imageId", "userData"}
    assert first.one("LaunchTemplate").inputs["imageId"] == "ami-0123456789abcdef0"


def test_a_gate_that_was_passed_is_not_asked_again_because_a_setting_changed(first: Recording) -> None:
    assert set(first.one("HealthGate").ignored) == {"healthy", "probes", "deadline"}


def test_the_program_does_not_fight_a_scaler(first: Recording) -> None:
    group = first.one("autoscaling/group:Group")
    assert "desiredCapacity" not in group.inputs
    assert (group.inputs["minSize"], group.inputs["maxSize"]) == (2, 4)


def test_a_group_is_drained_when_it_goes(first: Recording) -> None:
    group = first.one("autoscaling/group:Group").inputs
    assert "forceDelete" not in group
    assert group["healthCheckType"] == "ELB"
    assert group["waitForCapacityTimeout"] == "0"


def test_instances_say_whose_they_are(first: Recording) -> None:
    tags = {tag["key"]: tag["value"] for tag in first.one("autoscaling/group:Group").inputs["tags"]}
    assert tags == {
        "Name": f"dev-web-{V1.id}",
        "uneventful:environment": "dev",
        "uneventful:release": V1.id,
        "uneventful:version": "1",
        "uneventful:process": "web",
    }


def test_instances_are_public_only_where_there_is_no_other_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for nat, kind in (("none", "public"), ("one", "private"), ("each", "private")):
        world = wanting("1")
        changes = {**world.changes, "uneventful:network": {"nat": nat}}
        recording = run(World(published=PUBLISHED, changes=changes), monkeypatch)
        subnets = recording.one("autoscaling/group:Group").inputs["vpcZoneIdentifiers"]
        assert subnets == [f"{kind}-1-id", f"{kind}-2-id"]


def test_user_data_is_small_and_holds_neither_key_nor_other_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processes = (
        Process(name="web", command="serve --port $PORT"),
        Process(name="mailer", command="consume mails"),
    )
    published = (manifest("1", processes=processes),)
    recording = run(World(published=published, changes={"uneventful:release": "1"}), monkeypatch)
    template = recording.one("LaunchTemplate")
    text = base64.b64decode(template.inputs["userData"]).decode()
    assert len(text) < 16384
    assert "userData" not in template.secret
    assert recording.outputs["probeKey"] not in text
    assert f"s3://{BUCKET}/bundles/{published[0].digest}.tar.gz" in text
    assert "uneventful-web.service" in text
    assert "mailer" not in text


def test_too_long_variables_are_refused_before_the_first_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"uneventful:release": "1", "uneventful:variables": {"BIG": "x" * 20000}}
    recording = run(World(published=PUBLISHED, changes=changes), monkeypatch)
    assert recording.exit_status == 32
    assert "at most 16384 bytes" in recording.errors
    assert recording.resources == []


def test_the_shift_is_told_the_settings_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    production = run(
        World("production", published=PUBLISHED, changes={"uneventful:release": "1"}), monkeypatch
    ).one("TrafficShift")
    assert production.inputs["steps"] == [1, 5, 25, 50, 100]
    assert production.inputs["observe"] >= 120
    assert production.inputs["url"] == "http://balancer.example.com/healthz"


def test_the_outputs_have_all_that_the_command_line_needs(first: Recording) -> None:
    assert set(first.outputs) == {
        "url",
        "dnsName",
        "bundleBucket",
        "listenerArn",
        "live",
        "ledger",
        "fleets",
        "headerName",
        "probeKey",
    }
    assert first.outputs["fleets"] == {
        V1.id: {
            "targetGroupArn": f"arn:aws:made:::web-{V1.id}",
            "autoScalingGroup": f"web-{V1.id}-group",
            "rule": f"arn:aws:made:::header-{V1.id}",
        }
    }
    assert first.secret_outputs == {"probeKey"}
