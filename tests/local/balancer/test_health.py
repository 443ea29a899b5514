"""Target health: initial, healthy after one check, unhealthy after the threshold, with the reason in AWS's words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from localcloud.balancer.health import Host, hosts, verdict
from localcloud.parts import TargetHealth


async def test_a_target_that_still_boots_is_initial_and_healthy_after_one_passing_check(stage, backend):
    stage.check = replace(stage.check, interval=5, healthy=5, unhealthy=2)
    one = await backend("one")
    await one.kill()
    group = stage.group("a", one)
    await stage.apply(stage.state((group,), (1,)))
    at = (one.address, one.port)
    assert stage.balancer.health(group.arn)[at].reason == "Elb.InitialHealthChecking"
    assert (await stage.get())[0] == 503
    await one.start()
    assert await stage.until(lambda: stage.states(group.arn) == {"healthy"}) < 2
    assert await stage.release() == "one"


async def test_a_target_that_never_passes_becomes_unhealthy_with_its_last_status(stage, backend):
    one = await backend("one")
    one.health = 503
    group = stage.group("a", one)
    await stage.apply(stage.state((group,), (1,)))
    assert stage.states(group.arn) == {"initial"}
    await stage.until(lambda: stage.states(group.arn) == {"unhealthy"})
    await stage.until(
        lambda: (
            stage.balancer.health(group.arn)[(one.address, one.port)]
            == TargetHealth(
                "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"
            )
        )
    )


async def test_one_wrong_status_is_not_yet_unhealthy(stage, backend):
    stage.check = replace(stage.check, interval=0.3, unhealthy=4)
    one = await backend("one")
    group = stage.group("a", one)
    await stage.serve((group,), (1,))
    one.health = 500
    took = await stage.until(lambda: stage.states(group.arn) == {"unhealthy"})
    assert took > 0.7


async def test_an_unhealthy_target_needs_the_whole_threshold_to_come_back(stage, backend):
    stage.check = replace(stage.check, interval=0.3, healthy=4)
    one = await backend("one")
    group = stage.group("a", one)
    await stage.serve((group,), (1,))
    one.health = 500
    await stage.until(lambda: stage.states(group.arn) == {"unhealthy"})
    one.health = 200
    assert await stage.until(lambda: stage.states(group.arn) == {"healthy"}) > 0.7


async def test_the_matcher_and_the_path_are_the_groups_own(stage, backend):
    stage.check = replace(stage.check, path="/status/302", matcher="200,300-302")
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    assert "user-agent: elb-healthchecker/2.0" in one.heads[-1]
    assert f"host: {one.address}:{one.port}" in one.heads[-1]


async def test_the_check_may_have_a_port_of_its_own(stage, backend):
    one, other = await backend("one"), await backend("other")
    other.address, other.port = one.address, 0
    await other.kill()
    await other.start()
    one.health = 500
    stage.check = replace(stage.check, port=other.port)
    await stage.serve((stage.group("a", one),), (1,))
    assert await stage.release() == "one"


async def test_draining_targets_and_groups_that_nothing_names_are_not_listed(stage, backend):
    one = await backend("one")
    group = stage.group("a", one)
    await stage.serve((group,), (1,))
    await stage.apply(stage.state((stage.group("a", draining=(one,)),), (1,)))
    assert stage.balancer.health(group.arn) == {}
    await stage.apply(stage.state((), ()))
    assert stage.balancer.health(group.arn) == {}
    assert stage.balancer.active_requests(group.arn) == {}


async def test_a_target_that_comes_back_is_new_again(stage, backend):
    one = await backend("one")
    group = stage.group("a", one)
    await stage.serve((group,), (1,))
    await stage.apply(stage.state((stage.group("a"),), (1,)))
    one.health = 500
    await stage.apply(stage.state((group,), (1,)))
    assert stage.states(group.arn) == {"initial"}
    one.health = 200
    await stage.until(lambda: stage.states(group.arn) == {"healthy"})
    await asyncio.sleep(0)


def test_verdicts_follow_what_envoy_sees():
    failed = TargetHealth("unhealthy", "Target.ResponseCodeMismatch", "[500]")
    assert verdict(None, None).state == "initial"
    assert verdict(Host(True, True, False, 0), failed).state == "initial"
    assert verdict(Host(False, False, False, 0), failed).state == "healthy"
    assert verdict(Host(False, True, False, 0), failed) == failed
    assert verdict(Host(False, True, True, 0), None).reason == "Target.Timeout"
    assert verdict(Host(False, True, False, 0), TargetHealth("healthy")).reason == "Target.FailedHealthChecks"


def test_hosts_are_read_by_cluster_and_address():
    status = {
        "address": {"socket_address": {"address": "127.9.9.9", "port_value": 80}},
        "stats": [{"name": "cx_active", "value": "7"}, {"name": "rq_active", "value": "3"}],
        "health_status": {"eds_health_status": "HEALTHY", "failed_active_health_check": True},
    }
    seen = hosts({"cluster_statuses": [{"name": "a", "host_statuses": [status]}, {"name": "b"}]})
    assert seen == {"a": {("127.9.9.9", 80): Host(False, True, False, 3)}, "b": {}}
