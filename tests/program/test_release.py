"""What the program declares for each kind of update: nothing yet, a first release, the next one, a way back."""

from __future__ import annotations

import base64
import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from release.ledger import Ledger, contracted
from release.model import Manifest, Migration, Process, freeze
from tests.program.recording import (
    BUCKET,
    Recording,
    Registered,
    World,
    live_after,
    manifest,
    release,
    run,
)

V1, V2, V3 = release("1"), release("2"), release("3")
PUBLISHED = (V1.manifest, V2.manifest, V3.manifest)
NOISE = b64encode(Random(1).randbytes(15000)).decode()
"""20,000 characters that packing hardly shortens."""
AFTER_V2 = live_after(V1, V2)


def wanting(version: str, secrets: str = "", **world: Any) -> World:
    changes = {"uneventful:release": version, **({"uneventful:secrets": secrets} if secrets else {})}
    return World(published=PUBLISHED, changes=changes, **world)


def fleets(recording: Recording) -> set[str]:
    return {fleet.name.removeprefix("fleet-") for fleet in recording.of("release:Fleet")}


def states(recording: Recording) -> dict[str, str]:
    return {entry["release"]["version"]: entry["state"] for entry in recording.outputs["ledger"]["entries"]}


def plan(recording: Recording) -> str:
    return next(text for level, text in recording.said if level == "INFO")


def with_workers(version: str, *names: str) -> Manifest:
    processes = (
        Process(name="web", command="serve --port $PORT"),
        *(Process(name=name, command="take") for name in names),
    )
    return manifest(version, processes=processes)


W1, W2 = freeze(with_workers("1", "worker"), {}), freeze(with_workers("2", "worker", "mailer"), {})


def told(template: Registered) -> str:
    return gzip.decompress(base64.b64decode(template.inputs["userData"])).decode()


def sizes(recording: Recording) -> dict[str, tuple[int, int]]:
    return {
        group.name: (group.inputs["minSize"], group.inputs["maxSize"])
        for group in recording.of("autoscaling/group:Group")
    }


@pytest.fixture(scope="module")
def first() -> Iterator[Recording]:
    with pytest.MonkeyPatch.context() as patch:
        yield run(wanting("1"), patch)


@pytest.fixture(scope="module")
def second() -> Iterator[Recording]:
    """The release of a second version, where both have workers."""
    changes = {
        "uneventful:release": "2",
        "uneventful:workers": {"worker": {"min": 2, "max": 6, "backlog": 50}},
        "uneventful:rollout": {"limits": {"alarms": ["somebodys-own"]}},
    }
    with pytest.MonkeyPatch.context() as patch:
        yield run(World(published=(W2.manifest,), ledger=live_after(W1), changes=changes), patch)


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
    stash = first.one("pulumi:index:Stash", "probe-key")
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


def test_only_a_worker_may_know_its_tags(second: Recording) -> None:
    options = {t.name: t.inputs["metadataOptions"] for t in second.of("LaunchTemplate")}
    knowing = {name for name, each in options.items() if each.get("instanceMetadataTags") == "enabled"}
    assert knowing == {name for name in options if not name.startswith("web-")} != set()


def test_a_fleet_is_not_edited_by_a_newer_image_or_program(first: Recording) -> None:
    assert set(first.one("LaunchTemplate").ignored) == {"imageId", "userData", "metadataOptions"}
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


def test_too_long_variables_are_refused_before_the_first_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"uneventful:release": "1", "uneventful:variables": {"BIG": NOISE}}
    recording = run(World(published=PUBLISHED, changes=changes), monkeypatch)
    assert recording.exit_status == 32
    assert "at most 16384 bytes" in recording.errors
    assert recording.resources == []


def test_an_environment_that_outgrows_what_a_live_release_can_be_told_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    big = release("1", BIG=NOISE[:13500])
    queues: dict[str, dict[str, Any]] = {f"queue-{number}": {} for number in range(100)}
    recording = run(World(ledger=live_after(big), changes={"uneventful:queues": queues}), monkeypatch)
    assert recording.exit_status == 32
    assert f"{big} cannot boot" in recording.errors
    assert "Traceback" not in recording.errors
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
        "workers",
        "logGroups",
        "schedules",
        "scheduleGroup",
        "queues",
        "operations",
        "operationsHost",
        "operationsLogGroup",
        "variablesSecret",
    }
    assert first.outputs["fleets"] == {
        V1.id: {
            "targetGroupArn": f"arn:aws:made:::web-{V1.id}",
            "autoScalingGroup": f"web-{V1.id}-group",
            "rule": f"arn:aws:made:::header-{V1.id}",
        }
    }
    assert first.secret_outputs == {"probeKey", "operations"}


