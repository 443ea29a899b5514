"""Observing a release for a while: probes all the time, metrics and alarms now and then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from release.errors import MetricsSilent
from release.provider.ports import ShiftPorts
from release.provider.watch import Watch
from release.verdict import Finding

_VOLLEY = 2
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 1.0, 15.0


@dataclass(frozen=True)
class Stretch:
    """How long to observe (s), how often to probe (a volley each `pause` s), and how much longer to wait until the
    metrics show the release (`patience`, s). `told` says how it goes after so many seconds; `what` is being observed.
    """

    seconds: float
    patience: float
    what: str
    told: Callable[[float], str]
    pause: float = 0.1


async def nothing() -> None:
    """There is nothing else to look at."""


async def observe(
    watch: Watch, ports: ShiftPorts, stretch: Stretch, also: Callable[[], Awaitable[None]] = nothing
) -> None:
    """Return when the release was good for the whole stretch; `also` is looked at as often as the metrics are.

    Raises what the watch and `also` raise, and CannotMeasure where the metrics never show the release.
    """
    clock = ports.time.clock
    due = started = clock()
    interval = min(max(_SHORTEST_INTERVAL, stretch.seconds / 20), _LONGEST_INTERVAL)
    while True:
        await watch.probe(_VOLLEY)
        took = clock() - started
        over = took >= stretch.seconds
        if over or clock() >= due:
            verdict = await watch.measure()
            await also()
            due = clock() + interval
            if over and verdict.finding is Finding.GOOD:
                return
            if took >= stretch.seconds + stretch.patience:
                raise MetricsSilent(
                    f"the metrics do not show {stretch.what}",
                    expected=f"{verdict.expected} within {stretch.patience:g} s",
                    seen=verdict.seen,
                )
        await ports.voice.say(f"{stretch.told(took)}, {watch}")
        await ports.time.sleep(interval if over else stretch.pause)
