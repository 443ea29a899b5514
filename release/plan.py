"""The plan: what an update will do about releases, computed before it does anything. Pure.

`resolve` turns the configuration's words into the wanted release; `make_plan` says what that means for the
fleets; `render` is what a preview and an update show first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from release.errors import ReleaseUnknown, StaleRelease
from release.ledger import Entry, Ledger, promote
from release.model import Manifest, Release, freeze

Action = Literal["nothing", "first", "release", "rollback"]

BY_ID = "id:"
"""What a wanted release begins with when it names a frozen release of the ledger instead of a version."""


@dataclass(frozen=True)
class Plan:
    """What an update will do.

    `fleets` are the releases whose fleets the program declares while the update runs, the wanted one (or
    the live one) first. `leaving` are those that run now and are not declared: the engine deletes them at
    the end of an update that succeeded, after the shift, and not at all in one that failed. `warm_after`
    are those that could serve in a second once the update is done, newest first.
    """

    action: Action
    former: Release | None
    wanted: Release | None
    fleets: tuple[Release, ...]
    leaving: tuple[Release, ...]
    warm_after: tuple[Release, ...]
    steps: tuple[str, ...]
    rollback_cost: str


def resolve(
    ledger: Ledger,
    wanted: str | None,
    manifest_of: Callable[[str], Manifest],
    variables: Mapping[str, str],
    secrets: str = "",
) -> Release | None:
    """The release that `uneventful:release` names, or None where it is absent: then what is live stays.

    A version is looked up with `manifest_of` and frozen with today's `variables` and version of the `secrets`.
    `id:XXXXXXXX` is the release of the ledger with that id, with the variables it had. Raises StaleRelease for a
    version that was live before the present one (by its id, or by its label), ReleaseUnknown for an id that the ledger
    doesn't have, and whatever `manifest_of` raises.
    """
    if wanted is None or not wanted.strip():
        return None
    text = wanted.strip()
    if text.startswith(BY_ID):
        return _by_id(ledger, text.removeprefix(BY_ID)).release
    release = freeze(manifest_of(text), variables, secrets)
    _refuse_stale(ledger, release)
    return release


def make_plan(ledger: Ledger, wanted: Release | None, window: int, web_min: int) -> Plan:
    """What bringing `wanted` live does to the stack of this ledger; with None, or what is live already,
    nothing.

    `window` is the number of warm releases to keep, `web_min` the least number of web instances of a fleet.
    """
    former = ledger.live.release if ledger.live else None
    target = wanted or former
    if target is None:
        return Plan("nothing", None, None, (), (), (), (), "")
    after = promote(ledger, target, window, at="")
    warm_after = tuple(entry.release for entry in after.warm)
    fleets = (target, *warm_after)
    running = [entry.release for entry in (*((ledger.live,) if ledger.live else ()), *ledger.warm)]
    leaving = tuple(release for release in running if release not in fleets)
    action = _action(ledger, target)
    return Plan(
        action=action,
        former=former,
        wanted=target,
        fleets=fleets,
        leaving=leaving,
        warm_after=warm_after,
        steps=_steps(action, former, target, target in running, web_min),
        rollback_cost=_rollback_cost(action, former, target, warm_after, web_min),
    )


def render(plan: Plan) -> str:
    """The plan as people read it, several lines; one line when there is nothing to release."""
    if plan.wanted is None:
        return (
            "plan: nothing to release, and nothing is live yet\n  next: release deploy VERSION --stack STACK"
        )
    lines = [_headline(plan)]
    lines += [f"  {number}. {step}" for number, step in enumerate(plan.steps, start=1)]
    if plan.warm_after:
        lines.append(f"  stays warm:    {_names(plan.warm_after)}")
    if plan.leaving:
        lines.append(f"  leaves:        {_names(plan.leaving)}, after the shift and drained")
    if plan.rollback_cost:
        lines.append(f"  rollback cost: {plan.rollback_cost}")
    return "\n".join(lines)


def _by_id(ledger: Ledger, release_id: str) -> Entry:
    entry = ledger.find(release_id)
    if entry is None:
        known = [f"{e.release.id} ({e.release.version}, {e.state})" for e in reversed(ledger.entries)]
        raise ReleaseUnknown(
            f"this stack never had a release with the id {release_id!r}",
            expected="one of " + (", ".join(known[:5]) if known else "none: nothing was released yet"),
            seen=f"{BY_ID}{release_id}",
            state=_unchanged(ledger),
            next="release status --stack STACK",
        )
    return entry


def _refuse_stale(ledger: Ledger, release: Release) -> None:
    live = ledger.live
    if live is None or live.release.id == release.id:
        return
    same_label = release.version != live.release.version
    for entry in ledger.entries[:-1]:
        if entry.release.id == release.id or (same_label and entry.release.version == release.version):
            raise StaleRelease(
                f"version {release.version} was live before {live.release.version}: this would go back",
                expected=f"{live.release}, live since {live.live_at or '?'}, or a newer version",
                seen=f"{release}, number {entry.sequence} of {live.sequence} in the ledger",
                state=_unchanged(ledger),
                next=f"git pull, where this checkout is old; or, to go back on purpose,\n"
                f"release deploy {BY_ID}{entry.release.id} --stack STACK",
            )


def _unchanged(ledger: Ledger) -> str:
    live = ledger.live
    return f"{live.release} serves as before; nothing was changed" if live else "nothing was changed"


def _action(ledger: Ledger, target: Release) -> Action:
    if ledger.live is None:
        return "first"
    if ledger.live.release.id == target.id:
        return "nothing"
    return "rollback" if ledger.find(target.id) else "release"


def _steps(
    action: Action, former: Release | None, target: Release, running: bool, web_min: int
) -> tuple[str, ...]:
    if action == "nothing":
        return ()
    shift = (
        f"traffic moves from {former} to {target} by steps, each one proven and watched; back on any doubt"
        if former
        else f"all traffic goes to {target}"
    )
    workers = _workers(former, target, running)
    if running:
        return f"the fleet of {target} runs already, and proved itself when it booted", *workers, shift
    fleet = f"a fleet of {target} boots, at least {_instances(web_min)}, without traffic"
    gate = f"{target} proves itself through the balancer: healthy targets, and answers of its own in a row"
    return fleet, *workers, gate, shift


def _workers(former: Release | None, target: Release, running: bool) -> tuple[str, ...]:
    """What happens to those who take messages: they never wait for each other, a queue keeps what nobody took."""
    own, others = target.manifest.workers, former.manifest.workers if former else ()
    lines = []
    if own:
        number = f"{len(own)} worker process" + ("es" if len(own) > 1 else "")
        starts = ("starts" if len(own) == 1 else "start") + (" again" if running else " with it")
        lines.append(f"{number} ({', '.join(process.name for process in own)}) {starts}")
    if others:
        names = "" if own else f" ({', '.join(process.name for process in others)})"
        lines.append(
            f"{'those' if own else 'the workers'} of {former}{names} stop when the traffic has moved"
        )
    return ("; ".join(lines),) if lines else ()


def _rollback_cost(
    action: Action, former: Release | None, target: Release, warm_after: tuple[Release, ...], web_min: int
) -> str:
    if action == "nothing":
        return ""
    if former is None:
        return f"{target} is the first release: there is nothing to go back to"
    if former in warm_after:
        return f"seconds: {former} stays warm on at least {_instances(web_min)}, nothing has to boot"
    return f"minutes: {former} does not stay warm, at least {_instances(web_min)} would have to boot"


def _headline(plan: Plan) -> str:
    if plan.action == "nothing":
        return f"plan: nothing to release, {plan.wanted} stays live"
    if plan.action == "first":
        return f"plan: first release, {plan.wanted}"
    verb = "roll back" if plan.action == "rollback" else "release"
    return f"plan: {verb} from {plan.former} to {plan.wanted}"


def _names(releases: tuple[Release, ...]) -> str:
    return ", ".join(str(release) for release in releases)


def _instances(number: int) -> str:
    return f"{number} web instance" + ("" if number == 1 else "s")