# --- what instances are told ---


def test_user_data_is_small_and_about_one_process_alone(second: Recording) -> None:
    templates = {
        template.name: told(template)
        for template in second.of("LaunchTemplate")
        if template.name.endswith(W2.id)
    }
    assert set(templates) == {f"web-{W2.id}", f"worker-{W2.id}", f"mailer-{W2.id}"}
    for name, text in templates.items():
        process = name.removesuffix(f"-{W2.id}")
        others = {"web", "worker", "mailer"} - {process}
        assert len(gzip.compress(text.encode())) < 8000
        assert f"s3://{BUCKET}/bundles/{W2.manifest.digest}.tar.gz" in text
        assert f"uneventful-{process}.service" in text
        assert not any(f"uneventful-{other}.service" in text for other in others)
        assert f'"log_group_name": "log-{process}"' in text


def test_user_data_names_secrets_and_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = "0123abcd-0123-0123-0123-0123456789ab"
    recording = run(wanting("1", secrets=frozen), monkeypatch)
    one = freeze(V1.manifest, {}, frozen)
    template = recording.one("LaunchTemplate", f"web-{one.id}")
    assert "userData" not in template.secret
    text = told(template)
    assert all(
        each in text for each in (f"made:::login-{one.id}", "made:::cache-token", "made:::variables", frozen)
    )
    stashes = [stash.inputs["input"] for stash in recording.of("pulumi:index:Stash") if stash.secret]
    assert len(stashes) >= 4
    assert not any(isinstance(value, str) and value in text for value in stashes)


def test_without_secret_variables_none_are_asked_for(first: Recording) -> None:
    text = told(first.one("LaunchTemplate"))
    assert "made:::variables" not in text
    assert '"DATABASE_HOST": "database.example.com"' in text
    assert '"QUEUE_JOBS_URL": "' in text


