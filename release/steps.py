"""The steps of a plan, and what the way back costs: in words, for people. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from release import schedules
from release.model import Migration, Release
from release.warmth import length

Action = Literal["nothing", "first", "release", "rollback", "contract"]


def migrating(
    action: Action, former: Release | None, target: Release, migrations: tuple[Migration, ...]
) -> tuple[str, ...]:
    """What happens to the database before the fleet boots."""
    if action == "rollback":
        return (f"no migration runs: the database has all that {target} needs since it was live",)
    if not migrations:
        return ()
    names = ", ".join(f"{migration.revision} ({migration.kind})" for migration in migrations)
    serving = f", while {former} serves" if former else ""
    return (f"{_count(len(migrations), 'migration')} on the operations host{serving}: {names}",)


def moving(
    action: Action, former: Release | None, target: Release, running: bool, web_min: int, bake: int
) -> tuple[str, ...]:
    """What happens to the fleets and the traffic. `running` says whether the target's fleet is there already, `bake`
    for how many seconds a release is watched on.
    """
    if action == "nothing":
        return ()
    workers = _workers(former, target, running)
    last = schedules.step(former, target)
    shift = _shift(action, former, target)
    if bake and action != "rollback":
        baking = (
            f"{target} bakes: it is watched for {length(timedelta(seconds=bake))} more; back on any doubt"
        )
        last = (*last, baking)
    if running:
        return f"the fleet of {target} runs already, and proved itself when it booted", *workers, shift, *last
    fleet = f"a fleet of {target} boots, at least {_instances(web_min)}, without traffic"
    gate = f"{target} proves itself through the balancer: healthy targets, and answers of its own in a row"
    return fleet, *workers, gate, shift, *last


def _shift(action: Action, former: Release | None, target: Release) -> str:
    if former is None:
        return f"all traffic goes to {target}"
    moves = f"traffic moves from {former} to {target}"
    if action == "rollback":
        return f"{moves}, at once by release rollback, by steps without it; proven and watched"
    return f"{moves} by steps, each one proven and watched; back on any doubt"


def _workers(former: Release | None, target: Release, running: bool) -> tuple[str, ...]:
    """What happens to those who take messages: they never wait for each other, a queue keeps what nobody took."""
    own, others = target.manifest.workers, former.manifest.workers if former else ()
    lines = []
    if own:
        number = f"{len(own)} worker process" + ("es" if len(own) > 1 else "")
        s = "s" if len(own) == 1 else ""
        starts = f"rest{s} until the traffic has moved"
        starts = starts if running else f"boot{s} with it and {starts}"
        lines.append(f"{number} ({', '.join(process.name for process in own)}) {starts}")
    if others:
        names = "" if own else f" ({', '.join(process.name for process in others)})"
        lines.append(
            f"{'those' if own else 'the workers'} of {former}{names} then finish what they hold, and rest"
        )
    return ("; ".join(lines),) if lines else ()


def rollback_cost(
    action: Action,
    former: Release | None,
    target: Release,
    warm_after: tuple[Release, ...],
    web_min: int,
    warm: int = 0,
) -> str:
    """What going back from `target` to `former` would take; `warm` are the seconds for which it is so (0: no end)."""
    if action in ("nothing", "contract"):
        return ""
    if former is None:
        return f"{target} is the first release: there is nothing to go back to"
    if former in warm_after:
        time = f" for {length(timedelta(seconds=warm))}" if warm else ""
        return f"seconds: {former} stays warm{time} on at least {_instances(web_min)}, nothing has to boot"
    return f"minutes: {former} does not stay warm, at least {_instances(web_min)} would have to boot"


def _instances(number: int) -> str:
    return _count(number, "web instance")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
