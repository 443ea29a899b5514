"""Contraction: the schema gives up what only older releases need. What that does, and when it is refused. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from release.errors import ContractRefused
from release.ledger import Ledger, overtaken
from release.model import Migration, Release

_SHOWN = 4


@dataclass(frozen=True)
class Contraction:
    """`release` is live and applies `revisions`, in order. `ends` are the releases that nobody can go back to
    afterwards, the latest first; they are told to stay out of the database, and so are the `gone`, for whom an earlier
    contract did the same.
    """

    release: Release
    revisions: tuple[Migration, ...]
    ends: tuple[Release, ...]
    gone: tuple[Release, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The revisions' ids."""
        return tuple(migration.revision for migration in self.revisions)

    def lines(self) -> tuple[str, ...]:
        """What it does, for people."""
        older = f"the database logins of {listed(self.ends)} are closed, and no session of theirs may be left"
        return (
            *([older] if self.ends else []),
            f"{_revisions(self.names)} of {self.release} runs on the operations host, while it serves",
            f"this ends the way back to {listed(self.ends)}, for good"
            if self.ends
            else "this ends no way back: whoever was live here can live with it",
        )


def contraction(ledger: Ledger) -> Contraction:
    """What a contract of the live release would do; whether a warm release is in its way says `in_the_way`.

    Raises ContractRefused where nothing is live, and where the live release has no contract that is not applied.
    """
    live = ledger.live
    if live is None:
        raise ContractRefused(
            "nothing is live, so there is nothing to contract",
            expected="a release that serves",
            seen="an empty ledger",
            state="nothing was changed",
            next="release deploy VERSION --stack STACK",
        )
    release = live.release
    done = {contract.revision for contract in ledger.contracts}
    own = [migration for migration in release.manifest.migrations if migration.kind == "contract"]
    left = tuple(migration for migration in own if migration.revision not in done)
    if not left:
        applied = [f"{c.revision} by release {c.release} at {c.at or '?'}" for c in ledger.contracts]
        raise ContractRefused(
            f"nothing is left to contract: {release} has no contract that is not applied",
            expected="a contract migration in the live release's bundle",
            seen=f"its contracts: {', '.join(m.revision for m in own) or 'none'}; "
            f"applied here: {'; '.join(applied) or 'none'}",
            state=f"{release} serves as before; nothing was changed",
            next='release migration new "drop what nobody reads" --contract, in the next version',
        )
    newest_first = [entry.release for entry in reversed(ledger.entries)]
    gone = tuple(each for each in newest_first if overtaken(each, ledger.contracts))
    ends = tuple(each for each in newest_first if each not in gone and not _knows(each, left))
    return Contraction(release, left, ends, gone)


def wanted_contraction(ledger: Ledger, wanted: str) -> Contraction:
    """The contraction that `uneventful:contract` names by the id of the release that must be live.

    Raises ContractRefused where another one is live, where nothing is left to do, and where a warm release still needs
    the old schema.
    """
    live = ledger.live
    if live is None or live.release.id != wanted:
        raise ContractRefused(
            f"the contract of release {wanted} is wanted, and that is not what is live",
            expected=f"{live.release}, which is live" if live else "a release that is live",
            seen=f"uneventful:contract: {wanted}",
            state=f"{live.release} serves as before; nothing was changed" if live else "nothing was changed",
            next="release contract --stack STACK; nothing needs to be kept in the stack's file",
        )
    found = contraction(ledger)
    blocking = in_the_way(ledger, found)
    if blocking:
        raise ContractRefused(
            f"{listed(blocking)} still {'needs' if len(blocking) == 1 else 'need'} what {', '.join(found.names)} "
            "takes away",
            expected="no warm release that does not know the contract",
            seen=", ".join(f"{release} warm, without {found.names[0]}" for release in blocking),
            state=f"{found.release} serves as before; nothing was changed",
            next="release contract --stack STACK, which first lets them leave",
        )
    return found


def in_the_way(ledger: Ledger, wanted: Contraction) -> tuple[Release, ...]:
    """The warm releases that the contract would overtake, the latest first."""
    return tuple(entry.release for entry in ledger.warm if not _knows(entry.release, wanted.revisions))


def room(ledger: Ledger, wanted: Contraction) -> int:
    """How many warm releases may stay: the window that lets those in the way leave, and nobody else where it can be."""
    blocking = in_the_way(ledger, wanted)
    return next((i for i, entry in enumerate(ledger.warm) if entry.release in blocking), len(ledger.warm))


def _knows(release: Release, revisions: tuple[Migration, ...]) -> bool:
    own = {migration.revision for migration in release.manifest.migrations}
    return all(migration.revision in own for migration in revisions)


def listed(releases: Sequence[Release]) -> str:
    """Their names, the first few of them."""
    more = len(releases) - _SHOWN
    return ", ".join(map(str, releases[:_SHOWN])) + (f" and {more} older" if more > 0 else "")


def _revisions(names: Sequence[str]) -> str:
    return f"the contract{'s' if len(names) > 1 else ''} {', '.join(names)}"
