"""How long a release will take: by what took place here before, else by what the settings prescribe to wait. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from datetime import timedelta

from infra.running import Rollout
from release.history import Line
from release.preview.preview import Estimate
from release.preview.words import counted
from release.warmth import length

LOOKED_AT = 5
"""The latest releases: older ones were made under other settings, and by other code."""


def estimate(
    action: str, rollout: Rollout, migrations: int, history: Iterable[Line] = (), warm: bool = False
) -> Estimate | None:
    """The time of an update with this action (`release.steps.Action`), from the command to its end; None where it moves
    no traffic.

    `history` is the latest update first. `warm` says whether the wanted release runs already, so that nothing boots.
    """
    if action not in ("first", "release", "rollback"):
        return None
    waits = _waits(action, rollout)
    least = sum(seconds for seconds, _ in waits)
    prescribed = tuple(f"{_length(seconds)} {what}" for seconds, what in waits if seconds)
    took = [line.seconds for line in history if line.move == action and line.result == "succeeded"]
    latest = [seconds for seconds in took if seconds is not None][:LOOKED_AT]
    # Settings that prescribe more than the releases before have taken are newer than they.
    if latest and statistics.median(latest) >= least:
        of_it = (f"{' and '.join(prescribed)} of it prescribed",) if prescribed else ()
        return Estimate(
            seconds=statistics.median(latest),
            basis="history",
            releases=len(latest),
            parts=(_took(latest), *of_it),
        )
    return Estimate(
        seconds=least, basis="settings", parts=(*prescribed, *_unknown(rollout, migrations, warm))
    )


def _took(latest: Sequence[float]) -> str:
    if len(latest) == 1:
        return "as long as the latest one here"
    return f"the median of the latest {len(latest)} here, {_length(min(latest))} to {_length(max(latest))}"


def in_words(found: Estimate) -> str:
    """The estimate in a line."""
    time = _length(found.seconds)
    if found.basis == "history":
        return f"about {time}, by history: {', '.join(found.parts)}"
    return f"at least {time}, by the settings: {', '.join(found.parts)}"


def short(found: Estimate) -> str:
    """The same in a few words, for a table."""
    word = "about" if found.basis == "history" else "at least"
    return f"{word} {_length(found.seconds)}"


def _waits(action: str, rollout: Rollout) -> tuple[tuple[int, str], ...]:
    """What is waited for on purpose, in seconds: a way back by the engine alone goes by the same steps, without the
    bake.
    """
    steps = rollout.steps if action != "first" else rollout.steps[-1:]
    last = max(rollout.observe, rollout.drain)
    watched = rollout.observe * (len(steps) - 1) + last
    baked = rollout.bake if action != "rollback" else 0
    return (watched, f"watching {counted(len(steps), 'step')}"), (baked, "baking")


def _unknown(rollout: Rollout, migrations: int, warm: bool) -> tuple[str, ...]:
    """What nobody can know before."""
    gate = f"and the boot, until the gate is passed: {_length(rollout.gate.deadline)} at most"
    return (*(() if warm else (gate,)), *((f"and {counted(migrations, 'migration')}",) if migrations else ()))


def _length(seconds: float) -> str:
    return length(timedelta(seconds=seconds))
