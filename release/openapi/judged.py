"""Whether a release may go live over what it changes for the clients of the live one; all that it asks is handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from release.errors import ApiBroken, ApiNotCompared
from release.model import OpenApi, Release
from release.openapi.changes import BREAKS, Change, breaking

Fetch = Callable[[OpenApi], bytes]
"""The document's bytes, from the bundle bucket."""
Compare = Callable[[bytes, bytes], tuple[Change, ...]]

MOST = 12
"""Changes that an error names; the preview names all."""


@dataclass(frozen=True)
class Judged:
    """What changes for clients, and why that is accepted; empty where it need not be."""

    changes: tuple[Change, ...] = ()
    accepted: str = ""

    def lines(self) -> tuple[str, ...]:
        """A line a change, and one more for the reason."""
        return (*map(str, self.changes), *((f"accepted: {self.accepted}",) if self.accepted else ()))


def judge(
    live: Release | None, wanted: Release | None, fetch: Fetch, compare: Compare, accepted: str
) -> Judged:
    """What `wanted` changes for the clients of `live`, by the documents of both.

    Raises ApiBroken where a change breaks them, or the document is gone, and ApiNotCompared where nobody can tell:
    both unless there is a reason to accept it.
    """
    before, after = (each.manifest.openapi if each else None for each in (live, wanted))
    if live is None or wanted is None or before is None or before.digest == (after.digest if after else ""):
        return Judged()
    try:
        changes = compare(fetch(before), fetch(after)) if after else (_gone(before),)
    except ApiNotCompared as error:
        if not accepted:
            raise error.now(_state(live)) from None
        return Judged(accepted=f"{accepted} (they could not be compared: {error.seen})")
    broken = breaking(changes)
    if broken and not accepted:
        raise _broken(live, wanted, broken)
    return Judged(changes, accepted if broken else "")


def _gone(before: OpenApi) -> Change:
    text = f"the wanted release carries no OpenAPI document any more, the live one had {before.path}"
    return Change(BREAKS, "", "", text, "document-removed")


def _broken(live: Release, wanted: Release, broken: tuple[Change, ...]) -> ApiBroken:
    named = [str(change).removeprefix(f"{BREAKS} clients: ") for change in broken]
    rest = [f"and {len(named) - MOST} more: release preview names them"] if len(named) > MOST else []
    return ApiBroken(
        f"{wanted} breaks the clients of {live}: {len(broken)} change{'s' * (len(broken) > 1)} of its OpenAPI document",
        expected="a document that whoever calls the live release can go on with",
        seen="\n".join([*named[:MOST], *rest]),
        state=_state(live),
        next="keep what clients use beside what is new, and build another version;\n"
        "or, where nobody uses it, the same command with --accept-api-changes WHY",
    )


def _state(live: Release) -> str:
    return f"{live} is live, as before; nothing was changed"
