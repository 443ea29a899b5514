from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import asyncssh
import boto3
import pytest
from moto import mock_aws

from release.doctor import host, leftovers
from release.doctor.leftovers import Lease, Lock, Parts

TAGS = [
    {"Key": "uneventful:environment", "Value": "dev"},
    {"Key": "uneventful:project", "Value": "shop"},
    {"Key": "uneventful:release", "Value": "0123abcd"},
]


def test_a_dead_lock_is_to_be_removed_and_a_living_one_to_be_waited_for() -> None:
    dead, alive = Lock("process 7 of anna on here", dead=True), Lock("process 8 of ben on there", dead=False)

    assert leftovers.locks([], "dev").level == "ok"
    assert leftovers.locks([dead], "dev").next == "release unlock --stack dev"
    assert leftovers.locks([dead, alive], "dev").level == "warn"


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (None, "ok"),
        (Lease("given back", alive=False, released=True), "ok"),
        (Lease("anna holds it", alive=True, released=False), "warn"),
        (Lease("anna is silent", alive=False, released=False), "bad"),
        (Lease("given back", alive=False, released=True, pinned="0123abcd"), "bad"),
    ],
)
def test_a_lease_of_the_dead_and_an_unrecorded_rollback_are_bad(seen: Lease | None, level: str) -> None:
    assert leftovers.lease(seen, "dev").level == level


def test_a_fleet_on_trial_is_told_unless_an_update_runs() -> None:
    assert leftovers.candidates(["3 (0123abcd)"], busy=False, stack="dev").level == "warn"
    assert leftovers.candidates(["3 (0123abcd)"], busy=True, stack="dev").level == "ok"
    assert leftovers.candidates([], busy=False, stack="dev").level == "ok"


@mock_aws
def test_parts_of_no_release_are_found_and_what_is_somebody_elses_is_not() -> None:
    ec2, elb = boto3.client("ec2", "eu-west-1"), boto3.client("elbv2", "eu-west-1")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    balancer = elb.create_load_balancer(Name="balancer", Subnets=subnets)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    refuse: Any = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    listener = elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=refuse)[
        "Listeners"
    ][0]["ListenerArn"]

    def group(name: str, tags: Any) -> str:
        made = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, Tags=tags)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def rule(priority: int, tags: Any) -> str:
        made = elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}"]}],
            Actions=refuse,
            **({"Tags": tags} if tags else {}),
        )
        return str(made["Rules"][0]["RuleArn"])

    known, left = group("web-known", TAGS), group("web-left", TAGS)
    others = [{"Key": "uneventful:environment", "Value": "staging"}]
    group("web-theirs", others)
    left_rule = rule(100, TAGS)
    rule(200, None)
    rule(40000, None)

    found = leftovers.look(lambda name: boto3.client(name, "eu-west-1"), listener, "dev", "shop")  # type: ignore[call-overload]

    assert found == Parts(frozenset({known, left}), frozenset({left_rule}), frozenset())
    state = Parts(frozenset({known}), frozenset(), frozenset())
    finding = leftovers.orphans(found, state, busy=False, stack="dev")
    assert finding.level == "warn"
    assert "web-left" in finding.seen
    assert "web-known" not in finding.seen
    assert leftovers.orphans(found, state, busy=True, stack="dev").level == "ok"
    assert leftovers.orphans(found, found, busy=False, stack="dev").level == "ok"


@pytest.fixture
def server() -> Iterator[tuple[int, str]]:
    """An SSH server's port, and the key that it proves itself by."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    ready, ports = threading.Event(), list[int]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        listening = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key])
        ports.append(listening.get_port())
        ready.set()

    serving = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield ports[0], key.export_public_key("openssh").decode()
    loop.call_soon_threadsafe(serving.cancel)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


def test_a_host_with_another_key_than_the_pinned_one_is_bad(server: tuple[int, str]) -> None:
    port, key = server
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()

    seen = host.look("127.0.0.1", port)

    assert host.operations(seen, key, f"127.0.0.1:{port}", "dev").level == "ok"
    assert host.operations(seen, stranger, f"127.0.0.1:{port}", "dev").level == "bad"
    assert host.operations("", key, f"127.0.0.1:{port}", "dev").level == "bad"
