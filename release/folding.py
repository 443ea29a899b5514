"""Entries of long ago as one text each. Pulumi handles each value of a nested output on its own: with a thousand
retired releases in full, a preview of the example takes half as long again (`make bench-rollback`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

IN_FULL = 50
"""So many of a ledger's last entries are not folded, whatever they are."""


def fold(entry: Mapping[str, Any]) -> str:
    """The entry as JSON on one line; the same entry gives the same text."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))


def unfolded(stored: Any) -> Any:
    """What was folded; anything that is no text as it is. Raises ValueError for a text that is no JSON."""
    return json.loads(stored) if isinstance(stored, str) else stored
