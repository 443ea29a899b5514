"""The migrations that a bundle carries: its list, and each revision's file.

The list is `.uneventful/migrations.json`, written when the bundle was built:
`{"path": FOLDER, "revisions": [{"revision", "kind", "file", "checksum", "down"}, …]}` in the order of
application. A bundle without it has no migrations.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from migrator.errors import BundleUnreadable

Kind = Literal["expand", "contract", "backfill"]
KINDS: tuple[Kind, ...] = ("expand", "contract", "backfill")
Branch = Literal["expand", "contract"]

LIST = Path(".uneventful/migrations.json")

_HEADER = re.compile(r"--\s*([a-z]+)\s*:\s*(.*?)\s*$")


@dataclass(frozen=True)
class Revision:
    """One revision as the bundle's list names it. `checksum` is the sha256 of its file's bytes (64 hex);
    `down` are the revisions that it says it follows, separated by commas.
    """

    revision: str
    kind: Kind
    file: str
    checksum: str
    down: str = ""

    @property
    def branch(self) -> Branch:
        """Backfills stand in the branch of the expands: old and new code live with both."""
        return "contract" if self.kind == "contract" else "expand"

    @property
    def follows(self) -> tuple[str, ...]:
        """The revisions that it says it follows."""
        return tuple(part.strip() for part in self.down.split(",") if part.strip())

    @property
    def in_python(self) -> bool:
        """Whether its file is Python."""
        return self.file.endswith(".py")


@dataclass(frozen=True)
class Bundle:
    """A bundle's revisions in order, and the folder that holds their files."""

    folder: Path
    revisions: tuple[Revision, ...] = ()

    def find(self, revision: str) -> Revision | None:
        """The revision of that id, if the bundle has it."""
        return next((one for one in self.revisions if one.revision == revision), None)

    def read(self, revision: Revision) -> str:
        """The revision's text. Raises BundleUnreadable where the file isn't the one that the list was made of."""
        path = self.folder / revision.file
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable("a file of text that can be read", f"{revision.file}: {error}") from None
        checksum = hashlib.sha256(content).hexdigest()
        if checksum != revision.checksum:
            raise _unreadable(
                f"{revision.file} with the checksum {revision.checksum}, as the bundle's list has it",
                checksum,
            )
        return text


def load(bundle: Path) -> Bundle:
    """The migrations of the unpacked bundle in that folder. Raises BundleUnreadable."""
    try:
        document = json.loads((bundle / LIST).read_text())
    except FileNotFoundError:
        return Bundle(bundle)
    except (OSError, ValueError) as error:
        raise _unreadable(f"a JSON document in {LIST}", str(error)) from None
    try:
        revisions = tuple(_revision(entry) for entry in document["revisions"])
        folder = bundle / document["path"]
    except (KeyError, TypeError) as error:
        raise _unreadable(f"'path' and 'revisions' in {LIST}", f"{type(error).__name__}: {error}") from None
    ids = [revision.revision for revision in revisions]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise _unreadable(f"each revision once in {LIST}", f"twice: {', '.join(twice)}")
    return Bundle(folder, revisions)


def header(text: str) -> Mapping[str, str]:
    """The `-- name: value` lines at the top of a file of SQL."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("--"):
            break
        if match := _HEADER.match(stripped):
            found.setdefault(match.group(1), match.group(2))
    return found


def _revision(entry: Mapping[str, str]) -> Revision:
    kind = entry["kind"]
    if kind not in KINDS:
        raise _unreadable(f"a kind among {', '.join(KINDS)}", f"{entry['revision']}: {kind!r}")
    return Revision(
        revision=entry["revision"],
        kind=kind,
        file=entry["file"],
        checksum=entry["checksum"],
        down=entry.get("down") or "",
    )


def _unreadable(expected: str, seen: str) -> BundleUnreadable:
    return BundleUnreadable(
        "the bundle's migrations cannot be used",
        expected=expected,
        seen=seen,
        state="nothing was run",
        next="release build: make the bundle again, under another version",
    )
