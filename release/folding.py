"""Entries of long ago in few texts. Pulumi handles each value of a nested output on its own, and each byte of it many
times over: with a thousand retired releases in full, a preview of the example takes half as long again, with a text
each a tenth (`make bench-rollback`).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

IN_FULL = 10
"""So many of a ledger's last entries are not folded, whatever they are."""

PACK = 50
"""So many entries, one after the other from a multiple of it on, are one text together, once all of them are folded."""

_PACKED = "zlib:"


def fold(entry: Mapping[str, Any]) -> str:
    """The entry as JSON on one line; the same entry gives the same text."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))


def pack(entries: Sequence[Mapping[str, Any]]) -> str:
    """The entries as one text: a word that says how, then JSON's list of them, by zlib and base64."""
    told = f"[{','.join(map(fold, entries))}]"
    return _PACKED + base64.b64encode(zlib.compress(told.encode())).decode()


def packed(stored: object) -> bool:
    """Whether it is what `pack` gives."""
    return isinstance(stored, str) and stored.startswith(_PACKED)


def unfolded(stored: Iterable[Any]) -> Iterator[Any]:
    """What was folded or packed, and anything else as it is. Raises ValueError for a text that is neither."""
    for one in stored:
        yield from each(one)


def each(stored: Any) -> Sequence[Any]:
    """The one entry, or the several, of what is stored as one. Raises ValueError as `unfolded`."""
    if not isinstance(stored, str):
        return (stored,)
    try:
        return _unpacked(stored) if packed(stored) else (json.loads(stored),)
    except (ValueError, zlib.error) as error:
        raise ValueError(f"{stored!r:.100}: {error}") from None


def _unpacked(text: str) -> Sequence[Any]:
    entries = json.loads(zlib.decompress(base64.b64decode(text.removeprefix(_PACKED), validate=True)))
    if not isinstance(entries, list):
        raise ValueError(f"a list is expected, not {type(entries).__name__}")
    return entries
