"""What a run has to do: from what the bundle carries, what is asked for, and what the database has. Pure.

Nothing is left to a runner that would look for a head by itself: the steps are named, in order, and a step that
was not asked for is never pulled in by another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from migrator.errors import BundleUnreadable, ChecksumChanged, Gap, OrderError, TwoHeads, UnknownRevision
from migrator.ledger import Row
from migrator.request import Request
from migrator.revisions import Bundle, Revision


@dataclass(frozen=True)
class Step:
    """A revision to run; `row` is what an earlier run left of it, if one began."""

    revision: Revision
    row: Row | None = None


@dataclass(frozen=True)
class Decision:
    """The steps in order, the revisions that are applied already, and what is worth a line of the log."""

    steps: tuple[Step, ...]
    applied: tuple[str, ...]
    notes: tuple[str, ...] = ()


def decide(bundle: Bundle, request: Request, rows: Sequence[Row]) -> Decision:
    """What is to run so that every revision of the request is applied.

    Raises OrderError, of the kind that its name says, before anything is touched.
    """
    by_revision = {row.revision: row for row in rows}
    wanted = _wanted(bundle, request)
    _one_head(bundle)
    _unchanged(bundle, by_revision)
    pending = tuple(one for one in wanted if not _applied(by_revision, one.revision))
    notes = _unknown(bundle, rows, pending)
    if request.do == "migrate" and not request.revisions:
        _complete(bundle, by_revision)
    _without_gaps(bundle, by_revision, pending, request)
    return Decision(
        steps=tuple(Step(one, by_revision.get(one.revision)) for one in pending),
        applied=tuple(one.revision for one in wanted if one not in pending),
        notes=notes,
    )


def _wanted(bundle: Bundle, request: Request) -> tuple[Revision, ...]:
    """The revisions that are named, each of them of a kind that the task may run, in the bundle's order."""
    branch = "contract" if request.do == "contract" else "expand"
    for name in request.revisions:
        found = bundle.find(name)
        if found is None:
            raise UnknownRevision(
                f"this release's bundle has no revision {name}",
                expected=f"one of: {_listed(one.revision for one in bundle.revisions)}",
                state="nothing was run",
                next="release build: the version's list of migrations and its bundle don't belong together",
            )
        if found.branch != branch:
            raise OrderError(
                f"{name} is of the kind {found.kind}, and this run is not for those",
                expected="expands and backfills before a release, contracts by `release contract`",
                seen=f"do: {request.do}",
                state="nothing was run",
                next="release deploy for a version, release contract for its contracts",
            )
    order = tuple(one for one in bundle.revisions if one.revision in request.revisions)
    if tuple(one.revision for one in order) != request.revisions:
        raise OrderError(
            "the revisions are asked for in another order than the bundle has",
            expected=_listed(one.revision for one in order),
            seen=_listed(request.revisions),
            state="nothing was run",
            next="release build: make the bundle again, under another version",
        )
    return order


def _one_head(bundle: Bundle) -> None:
    """Expands and backfills are one chain with one beginning; a contract has at most one contract after it."""
    followers: dict[str, Revision] = {}
    earlier: set[str] = set()
    for one in bundle.revisions:
        before = [down for down in one.follows if one.branch == "expand" or _is_contract(bundle, down)]
        for down in before or ([""] if one.branch == "expand" else []):
            other = followers.setdefault(down, one)
            if other is not one:
                raise TwoHeads(
                    f"the {one.branch} branch has two heads",
                    expected=f"one revision after {down}" if down else "one first revision",
                    seen=f"{other.revision}, {one.revision}",
                    state="nothing was run",
                    next=f"let {one.revision} come after {other.revision}, and build the version again",
                )
        if missing := [down for down in one.follows if down not in earlier]:
            raise BundleUnreadable(
                f"{one.revision} follows {missing[0]}, which doesn't come before it",
                expected="a list in the order of application",
                seen=_listed(other.revision for other in bundle.revisions),
                state="nothing was run",
                next="release build: make the bundle again",
            )
        earlier.add(one.revision)


def _is_contract(bundle: Bundle, name: str) -> bool:
    found = bundle.find(name)
    return found is not None and found.kind == "contract"


