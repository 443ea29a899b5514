"""`release logs`, typed at a stack whose AWS is moto."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from release.ledger import Ledger, promote
from release.model import freeze
from tests.unit.release.releases import manifest

ONE, TWO = (freeze(manifest(version), {}) for version in ("1", "2"))
GROUPS = {"web": "/app/dev/web-1", "worker": "/app/dev/worker-1"}
HOST = "/app/dev/operations-1"


class Stack:
    """A stack with log groups, and what is said there."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._logs = world.client("logs")
        for group in (*GROUPS.values(), HOST):
            self._logs.create_log_group(logGroupName=group)
        ledger = Ledger()
        for release in (ONE, TWO):
            ledger = promote(ledger, release, 1, "2026-01-01T00:00:00Z")
        state = world.state(ledger)
        outputs = state["deployment"]["resources"][0]["outputs"]
        outputs |= {"logGroups": GROUPS, "operationsLogGroup": HOST}
        world.begin(state)

    def say(self, group: str, stream: str, message: str, ago: float = 0.0) -> None:
        if not self._logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
            self._logs.create_log_stream(logGroupName=group, logStreamName=stream)
        told = [{"timestamp": int((time.time() - ago) * 1000), "message": message}]
        self._logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=told)


@pytest.fixture
def stack(world: Any) -> Stack:
    stack = Stack(world)
    stack.say(GROUPS["web"], f"{ONE.id}/i-1/boot", "booting", ago=50)
    stack.say(GROUPS["worker"], f"{TWO.id}/i-3/worker", "a job\x1b[2J", ago=30)
    stack.say(GROUPS["web"], f"{ONE.id}/i-1/web", "a request", ago=40)
    stack.say(GROUPS["web"], f"{TWO.id}/i-2/web", "another request", ago=20)
    stack.say(HOST, "i-9/migrate", "expand", ago=10)
    stack.say(GROUPS["web"], f"{TWO.id}/i-2/web", "long ago", ago=3000)
    return stack


def messages(out: str) -> list[str]:
    return [json.loads(line)["message"] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["booting", "a request", "a job\x1b[2J", "another request", "expand"]),
        (("web", "--since", "1h"), ["long ago", "a request", "another request"]),
        (("--release", "1", "--grep", "o"), ["booting"]),
        (("--release", "ffffffff"), []),
    ],
)
def test_what_was_asked_for_is_told_in_the_order_of_time(
    world: Any, stack: Stack, words: tuple[str, ...], expected: list[str]
) -> None:
    status, out, error = world.run("logs", *words, "--json", "--stack", "dev")
    assert (status, error) == (0, "")
    assert messages(out) == expected


def test_a_line_tells_when_and_whose_and_cannot_move_the_cursor(world: Any, stack: Stack) -> None:
    status, out, _ = world.run("logs", "worker", "--stack", "dev")
    assert status == 0
    moment, process, release, instance, message = out.split(maxsplit=4)
    assert moment.endswith("Z")
    assert (process, release, instance, message) == ("worker", TWO.id, "i-3", "a job\ufffd[2J\n")


def test_silence_is_told_apart_from_a_command_that_does_not_work(world: Any, stack: Stack) -> None:
    stack.say(GROUPS["worker"], "usage/i-3", "ActiveState=active NRestarts=0")
    status, out, error = world.run("logs", "worker", "--stack", "dev", "--since", "5s")
    assert (status, out) == (0, "")
    assert error == "nothing was said in the last 5s; --since 1d looks further back\n"
    status, out, error = world.run("logs", "--stack", "dev", "--grep", "ActiveState", "--json")
    assert (status, out, error) == (0, "", ""), "what is told by the clock is nothing that was said"


def test_following_tells_what_comes_and_ends_well_on_ctrl_c(world: Any, stack: Stack) -> None:
    process = world.start(["logs", "web", "--follow", "--json", "--stack", "dev"])
    assert process.stdout is not None
    assert messages("".join(process.stdout.readline() for _ in range(2))) == ["a request", "another request"]
    stack.say(GROUPS["web"], f"{TWO.id}/i-2/web", "just now")
    assert messages(process.stdout.readline()) == ["just now"]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out, error) == (0, "", "")


def test_who_reads_no_further_ends_it_without_a_complaint(world: Any, stack: Stack) -> None:
    process = world.start(["logs", "--follow", "--stack", "dev"])
    process.stdout.readline()
    process.stdout.close()
    for _ in range(3):
        stack.say(GROUPS["web"], f"{TWO.id}/i-2/web", "to nobody")
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--release", "9"), "one of the versions 1, 2"),
        (("nobody",), "web, worker, boot, operations"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(
    world: Any, stack: Stack, words: tuple[str, ...], what: str
) -> None:
    status, _, error = world.run("logs", *words, "--stack", "dev")
    assert status == 1
    assert what in error
    assert "  next: " in error


def test_an_environment_without_releases_is_told_what_to_do(world: Any) -> None:
    world.begin(world.state(Ledger()))
    status, _, error = world.run("logs", "--stack", "dev")
    assert status == 1
    assert "release deploy VERSION --stack dev" in error
