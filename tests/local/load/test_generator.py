"""The generator against a server that fails on purpose: every failure is counted, once, by its kind."""

from __future__ import annotations

import asyncio

import pytest

EVERY_WAY = ("well", "500", "reset", "well", "close", "cut", "404", "nonsense", "well", "503")


@pytest.mark.parametrize("kept", [0.0, 1.0])
async def test_every_failure_is_counted_by_its_kind(server, kept):
    server.script = EVERY_WAY
    counted = await server.load(100, 3, keep_alive=kept)
    assert sum(server.did.values()) == counted["sent"] == 300
    failed = dict(counted["failed"])
    for status in ("500", "404", "503"):
        assert failed.pop(f"http {status}") == server.did[status] == 30
    assert failed.pop("not HTTP") == 30
    assert failed.pop("closed in mid-answer") == 30
    assert sum(count for kind, count in failed.items() if kind.startswith("closed")) == 30
    assert sum(count for kind, count in failed.items() if kind.startswith("reset")) == 30
    assert counted["answered"] == 180
    assert counted["failed_total"] == 210
    assert counted["by_status"] == {"200": 90, "404": 30, "500": 30, "503": 30}
    assert counted["by_release"]["r1"]["answered"] == 180
    assert counted["by_release"]["r1"]["errors"] == 90
    assert len(counted["failures"]) == 20
    assert counted["failures"][0] == {**counted["failures"][0], "failure": "http 500", "release": "r1"}


async def test_a_port_that_nobody_listens_on_refuses_every_request(server):
    await server.stop()
    counted = await server.load(100, 1)
    assert counted["failed"] == {"connection refused": 100}
    assert counted["answered"] == 0


async def test_a_request_that_is_never_answered_fails_after_its_time(server):
    server.script = ("hang", "well")
    counted = await server.load(50, 1, timeout=0.6)
    assert counted["failed"] == {"timeout": 25}
    assert all(550 < failure["after_ms"] < 1500 for failure in counted["failures"])


async def test_latency_counts_from_the_time_when_a_request_was_due(server):
    loop = asyncio.get_running_loop()
    server.stalled_until = loop.time() + 1
    counted = await server.load(200, 2)
    assert counted["sent"] == counted["answered"] == 400
    assert 800 < counted["latency_ms"]["max"] < 2000
    assert counted["latency_ms"]["p90"] > 300


async def test_the_slow_ones_do_not_count_as_latency_of_the_others(server):
    counted = await server.load(100, 2, slow=0.1)
    slow = counted["by_request"]["slow"]
    assert 15 <= slow["sent"] == slow["answered"] <= 25
    assert slow["latency_ms"]["p50"] >= 500
    assert counted["latency_ms"]["p90"] < 400


async def test_uploads_are_checked_by_their_digest(server):
    server.script = ("well", "garble", "well")
    counted = await server.load(60, 1, upload=1)
    assert counted["failed"] == {"bad body": 20}
    assert counted["by_request"]["upload"]["answered"] == 60


async def test_releases_are_told_apart_and_the_last_answer_of_each_is_known(server):
    server.script = ("unnamed", "well")
    counted = await server.load(100, 1)
    releases = counted["by_release"]
    assert releases["r1"]["answered"] == releases["fromjson"]["answered"] == 50
    assert counted["started"] <= releases["r1"]["first"] < releases["r1"]["last"] <= counted["ended"]


async def test_long_lived_connections_are_kept_and_the_others_are_not(server):
    counted = await server.load(200, 1, keep_alive=0.5)
    assert counted["failed"] == {}
    assert 90 < server.connections < 125


async def test_idle_connections_that_the_server_closed_are_never_used(server):
    server.close_idle_after = 0.0
    counted = await server.load(300, 2, keep_alive=1)
    assert counted["failed"] == {}
    assert server.connections > 300


async def test_chunked_answers_are_whole_and_their_connection_is_kept(server):
    server.script = ("chunked",)
    counted = await server.load(100, 1, keep_alive=1)
    assert counted["failed"] == {}
    assert counted["answered"] == 100
    assert server.connections < 20
