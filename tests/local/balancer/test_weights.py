"""Weights, rules and groups that change under load."""

from __future__ import annotations

import asyncio
import math
import time

from localcloud.parts import Action, Rule


async def test_twenty_weight_changes_under_load_lose_nothing(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (100, 0))
    load = stage.load(200, 4, keep_alive=0.5, slow=0.05)
    for change in range(20):
        await asyncio.sleep(0.18)
        await stage.apply(stage.state((a, b), ((100, 0), (50, 50), (0, 100), (1, 99))[change % 4]))
    counted = await load
    assert counted["sent"] == 800
    assert counted["failed"] == {}
    assert {name for name, seen in counted["by_release"].items() if seen["answered"] > 50} == {"aaaa", "bbbb"}


async def test_a_change_of_weights_serves_within_a_fifth_of_a_second(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (1, 0))
    slowest = 0.0
    for change in range(10):
        wanted = "bbbb" if change % 2 == 0 else "aaaa"
        start = time.monotonic()
        await stage.apply(stage.state((a, b), (0, 1) if wanted == "bbbb" else (1, 0)))
        while await stage.release() != wanted:
            assert time.monotonic() - start < 2
        slowest = max(slowest, time.monotonic() - start)
        assert {await stage.release() for _ in range(20)} == {wanted}
    assert slowest < 0.2


async def test_one_percent_of_the_weight_is_one_percent_of_the_requests(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (1, 99))
    counted = await stage.load(800, 4, keep_alive=1)
    assert counted["failed"] == {}
    mean, deviation = 3200 * 0.01, math.sqrt(3200 * 0.01 * 0.99)
    few = counted["by_release"]["aaaa"]["answered"]
    assert mean - 5 * deviation < few < mean + 5 * deviation


async def test_a_group_of_weight_zero_is_reached_by_its_header_rule_alone(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    rule = Rule(101, Action("forward", ((b.arn, 1),)), headers=(("X-Uneventful-Release", ("bbbb.S3cret",)),))
    await stage.serve((a, b), (1, 0), (rule,))
    assert await stage.release(x_uneventful_release="bbbb.s3cret") == "bbbb"
    assert await stage.release(x_uneventful_release="bbbb.other") == "aaaa"
    assert {await stage.release() for _ in range(50)} == {"aaaa"}


async def test_a_group_that_only_a_header_rule_names_is_checked_and_reached(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    rule = Rule(101, Action("forward", ((b.arn, 1),)), headers=(("x-try", ("b*",)),))
    await stage.serve((a, b), (1,), (rule,))
    assert stage.states(b.arn) == {"healthy"}
    assert await stage.release(x_try="bbbb") == "bbbb"


async def test_requests_in_flight_survive_the_removal_of_their_group(stage, backend):
    old, new = await backend("old"), await backend("new")
    a, b = stage.group("a", old), stage.group("b", new)
    await stage.serve((a, b), (1, 0))
    slow = [asyncio.ensure_future(stage.release("/slow=1.5")) for _ in range(10)]
    await stage.until(lambda: old.in_flight == 10)
    load = stage.load(100, 2, keep_alive=0.5)
    await stage.apply(stage.state((b,), (1,)))
    assert await stage.release() == "new"
    assert await asyncio.gather(*slow) == ["old"] * 10
    counted = await load
    assert counted["failed"] == {}


async def test_groups_that_come_and_go_under_load_lose_nothing(stage, backend):
    live = await backend("live")
    a = stage.group("a", live)
    await stage.serve((a,), (1,))
    load = stage.load(200, 3, keep_alive=0.5, slow=0.05)
    for number in range(6):
        candidate = stage.group(f"candidate{number}", await backend(f"c{number}"))
        await stage.serve((a, candidate), (50, 0))
        await stage.apply(stage.state((a, candidate), (50, 50)))
        await asyncio.sleep(0.1)
        await stage.apply(stage.state((a,), (1,)))
    counted = await load
    assert counted["failed"] == {}
    assert len(counted["by_release"]) >= 6


async def test_weight_on_a_group_that_is_not_healthy_yet_does_lose_requests(stage, backend):
    live, candidate = await backend("live"), await backend("candidate")
    candidate.health = 503
    a, b = stage.group("a", live), stage.group("b", candidate)
    await stage.serve((a,), (1,))
    load = stage.load(200, 1)
    await stage.apply(stage.state((a, b), (50, 50)))
    assert (await load)["failed"]["http 503"] > 0


async def test_an_equal_state_writes_nothing(stage, backend, tmp_path):
    a = stage.group("a", await backend("aaaa"))
    await stage.serve((a,), (1,))
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "balancer").glob("*.json")}
    await stage.apply(stage.state((a,), (1,)))
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "balancer").glob("*.json")}
    assert len(before) >= 5


async def test_weights_that_are_all_zero_answer_503(stage, backend):
    a = stage.group("a", await backend("aaaa"))
    await stage.serve((a,), (0,))
    assert (await stage.get())[0] == 503
