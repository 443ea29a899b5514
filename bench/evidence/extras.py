"""What is measured of ours alone, without load: where a release's time goes, its API calls, previews."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import yaml

from bench.evidence.calls import by_size
from bench.evidence.contender import CannotMeasure
from bench.evidence.counting import counting
from bench.evidence.kept import Calls, Previewed, Waited
from bench.evidence.ours import Ours
from bench.evidence.scenes import GOOD
from bench.evidence.waiting import waited
from bench.printed import spent
from bench.workplace import CommandFailed

PREVIEWS = 5
_DEPLOY = ("release", "deploy")


def release_alone(ours: Ours) -> tuple[Waited, Calls]:
    """One release of two instances without load, on a way to the API that counts; then gate and shift for more."""
    label = ours.prepare(GOOD)
    config = settings(ours)
    with counting(ours.environ["AWS_ENDPOINT_URL"]) as tally:
        environ = {**ours.environ, "AWS_ENDPOINT_URL": tally.url}
        began = time.monotonic()
        deed = ours.run(*_DEPLOY, label, "--stack", "dev", "--yes", environ=environ)
        ended = time.monotonic()
    if deed.status:
        raise CannotMeasure(f"a release without load was refused: {deed.words}")
    times = waited(config, spent(ours.lines), began, ended)
    whole = dict(tally.calls.most_common())
    return times, Calls(whole=whole, provider=asyncio.run(by_size(config["uneventful:rollout"])))


def settings(ours: Ours) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ours.place.root / "Pulumi.dev.yaml").read_text())["config"]
    return read


def previews(ours: Ours, say: Callable[[str], None]) -> Previewed:
    """Wall times of a preview that finds nothing, and of one of a release where there is a verb for it."""
    label = ours.prepare(GOOD)
    commands = {
        "pulumi preview, nothing to do": (
            "pulumi",
            "preview",
            "--non-interactive",
            "--expect-no-changes",
            "--stack",
            "dev",
        ),
        "release preview of a new version": ("release", "preview", "--stack", "dev", "--version", label),
    }
    times: dict[str, tuple[float, ...]] = {}
    for name, command in commands.items():
        try:
            times[name] = tuple(_wall(ours, command) for _ in range(PREVIEWS))
        except CommandFailed as failed:
            say(f"  {name}: not measured; {failed}")
    return Previewed(times=times)


def _wall(ours: Ours, command: tuple[str, ...]) -> float:
    began = time.monotonic()
    ours.place.run(command, ours.environ)
    return time.monotonic() - began