def test_other_secrets_are_another_release(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(wanting("2", ledger=AFTER_V2, secrets="0123abcd" * 4), monkeypatch)
    other = freeze(V2.manifest, {}, "0123abcd" * 4)
    assert fleets(recording) == {V2.id, other.id}


# --- workers ---


def test_the_new_releases_workers_boot_before_the_shift_and_the_formers_rest_after_the_handover(
    second: Recording,
) -> None:
    found = sizes(second)
    assert found[f"worker-{W2.id}"] == (2, 6)
    assert found[f"mailer-{W2.id}"] == (1, 4)
    assert found[f"worker-{W1.id}"] == (2, 2), "the way back boots none"
    shift, handover = second.one("TrafficShift"), second.one("Handover")
    own = {f"worker-{W2.id}", f"mailer-{W2.id}"}
    assert own <= {name for kind, name in shift.after if kind == "aws:autoscaling/group:Group"}
    assert shift.key not in second.one("autoscaling/group:Group", f"worker-{W2.id}").after
    assert handover.key in second.one("autoscaling/group:Group", f"worker-{W1.id}").after
    assert shift.key in handover.after
    workers = {"worker": f"worker-{W2.id}-group", "mailer": f"mailer-{W2.id}-group"}
    assert handover.inputs["workers"] == workers
    assert handover.inputs["resting"] == {W1.id: {"worker": f"worker-{W1.id}-group"}}
    assert [queue["name"] for queue in handover.inputs["queues"]] == ["jobs"]
    for each in (shift, handover):
        assert each.inputs["formerRelease"] == W1.id
        assert each.inputs["formerTargetGroupArn"].endswith(f"/{W1.id}/1")


def test_the_ledger_follows_the_handover_and_says_how_long_the_release_was_baked(second: Recording) -> None:
    [*_, live] = second.outputs["ledger"]["entries"]
    assert (live["baked"], live["observed"]) == (5, "baked")
    assert second.one("Handover").inputs["bake"] == 5


def test_workers_of_yesterdays_program_that_cannot_rest_leave_as_they_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    yesterday = World(
        published=(W2.manifest,), ledger=live_after(W1), changes={"uneventful:release": "2"}, obedient=False
    )
    recording = run(yesterday, monkeypatch)
    assert sizes(recording)[f"worker-{W1.id}"] == (0, 0)
    assert recording.one("Handover").inputs["resting"] == {}
    assert set(recording.one("Handover").inputs["workers"]) == {"worker", "mailer"}
    back = World(ledger=live_after(W1, W2), changes={"uneventful:release": f"id:{W1.id}"}, obedient=False)
    assert recording_of_workers(run(back, monkeypatch)) == ({}, {})


def test_workers_begin_before_the_traffic_moves_where_the_settings_say_so(
    second: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert second.one("TrafficShift").inputs["workers"] == {}
    changes = {"uneventful:release": "2", "uneventful:rollout": {"workers": "before", "handover": 33}}
    before = run(World(published=(W2.manifest,), ledger=live_after(W1), changes=changes), monkeypatch)
    told = before.one("TrafficShift").inputs
    assert told["workers"] == {"worker": f"worker-{W2.id}-group", "mailer": f"mailer-{W2.id}-group"}
    assert told["resting"] == {W1.id: {"worker": f"worker-{W1.id}-group"}}
    assert told["deadline"] == 33


def recording_of_workers(recording: Recording) -> tuple[Any, Any]:
    handover = recording.one("Handover")
    return handover.inputs["workers"], handover.inputs["resting"]


def test_the_plan_says_what_workers_do(second: Recording) -> None:
    assert "2 worker processes (worker, mailer) boot with it and rest until the traffic has moved" in plan(
        second
    )
    assert f"those of {W1} then finish what they hold, and rest" in plan(second)


def test_workers_come_back_with_their_release(monkeypatch: pytest.MonkeyPatch) -> None:
    back = World(ledger=live_after(W1, W2), changes={"uneventful:release": f"id:{W1.id}"})
    recording = run(back, monkeypatch)
    assert sizes(recording)[f"worker-{W1.id}"] == (1, 2)
    assert sizes(recording)[f"worker-{W2.id}"] == (1, 1)
    assert sizes(recording)[f"mailer-{W2.id}"] == (1, 1)
    assert "1 worker process (worker) rests until the traffic has moved" in plan(recording)


def test_a_release_that_becomes_warm_changes_nothing_but_how_its_instances_may_grow_fewer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_w1(recording: Recording) -> dict[tuple[str, str], Any]:
        named = [each for each in recording.resources if each.name.endswith(W1.id)]
        # Each run of the program under mocks makes another key for the header rules, and keeps none.
        rest = {each.key: set(each.ignored) | each.secret for each in named}
        return {each.key: {k: v for k, v in each.inputs.items() if k not in rest[each.key]} for each in named}

    live = of_w1(run(World(ledger=live_after(W1)), monkeypatch))
    warm = of_w1(run(World(ledger=live_after(W1, W2)), monkeypatch))
    assert live.keys() == warm.keys()
    group = ("aws:autoscaling/group:Group", f"worker-{W1.id}")
    changed = {(key, name) for key in live for name in live[key] if live[key][name] != warm[key].get(name)}
    policy = ("aws:autoscaling/policy:Policy", f"web-{W1.id}")
    assert changed == {(group, "maxSize"), (policy, "targetTrackingConfiguration")}


def test_every_instance_waits_for_the_migration_of_its_release(second: Recording) -> None:
    for group in second.of("autoscaling/group:Group"):
        release_id = group.name.rpartition("-")[2]
        assert ("command:remote:Command", f"migrate-{release_id}") in group.after


# --- scaling, logs and alarms ---


def test_web_scales_with_requests_and_workers_with_what_waits_for_each(second: Recording) -> None:
    web = second.one("autoscaling/policy:Policy", f"web-{W2.id}").inputs["targetTrackingConfiguration"]
    assert web["predefinedMetricSpecification"] == {
        "predefinedMetricType": "ALBRequestCountPerTarget",
        "resourceLabel": f"app/name/1/targetgroup/web-{W2.id}/1",
    }
    worker = second.one("autoscaling/policy:Policy", f"worker-{W2.id}").inputs["targetTrackingConfiguration"]
    assert worker["targetValue"] == 50
    metrics = worker["customizedMetricSpecification"]["metrics"]
    assert [(each["id"], each["returnData"]) for each in metrics] == [
        ("waiting", False),
        ("serving", False),
        ("backlog", True),
    ]
    assert metrics[2]["expression"] == "waiting / serving"
    group = second.one("autoscaling/group:Group", f"worker-{W2.id}")
    assert group.inputs["enabledMetrics"] == ["GroupInServiceInstances"]
    assert "desiredCapacity" not in group.inputs


def test_a_process_has_one_log_group_whichever_release_runs_it(second: Recording) -> None:
    groups = {group.name: group.inputs for group in second.of("cloudwatch/logGroup:LogGroup")}
    assert {"log-web", "log-worker", "log-mailer"} <= set(groups)
    assert groups["log-worker"]["namePrefix"] == "/uneventful/dev/worker-"
    assert groups["log-worker"]["retentionInDays"] == 7
    assert set(second.outputs["logGroups"]) == {"web", "worker", "mailer"}


def test_a_log_group_outlasts_the_last_release_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World(ledger=live_after(W2, V1, V3)), monkeypatch)
    assert recording.one("cloudwatch/logGroup:LogGroup", "log-mailer")


def test_a_shift_watches_the_environments_alarms_the_releases_own_and_those_of_the_settings(
    second: Recording,
) -> None:
    watched = second.one("TrafficShift").inputs["alarms"]
    own = {f"errors-{W2.id}", f"unhealthy-{W2.id}"}
    assert {*own, "somebodys-own", "balancer-5xx"} <= set(watched)
    assert not any(W1.id in name for name in watched)
    gate = second.one("HealthGate", f"gate-{W2.id}")
    for name in own:
        alarm = second.one("cloudwatch/metricAlarm:MetricAlarm", name)
        # What a release answered while it booted must not ring when its traffic begins.
        assert gate.key in alarm.after
        assert alarm.inputs["dimensions"] == {
            "LoadBalancer": "app/name/1",
            "TargetGroup": f"targetgroup/web-{W2.id}/1",
        }


# --- contracts ---


def manifest_with(version: str, revisions: str) -> Manifest:
    """The revisions are expands; one that ends with a c is a contract."""
    migrations = tuple(
        Migration(
            revision=each.rstrip("c"),
            kind="contract" if each.endswith("c") else "expand",
            checksum=f"{each.rstrip('c'):0>64}",
        )
        for each in revisions.split()
    )
    return manifest(version, migrations=migrations)


OLD = manifest_with("1", "0001")
NEW = manifest_with("2", "0001 0002 0003c")
C1, C2 = freeze(OLD, {}), freeze(NEW, {})
ALONE = live_after(C1, C2, window=0)


def contracting(ledger: Ledger, wanted: str = C2.id) -> World:
    return World(ledger=ledger, changes={"uneventful:contract": wanted})


def test_a_contract_fences_those_who_lack_it_and_is_in_the_ledger_with_its_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(contracting(ALONE), monkeypatch)
    assert recording.exit_status == 0, recording.errors
    command = recording.one("remote:Command", f"contract-{C2.id}")
    told = json.loads(command.inputs["stdin"])
    assert (told["do"], told["revisions"]) == ("contract", ["0003"])
    assert (told["fence"], told["keep"]) == ([C1.id], [C2.id])
    assert told["digest"] == NEW.digest
    assert "login" not in told
    assert ("uneventful:index:Handover", "handover") in command.after
    [contract] = recording.outputs["ledger"]["contracts"]
    assert (contract["revision"], contract["release"]) == ("0003", C2.id)
    assert contract["at"].endswith("Z")
    assert f"this ends the way back to {C1}" in plan(recording)


def test_after_a_contract_an_update_declares_the_same_and_looks_at_none_of_its_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = run(contracting(ALONE), monkeypatch)
    after = Ledger.parse(first.outputs["ledger"])
    plain = run(World(ledger=after), monkeypatch)
    assert plain.shape == first.shape
    command = plain.one("remote:Command", f"contract-{C2.id}")
    assert set(command.inputs) <= set(command.ignored)
    assert plain.outputs["ledger"] == after.dump()


@pytest.mark.parametrize(
    ("ledger", "wanted", "said"),
    [
        (live_after(C1, C2), C2.id, "still needs what 0003 takes away"),
        (ALONE, C1.id, "not what is live"),
        (live_after(C1), C1.id, "nothing is left to contract"),
        (Ledger(), C1.id, "not what is live"),
    ],
)
def test_a_contract_that_may_not_be_is_refused_before_the_first_resource(
    ledger: Ledger, wanted: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = run(contracting(ledger, wanted), monkeypatch)
    assert recording.exit_status == 32
    assert said in recording.errors
    assert recording.resources == []


def test_a_release_that_a_contract_has_overtaken_is_refused_before_the_first_resource(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    after = contracted(ALONE, C2.id, ["0003"], "2026-02-01T00:00:00Z")
    recording = run(World(ledger=after, changes={"uneventful:release": f"id:{C1.id}"}), monkeypatch)
    assert recording.exit_status == 32
    assert "contract 0003, applied by version 2" in recording.errors
    assert recording.resources == []


def test_a_new_release_is_migrated_before_it_boots_and_an_old_one_is_not_on_the_way_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def revisions(recording: Recording) -> list[str]:
        command = recording.one("remote:Command", f"migrate-{C2.id}")
        return list(json.loads(command.inputs["stdin"])["revisions"])

    forward = World(published=(NEW,), ledger=live_after(C1), changes={"uneventful:release": "2"})
    assert revisions(run(forward, monkeypatch)) == ["0001", "0002"]
    again = World(ledger=live_after(C1, C2, C1), changes={"uneventful:release": f"id:{C2.id}"})
    recording = run(again, monkeypatch)
    assert revisions(recording) == []
    assert "no migration runs" in plan(recording)
