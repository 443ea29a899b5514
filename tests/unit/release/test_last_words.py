"""Of all that the instances of a release said, the lines that explain best why one does not do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from release.aws import Busy, Refused
from release.last_words import LINES, LoggedWords, Words

TRACE = ("Traceback (most recent call last):", "OperationalError: no such host")


class Logs:
    """CloudWatch Logs with these streams, by name; `error` is what each call raises."""

    def __init__(self, streams: Mapping[str, tuple[str, ...]], error: Exception | None = None) -> None:
        self.streams, self.error = streams, error

    async def __call__(self, action: str, patience: float = 0.0, /, **asked: Any) -> Mapping[str, Any]:
        assert asked["logGroupName"] == "/shop/dev/web-1"
        if self.error:
            raise self.error
        if action == "describe_log_streams":
            found = [name for name in self.streams if name.startswith(asked["logStreamNamePrefix"])]
            return {"logStreams": [{"logStreamName": n, "lastEventTimestamp": len(n)} for n in found]}
        if asked["logStreamName"] not in self.streams:
            raise Refused(action, "ResourceNotFoundException", "The specified log stream does not exist.")
        lines = self.streams[asked["logStreamName"]][-asked["limit"] :]
        return {"events": [{"message": line} for line in lines]}


def of(logs: Logs, *instances: str) -> Words | None:
    return asyncio.run(LoggedWords(logs, "/shop/dev/web-1", "web").of("c0ffee12", instances))


def test_a_process_that_ran_is_quoted_with_its_last_lines() -> None:
    said = tuple(f"line {n}" for n in range(100))
    words = of(Logs({"c0ffee12/i-1/web": (*said, *TRACE), "c0ffee12/i-1/boot": ("web was started",)}), "i-1")
    assert words == Words("i-1", "web", (*said[-(LINES - 2) :], *TRACE))
    assert str(words).startswith("web on i-1 said last:\n| line 94\n")


def test_a_boot_that_failed_explains_more_than_what_a_process_said_before() -> None:
    boot = ("sha256sum: WARNING", "boot failed: the bundle is not the one whose digest is aa")
    words = of(Logs({"c0ffee12/i-1/web": TRACE, "c0ffee12/i-1/boot": boot}), "i-1")
    assert words == Words("i-1", "boot", boot)


def test_the_first_that_said_something_is_quoted_and_its_boot_where_its_process_never_ran() -> None:
    words = of(Logs({"c0ffee12/i-2/boot": ("Connection reset",)}), "i-1", "i-2")
    assert words == Words("i-2", "boot", ("Connection reset",))


def test_where_no_instance_is_left_the_latest_that_the_release_had_is_quoted_and_no_other_releases() -> None:
    logs = Logs({"c0ffee12/i-1/web": ("older",), "c0ffee12/i-123/web": TRACE, "ab12cd34/i-12345/web": ("x",)})
    assert of(logs) == Words("i-123", "web", TRACE)


def test_a_line_cannot_move_the_readers_terminal() -> None:
    words = of(Logs({"c0ffee12/i-1/web": ("\x1b[2Jgone",)}), "i-1")
    assert words is not None
    assert "\x1b" not in str(words)


@pytest.mark.parametrize(
    "error", [Busy("get_log_events", 3, 5.0, "Throttling"), Refused("get_log_events", "AccessDenied", "no")]
)
def test_what_cannot_be_read_hides_no_other_error(error: Exception) -> None:
    assert of(Logs({}, error), "i-1") is None
    assert of(Logs({}, error)) is None
    assert of(Logs({})) is None