def _unchanged(bundle: Bundle, rows: Mapping[str, Row]) -> None:
    for one in bundle.revisions:
        row = rows.get(one.revision)
        if row is None or not row.applied or (row.checksum, row.kind) == (one.checksum, one.kind):
            continue
        raise ChecksumChanged(
            f"revision {one.revision} was changed after it was applied",
            expected=f"{row.checksum} ({row.kind}, {row.file}), as release {row.release}"
            f"{f' ({row.version})' if row.version else ''} applied it",
            seen=f"{one.checksum} ({one.kind}, {one.file}) in this bundle",
            state="nothing was run; the database has the former text",
            next=f"put {one.file} back as it was, and write what is new as a revision of its own",
        )


def _unknown(bundle: Bundle, rows: Sequence[Row], pending: Sequence[Revision]) -> tuple[str, ...]:
    """An older release meets what newer ones did: it can live with their expands, not with their contracts."""
    unknown = [row for row in rows if row.touched and bundle.find(row.revision) is None]
    contracts = [row for row in unknown if row.kind == "contract"]
    if contracts:
        row = contracts[0]
        raise UnknownRevision(
            f"the database has the contract {row.revision}, which this release doesn't know",
            expected="a schema that this release was written for",
            seen=f"{row.outcome} by release {row.release}{f' ({row.version})' if row.version else ''}",
            state="nothing was run; whatever serves goes on",
            next="deploy a version that carries this revision: a contract is not undone",
        )
    if unknown and pending:
        raise TwoHeads(
            "the database has a revision that this bundle hasn't, and the bundle one that the database hasn't",
            expected=f"{unknown[0].revision} before {pending[0].revision} in one chain",
            seen=f"{unknown[0].revision} from release {unknown[0].release}; {pending[0].revision} to be applied",
            state="nothing was run",
            next=f"bring {unknown[0].file} into this version and let {pending[0].revision} come after it",
        )
    return tuple(
        f"{row.revision} ({row.kind}) of release {row.release} is not in this bundle, which can live with it"
        for row in unknown
    )


def _complete(bundle: Bundle, rows: Mapping[str, Row]) -> None:
    """On the way back nothing runs, so all that the release needs has to be there."""
    missing = [one for one in bundle.revisions if one.branch == "expand" and not _applied(rows, one.revision)]
    if missing:
        raise UnknownRevision(
            f"the database has not the revision {missing[0].revision}, which this release needs",
            expected=f"{_listed(one.revision for one in missing)} applied, as when it was live before",
            seen=f"applied: {_listed(row.revision for row in rows.values() if row.applied)}",
            state="nothing was run: going back runs no migration; whatever serves goes on",
            next="was the database restored from an earlier day? Then deploy a new version, which brings its revisions",
        )


def _without_gaps(
    bundle: Bundle, rows: Mapping[str, Row], pending: Sequence[Revision], request: Request
) -> None:
    for one in pending:
        chain = [other for other in bundle.revisions if other.branch == one.branch]
        place = chain.index(one)
        later = next((o for o in chain[place + 1 :] if _applied(rows, o.revision)), None)
        if later is not None:
            raise Gap(
                f"{later.revision} is applied, and {one.revision}, which comes before it, is not",
                expected=f"{one.revision} after {chain[place - 1].revision if place else 'the beginning'} and "
                f"before {later.revision}",
                seen=f"applied: {_listed(o.revision for o in chain if _applied(rows, o.revision))}",
                state="nothing was run",
                next=f"let {one.revision} come after {later.revision}, and build the version again",
            )
        missing = [o for o in _needs(bundle, one) if o not in pending and not _applied(rows, o.revision)]
        if missing:
            raise Gap(
                f"{one.revision} needs {missing[0].revision}, which is neither applied nor asked for",
                expected=f"{missing[0].revision} ({missing[0].kind}) first",
                seen=f"do: {request.do}, revisions: {_listed(request.revisions)}",
                state="nothing was run",
                next="release deploy: the version's expands come with it" if one.kind == "contract" else "",
            )


def _needs(bundle: Bundle, one: Revision) -> list[Revision]:
    """What comes before it in its branch; for a contract the expands before it as well."""
    earlier = takewhile(lambda other: other is not one, bundle.revisions)
    return [other for other in earlier if other.branch in (one.branch, "expand")]


def _applied(rows: Mapping[str, Row], revision: str) -> bool:
    row = rows.get(revision)
    return row is not None and row.applied


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
