"""Targets that come, drain, die, hang and answer wrongly."""

from __future__ import annotations

import asyncio
import time


async def test_a_target_that_is_drained_and_then_killed_loses_nothing(stage, backend):
    one, two = await backend("r"), await backend("r")
    await stage.serve((stage.group("a", one, two),), (1,))
    load = stage.load(200, 2.5, keep_alive=0.5, slow=0.1)
    await stage.until(lambda: len(two.seen) > 20)
    draining = stage.group("a", one, draining=(two,))
    await stage.apply(stage.state((draining,), (1,)))
    told = len(two.seen)
    at = (two.address, two.port)
    await stage.until(lambda: stage.balancer.active_requests(draining.arn)[at] == 0)
    await two.kill()
    assert len(two.seen) == told
    await asyncio.sleep(0.3)
    await stage.apply(stage.state((stage.group("a", one),), (1,)))
    assert not load.done()
    counted = await load
    assert counted["failed"] == {}


async def test_a_target_that_is_killed_without_draining_does_lose_requests(stage, backend):
    one, two = await backend("r"), await backend("r")
    await stage.serve((stage.group("a", one, two),), (1,))
    load = stage.load(200, 2, keep_alive=0.5, slow=0.1)
    await stage.until(lambda: two.in_flight >= 3)
    await two.kill()
    counted = await load
    assert counted["failed"]["http 502"] > 0
    assert counted["by_request"]["slow"]["failed"] > 0
    assert counted["failed_total"] + counted["by_release"]["r"]["answered"] == 400


async def test_requests_in_flight_to_a_draining_target_finish_and_new_ones_go_elsewhere(stage, backend):
    one, two = await backend("one"), await backend("two")
    await stage.serve((stage.group("a", one),), (1,))
    slow = asyncio.ensure_future(stage.release("/slow=1"))
    await stage.until(lambda: one.in_flight == 1)
    await stage.apply(stage.state((stage.group("a", two, draining=(one,)),), (1,)))
    await stage.until(lambda: stage.states("arn:test:targetgroup/a/1") == {"healthy"})
    assert {await stage.release() for _ in range(10)} == {"two"}
    assert stage.balancer.active_requests("arn:test:targetgroup/a/1")[(one.address, one.port)] == 1
    assert await slow == "one"


async def test_a_target_that_leaves_at_once_still_finishes_what_it_has(stage, backend):
    one, two = await backend("one"), await backend("two")
    await stage.serve((stage.group("a", one, two),), (1,))
    slow = [asyncio.ensure_future(stage.release("/slow=1")) for _ in range(6)]
    await stage.until(lambda: one.in_flight + two.in_flight == 6)
    await stage.apply(stage.state((stage.group("a", one),), (1,)))
    assert sorted(await asyncio.gather(*slow)) == ["one"] * 3 + ["two"] * 3


async def test_a_group_whose_targets_all_drain_answers_503(stage, backend):
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    await stage.apply(stage.state((stage.group("a", draining=(one,)),), (1,)))
    assert {(await stage.get())[0] for _ in range(5)} == {503}


async def test_a_group_that_fails_open_still_spares_the_draining_ones(stage, backend):
    sick, leaving = await backend("sick"), await backend("leaving")
    await stage.serve((stage.group("a", sick, leaving),), (1,))
    sick.health = 500
    group = stage.group("a", sick, draining=(leaving,))
    await stage.apply(stage.state((group,), (1,)))
    await stage.until(lambda: stage.states(group.arn) == {"unhealthy"})
    assert {await stage.release() for _ in range(20)} == {"sick"}


async def test_an_empty_group_answers_503_with_the_page_of_the_load_balancer(stage):
    await stage.apply(stage.state((stage.group("a"),), (1,)))
    status, headers, body = await stage.get()
    assert (status, headers["content-type"], headers["server"]) == (503, "text/html", "awselb/2.0")
    assert "<h1>503 Service Temporarily Unavailable</h1>" in body


async def test_a_group_without_a_healthy_target_fails_open(stage, backend):
    one, two = await backend("r"), await backend("r")
    group = stage.group("a", one, two)
    await stage.serve((group,), (1,))
    one.health = two.health = 500
    await stage.until(lambda: stage.states(group.arn) == {"unhealthy"})
    assert {await stage.release() for _ in range(10)} == {"r"}
    assert one.seen
    assert two.seen


async def test_an_unhealthy_target_gets_nothing_while_another_is_healthy(stage, backend):
    good, bad = await backend("good"), await backend("bad")
    group = stage.group("a", good, bad)
    await stage.serve((group,), (1,))
    bad.health = 503
    await stage.until(lambda: stage.states(group.arn) == {"healthy", "unhealthy"})
    assert {await stage.release() for _ in range(20)} == {"good"}


async def test_a_target_that_cannot_be_connected_to_is_a_502(stage, backend):
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    await one.kill()
    status, _, body = await stage.get()
    assert status == 502
    assert "<title>502 Bad Gateway</title>" in body


async def test_a_target_that_resets_is_a_502_and_is_asked_once(stage, backend):
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    one.reset = True
    assert (await stage.get("/once"))[0] == 502
    assert one.seen == ["/once"]


async def test_a_target_that_never_answers_is_a_504_in_the_idle_time(stage, backend):
    one = await backend("one")
    stage.idle_timeout = 1.0
    await stage.serve((stage.group("a", one),), (1,))
    one.hung = True
    start = time.monotonic()
    status, _, body = await stage.get()
    assert status == 504
    assert "504 Gateway Time-out" in body
    assert 0.9 < time.monotonic() - start < 2.5


async def test_a_hung_target_is_unhealthy_by_a_time_out(stage, backend):
    one, two = await backend("one"), await backend("two")
    group = stage.group("a", one, two)
    await stage.serve((group,), (1,))
    one.hung = True
    at = (one.address, one.port)
    await stage.until(lambda: stage.balancer.health(group.arn)[at].state == "unhealthy")
    assert stage.balancer.health(group.arn)[at].reason == "Target.Timeout"


async def test_answers_of_targets_go_through_as_they_are(stage, backend):
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    for status in (201, 404, 500, 502, 503, 504):
        seen, _, body = await stage.get(f"/status/{status}")
        assert (seen, body) == (status, '{"release": "one"}')


async def test_targets_learn_who_asks(stage, backend):
    one = await backend("one")
    await stage.serve((stage.group("a", one),), (1,))
    await stage.get(x_forwarded_for="203.0.113.9")
    head = one.heads[0]
    assert "x-forwarded-for: 203.0.113.9," in head
    assert "x-forwarded-proto: http\r\n" in head
    assert f"x-forwarded-port: {stage.port}\r\n" in head
    assert "host: stage.test\r\n" in head
    assert "envoy" not in head


async def test_a_websocket_outlives_a_change_of_weights(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (1, 0))
    reader, writer = await asyncio.open_connection(stage.address, stage.port)
    writer.write(
        b"GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.write(b"before ")
    assert await reader.readexactly(7) == b"BEFORE "
    await stage.apply(stage.state((a, b), (0, 1)))
    await stage.apply(stage.state((b,), (1,)))
    writer.write(b"after")
    assert await reader.readexactly(5) == b"AFTER"
    writer.close()
