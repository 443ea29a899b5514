"""Where a rollback goes and what that costs, from the ledger and from what serves now. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from release.errors import NoWayBack, ReleaseUnknown
from release.ledger import Entry, Ledger
from release.model import Manifest
from release.plan import BY_ID, resolve

_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class Now:
    """What a rollback finds. `weights` are the percents that the balancer was told, by release (id).

    `candidates` are the releases with a fleet that never were live. `pinned` is the release of an earlier rollback that
    no update has recorded, `unfinished` says that whoever wrote the weights last was not seen to end.
    """

    weights: Mapping[str, int]
    candidates: frozenset[str] = frozenset()
    pinned: str = ""
    unfinished: bool = False

    @property
    def releasing(self) -> bool:
        """Whether a release has begun to move traffic, and has not come to its end."""
        return bool(self.candidates) and (
            self.unfinished or any(self.weights.get(release) for release in self.candidates)
        )


def target(ledger: Ledger, to: str, now: Now) -> Entry:
    """The release to go back to: `to` is an id or a version; empty for the last good one.

    That is what is live by the ledger while a release is unfinished; the target of an earlier rollback that is not
    recorded yet; otherwise the warm release that was live last, or without one the latest retired.

    Raises:
        ReleaseUnknown: this stack never had it.
        PlanError: there is none to go back to, or the wanted one has all the traffic already and is live.
        SchemaOvertaken: the database has lost what it needs.
    """
    entry = _named(ledger, to) if to else _last_good(ledger, now)
    resolve(ledger, f"{BY_ID}{entry.release.id}", _no_manifest, {})
    if _is_live(ledger, entry) and not now.pinned and not now.releasing and _alone(now, entry.release.id):
        raise NoWayBack(
            f"{entry.release} is live and has all the traffic: there is nothing to roll back",
            expected="--to another release",
            seen=_known(ledger),
            state="nothing was changed",
            next="release status --stack STACK",
        )
    return entry


def is_warm(entry: Entry) -> bool:
    """Whether its fleet is kept running, so that it can serve in a second."""
    return entry.state != "retired"


def cost(entry: Entry, healthy: int) -> str:
    """What it takes until the release serves, in words; `healthy` are its web instances that are (a warm release whose
    time is over has none).
    """
    if is_warm(entry) and healthy:
        return f"{healthy} warm {_instances(healthy)}, no boot, no migration, about 1 s"
    return "minutes: its instances must boot and prove themselves; no migration"


def leaving(ledger: Ledger, entry: Entry, now: Now) -> str:
    """Who has the traffic now, in words."""
    found = {release: weight for release, weight in now.weights.items() if weight}
    total = sum(found.values()) or 1
    names = [
        f"{name(ledger, release)}" + (f" at {100 * weight / total:.0f} %" if len(found) > 1 else "")
        for release, weight in sorted(found.items(), key=lambda x: -x[1])
    ]
    if list(found) == [entry.release.id]:
        return f"{entry.release}, which has the traffic already"
    return " and ".join(names) or "nobody"


def name(ledger: Ledger, release: str) -> str:
    """The release with this id as people know it."""
    entry = ledger.find(release)
    return str(entry.release) if entry else f"release {release}"


def _named(ledger: Ledger, to: str) -> Entry:
    wanted = to.removeprefix(BY_ID)
    if _ID.fullmatch(wanted):
        found = ledger.find(wanted)
        if found:
            return found
    matching = ledger.of_version(to)
    if matching:
        # The same bundle with other variables is another release: the one that is not live is meant.
        return next((entry for entry in matching if entry is not ledger.live), matching[0])
    raise ReleaseUnknown(
        f"this stack never had a release {to!r}",
        expected=_known(ledger),
        seen=f"--to {to}",
        state="nothing was changed",
        next=f"release deploy {to} --stack STACK, where it is a version that was never live",
    )


def _last_good(ledger: Ledger, now: Now) -> Entry:
    pinned = ledger.find(now.pinned) if now.pinned else None
    if pinned:
        return pinned
    if ledger.live and now.releasing:
        return ledger.live
    found = next(iter((*ledger.warm, *ledger.entries[-2:-1])), None)
    if found is None:
        raise NoWayBack(
            "there is no release to go back to",
            expected="one that was live before",
            seen=_known(ledger),
            state="nothing was changed",
            next="release deploy VERSION --stack STACK",
        )
    return found


def _is_live(ledger: Ledger, entry: Entry) -> bool:
    return ledger.live is not None and ledger.live.release.id == entry.release.id


def _alone(now: Now, release: str) -> bool:
    return [found for found, weight in now.weights.items() if weight] == [release]


def _known(ledger: Ledger) -> str:
    known = [f"{e.release.version} (id {e.release.id}, {e.state})" for e in reversed(ledger.entries)]
    return ", ".join(known[:5]) or "none: nothing was released yet"


def _no_manifest(version: str) -> Manifest:
    raise AssertionError(f"a release of the ledger needs no manifest of {version}")


def _instances(number: int) -> str:
    return "instance" if number == 1 else "instances"
