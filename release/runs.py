"""One-off commands as the operations host recorded them: who ran what, on which release, and how it ended. Pure.

A record is a line of the stream `INSTANCE/runs` in the host's log group, `{"run": {…}}` (`infra.machine.run`): one when
a command begins, one when it has ended. What commands say is in other streams: none can write a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.operations_programs import RUNS

STREAM = f"/{RUNS}"
"""How the names of the streams end that hold records."""


class Run(BaseModel):
    """One command. `at` is when it began (ISO 8601, UTC). `exit` and `seconds` are None while it runs, or where the
    host went away under it; `why` is how it came to its end: by itself (`ended`), by its user (`stopped`), since its
    user had gone (`left alone`), by its `limit`, or `not run` at all.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    at: str
    by: str
    release: str
    version: str
    command: str
    exit: int | None = None
    seconds: float | None = None
    why: str = ""


class _Record(Run):
    event: Literal["begin", "end"]


class _Line(BaseModel):
    run: _Record


def parse(lines: Iterable[str]) -> tuple[Run, ...]:
    """The commands that the records tell of, the latest first. Lines that are no records are passed over."""
    found: dict[str, Run] = {}
    for line in lines:
        try:
            record = _Line.model_validate_json(line).run
        except ValidationError:
            continue
        began = found.get(record.id)
        words: dict[str, Any] = record.model_dump(exclude={"event"})
        if record.event == "end":
            words["at"] = began.at if began else _before(record.at, record.seconds or 0.0)
        elif began is not None:
            continue
        found[record.id] = Run(**words)
    return tuple(sorted(found.values(), key=lambda run: run.at, reverse=True))


def _before(at: str, seconds: float) -> str:
    """The moment when it began, of which no record is left."""
    try:
        moment = datetime.fromisoformat(at) - timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return at
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
