"""The revisions of a folder in the order in which they are applied. Pure.

Two chains: expand revisions and backfills follow one another, each naming the one before, so that there is one first
and one last. Contract revisions are a chain of their own, in the order of their numbers; one may follow an expand
revision, and nothing but another contract may follow a contract: expand runs when a release comes, contract perhaps
never.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from release.migrations.revisions import Revision, unusable


def order(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """First the expand chain, then the contracts. Raises BundleError for what has no such order."""
    found = sorted(revisions, key=lambda revision: revision.file)
    known: dict[str, Revision] = {}
    for revision in found:
        other = known.setdefault(revision.revision, revision)
        if other is not revision:
            raise unusable(
                f"two migrations are revision {revision.revision}",
                expected="an id that occurs once",
                seen=f"{other.where()} and {revision.where()}",
                next=f"give {revision.file} another revision, and its successor another 'after'",
            )
    for revision in found:
        _check_after(revision, known)
    expands = [revision for revision in found if revision.kind != "contract"]
    contracts = [revision for revision in found if revision.kind == "contract"]
    return (*_chained(expands), *_by_number(contracts))


def _check_after(revision: Revision, known: dict[str, Revision]) -> None:
    for name in revision.after:
        before = known.get(name)
        if before is None or before is revision:
            raise unusable(
                f"{revision.where('after')} follows a revision that is not here: {name}",
                expected=f"one of {', '.join(sorted(set(known) - {revision.revision})) or 'none: it is the only one'}",
                seen=f"after {name}",
                next=f"restore the file of revision {name}, or edit {revision.file}",
            )
        if before.kind == "contract" and revision.kind != "contract":
            raise unusable(
                f"{revision.where('after')} follows a contract: {name}",
                expected="an expand or a backfill: these run when the release comes, a contract when its time has come",
                seen=f"{revision.kind} {revision.revision} after contract {name} ({before.file})",
                next=f"let {revision.file} follow the last expand or backfill instead",
            )


def _chained(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    following: dict[str, Revision] = {}
    for revision in revisions:
        if len(revision.after) > 1:
            raise unusable(
                f"{revision.where('after')} follows more than one revision",
                expected="the one revision before it",
                seen=", ".join(revision.after),
                next=f"edit {revision.file}",
            )
        other = following.setdefault(revision.down, revision)
        if other is not revision:
            raise _two_heads(other, revision)
    chain: list[Revision] = []
    name = ""
    while name in following:
        chain.append(following[name])
        name = chain[-1].revision
    if len(chain) < len(revisions):
        ring = [revision for revision in revisions if revision not in chain]
        raise unusable(
            f"{ring[0].where('after')} and what it follows go round in a ring",
            expected="a first revision, which follows none",
            seen=", ".join(f"{revision.revision} after {revision.down}" for revision in ring),
            next=f"edit {ring[0].file}",
        )
    return tuple(chain)


def _two_heads(first: Revision, second: Revision) -> Exception:
    if first.down:
        what, seen = f"two migrations follow {first.down}", f"after {first.down}"
    else:
        what, seen = "two migrations say that they are the first", "no 'after'"
    return unusable(
        f"{what}: {first.where('after')} and {second.where('after')}",
        expected="one line of revisions: which of the two comes first?",
        seen=f"{first.revision} and {second.revision}, both with {seen}",
        next=f"edit {second.file}: -- after: {first.revision}",
    )


def _by_number(contracts: Sequence[Revision]) -> tuple[Revision, ...]:
    place = {revision.revision: index for index, revision in enumerate(contracts)}
    follower: dict[str, Revision] = {}
    for index, revision in enumerate(contracts):
        for name in revision.after:
            if place.get(name, -1) > index:
                raise unusable(
                    f"{revision.where('after')} follows a contract with a higher number",
                    expected="a contract before it: contracts run in the order of their numbers",
                    seen=f"{revision.file} after {contracts[place[name]].file}",
                    next=f"give {revision.file} a higher number",
                )
            if name in place and follower.setdefault(name, revision) is not revision:
                raise _two_heads(follower[name], revision)
    return tuple(contracts)
