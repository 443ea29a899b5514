"""The last releases of a stack and the reports that there are of them, as JSON on stdout.

A program of its own, since each stack may have credentials of its own: `python -m release.dashboard.past STACK`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release.errors import UneventfulError

if TYPE_CHECKING:
    from release.history import Line

SHOWN = 6
"""Releases that are told."""

_MARGIN = timedelta(seconds=1)
_NAME = "%Y%m%dT%H%M%SZ"


def with_reports(lines: Sequence[Line], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Each line with `id` and `report`: the release that its timeline is of, and the moment at which that begins (UTC,
    ISO 8601); empty where none of these keys, `timelines/STACK/RELEASE/MOMENT.json`, began while the update ran.
    """
    begun = [(at, key.split("/")[-2]) for key in keys if (at := _moment(key))]
    told = []
    for line in lines:
        start = datetime.fromisoformat(line.at)
        end = start + timedelta(seconds=line.seconds or 0)
        of = [each for each in begun if start - _MARGIN <= each[0] <= end + _MARGIN]
        at, release = max(of, default=(None, ""))
        told.append(asdict(line) | {"id": release, "report": f"{at:%Y-%m-%dT%H:%M:%S}" if at else ""})
    return told


def read(stack: str) -> Mapping[str, Any]:
    """`lines` as `with_reports` has them, the latest first, and `unknown` where the bucket does not tell of reports."""
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.history import lines

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    state = engine.state()
    shown = [line for line in lines(engine.history(), state.ledger) if line.move != "none"][:SHOWN]
    try:
        keys, unknown = asyncio.run(_timelines(state.bucket, stack)), ""
    except UneventfulError as error:
        keys, unknown = (), f"whether there are reports: {error.seen or error.what}"
    return {"lines": with_reports(shown, keys), "unknown": unknown}


async def _timelines(bucket: str, stack: str) -> Sequence[str]:
    from infra.prefixes import TIMELINES
    from release.aws import Calls
    from release.timeline_store import BucketTimelines

    return await BucketTimelines(Calls("s3"), bucket).keys(f"{TIMELINES}{stack}/") if bucket else ()


def _moment(key: str) -> datetime | None:
    try:
        return datetime.strptime(key.rpartition("/")[2].removesuffix(".json"), _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def main() -> int:
    try:
        print(json.dumps(read(sys.argv[1])))
    except UneventfulError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
