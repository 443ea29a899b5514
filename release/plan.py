"""The plan: what an update will do about releases, computed before it does anything. Pure.

`resolve` turns the configuration's words into the wanted release; `make_plan` says what that means for the
fleets; `render` is what a preview and an update show first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from release.contraction import Contraction, listed, wanted_contraction
from release.errors import ContractRefused, ReleaseUnknown, SchemaOvertaken, StaleRelease
from release.ledger import Entry, Ledger, Terms, needs, overtaken, promote, shrunk
from release.model import Manifest, Migration, Release, freeze
from release.openapi.judged import Judged
from release.schedules import differences
from release.steps import Action, migrating, moving, rollback_cost

BY_ID = "id:"
"""What a wanted release begins with when it names a frozen release of the ledger instead of a version."""


@dataclass(frozen=True)
class Plan:
    """What an update will do.

    `fleets` are the releases whose fleets the program declares while the update runs, the wanted one (or
    the live one) first. `leaving` are those that run now and are not declared: the engine deletes them at
    the end of an update that succeeded, after the shift, and not at all in one that failed. `warm_after`
    are those that could serve in a second once the update is done, newest first. `migrations` are the wanted release's
    expands and backfills that the database may not have yet; none on a way back. `contraction` is what a contract
    does, where one is wanted. `boots` is the number of each fleet's instance groups, by release id; `over` are those of
    the leaving whose time as warm releases is over. `overridden` is the freeze that does not stop it, and why; `api`
    what changes for clients.
    """

    action: Action
    former: Release | None
    wanted: Release | None
    fleets: tuple[Release, ...]
    leaving: tuple[Release, ...]
    warm_after: tuple[Release, ...]
    steps: tuple[str, ...]
    rollback_cost: str
    migrations: tuple[Migration, ...] = ()
    contraction: Contraction | None = None
    boots: Mapping[str, int] = field(default_factory=dict)
    over: tuple[Entry, ...] = ()
    overridden: str = ""
    api: Judged = field(default_factory=Judged)


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
    doesn't have, SchemaOvertaken for a release that an applied contract has overtaken, and whatever `manifest_of`
    raises.
    """
    if wanted is None or not wanted.strip():
        return None
    text = wanted.strip()
    if text.startswith(BY_ID):
        release = _by_id(ledger, text.removeprefix(BY_ID)).release
        _refuse_overtaken(ledger, release)
        return release
    release = freeze(manifest_of(text), variables, secrets)
    _refuse_overtaken(ledger, release)
    _refuse_stale(ledger, release)
    return release


def make_plan(
    ledger: Ledger,
    wanted: Release | None,
    window: int,
    web_min: int,
    contract: str | None = None,
    terms: Terms = Terms(),
) -> Plan:
    """What bringing `wanted` live does to the stack of this ledger; with None, or what is live already,
    nothing.

    `window` is the number of warm releases to keep, `web_min` the least number of web instances of a fleet. `contract`
    is the id of the live release whose contracts shall be applied; raises ContractRefused where they cannot be.
    `terms` are those by which the ledger will be promoted.
    """
    if contract and wanted and wanted.id != contract:
        raise _two_wishes(ledger, wanted, contract)
    contraction = wanted_contraction(ledger, contract) if contract else None
    former = ledger.live.release if ledger.live else None
    target = wanted or former
    if target is None:
        return Plan("nothing", None, None, (), (), (), (), "")
    after = promote(ledger, target, window, "", terms)
    warm_after = tuple(entry.release for entry in after.warm)
    fleets = (target, *warm_after)
    running = (*((ledger.live,) if ledger.live else ()), *ledger.warm)
    leaving = tuple(entry.release for entry in running if entry.release not in fleets)
    booted = any(entry.release == target and not shrunk(entry, terms.now) for entry in running)
    action: Action = "contract" if contraction else _action(ledger, target)
    migrations = _migrations(ledger, target) if action in ("first", "release") else ()
    return Plan(
        action=action,
        former=former,
        wanted=target,
        fleets=fleets,
        leaving=leaving,
        warm_after=warm_after,
        steps=contraction.lines()
        if contraction
        else (
            *migrating(action, former, target, migrations),
            *moving(action, former, target, booted, web_min, terms.baked),
        ),
        rollback_cost=rollback_cost(action, former, target, warm_after, web_min, terms.warm),
        migrations=migrations,
        contraction=contraction,
        boots={entry.release.id: entry.boot for entry in (after.live, *after.warm) if entry},
        over=tuple(e for e in running if e.release in leaving and shrunk(e, terms.now)),
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
    over = {entry.release: entry.warm_until for entry in plan.over}
    drained = tuple(release for release in plan.leaving if release not in over)
    if drained:
        lines.append(f"  leaves:        {_names(drained)}, after the shift and drained")
    for release, until in over.items():
        lines.append(f"  leaves:        {release}, which was warm until {until}")
    if plan.rollback_cost:
        lines.append(f"  rollback cost: {plan.rollback_cost}")
    lines += [f"  schedule:      {line}" for line in _schedules(plan)]
    lines += [f"  allowed:       {allowed}" for allowed in _allowed(plan)]
    lines += [f"  api:           {line}" for line in plan.api.lines()]
    if plan.overridden:
        lines.append(f"  overridden:    {plan.overridden}")
    return "\n".join(lines)


def _by_id(ledger: Ledger, release_id: str) -> Entry:
    entry = ledger.find(release_id)
    if entry is None:
        known = [f"{e.release.id} ({e.release.version}, {e.state})" for e in reversed(ledger.entries)]
        raise ReleaseUnknown(
            f"this stack never had a release with the id {release_id!r}",
            expected="one of " + (", ".join(known[:5]) if known else "none: nothing was released yet"),
            seen=f"{BY_ID}{release_id}",
            state=unchanged(ledger),
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
                state=unchanged(ledger),
                next=f"git pull, where this checkout is old; or, to go back on purpose,\n"
                f"release rollback --to {entry.release.id} --stack STACK",
            )


def _refuse_overtaken(ledger: Ledger, release: Release) -> None:
    lost = overtaken(release, ledger.contracts)
    if not lost:
        return
    able = [e.release for e in reversed(ledger.entries) if not overtaken(e.release, ledger.contracts)]
    appliers = {entry.release.id: entry.release for entry in ledger.entries}
    live, back = able[0], able[1:2]
    raise SchemaOvertaken(
        f"{release} cannot live with the database any more: a contract has taken away what its code needs",
        expected=f"a release that knows {', '.join(c.revision for c in lost)}: {listed(able)}",
        seen="\n".join(
            f"contract {c.revision}, applied by {appliers.get(c.release, f'release {c.release}')} at {c.at or '?'}; "
            f"not in the bundle of {release}"
            for c in lost
        ),
        state=unchanged(ledger),
        next="a contract is not undone: roll forward. Build what is wanted on the migrations of "
        f"version {live.version}, then\nrelease deploy NEW-VERSION --stack STACK"
        + "".join(
            f"\nor go back only as far as release rollback --to {r.id} --stack STACK  ({r})" for r in back
        ),
    )


def _two_wishes(ledger: Ledger, wanted: Release, contract: str) -> ContractRefused:
    return ContractRefused(
        "a release and a contract are wanted in one update",
        expected="a contract of what is live, in an update of its own",
        seen=f"{wanted} as uneventful:release, and uneventful:contract: {contract}",
        state=unchanged(ledger),
        next="release deploy VERSION --stack STACK; once it is live, release contract --stack STACK",
    )


def _migrations(ledger: Ledger, target: Release) -> tuple[Migration, ...]:
    """Those that no release of the ledger has needed: what was live had all of its own applied."""
    applied = {revision for entry in ledger.entries for revision in needs(entry.release)}
    wanted = set(needs(target)) - applied
    return tuple(migration for migration in target.manifest.migrations if migration.revision in wanted)


def _allowed(plan: Plan) -> tuple[str, ...]:
    """The exceptions that what runs in this update asks for."""
    if plan.wanted is None:
        return ()
    contracts = plan.contraction.revisions if plan.contraction else ()
    run = {migration.revision for migration in (*plan.migrations, *contracts)}
    return tuple(str(allowed) for allowed in plan.wanted.manifest.allowed if allowed.revision in run)


def _schedules(plan: Plan) -> tuple[str, ...]:
    """What the handover does to the schedules, each by name."""
    before, after = (each.manifest.schedules if each else () for each in (plan.former, plan.wanted))
    return differences(before, after).lines()


def unchanged(ledger: Ledger) -> str:
    """What holds when a plan is refused, in words."""
    live = ledger.live
    return f"{live.release} serves as before; nothing was changed" if live else "nothing was changed"


def _action(ledger: Ledger, target: Release) -> Action:
    if ledger.live is None:
        return "first"
    if ledger.live.release.id == target.id:
        return "nothing"
    return "rollback" if ledger.find(target.id) else "release"


def _headline(plan: Plan) -> str:
    if plan.action == "nothing":
        return f"plan: nothing to release, {plan.wanted} stays live"
    if plan.contraction:
        return f"plan: contract the schema to what {plan.wanted} needs"
    if plan.action == "first":
        return f"plan: first release, {plan.wanted}"
    verb = "roll back" if plan.action == "rollback" else "release"
    return f"plan: {verb} from {plan.former} to {plan.wanted}"


def _names(releases: tuple[Release, ...]) -> str:
    return ", ".join(str(release) for release in releases)
