"""One revision of an application's schema: a file, what it says about itself, and nothing that needs a database. Pure.

A file is `NNNN_name.KIND.sql` or `NNNN_name.KIND.py`, KIND being expand, contract or backfill. In SQL the comments
before the first statement name it (`-- revision: 0002`, `-- after: 0001`), in Python the variables that Alembic has
for it do (`revision`, `down_revision`, `depends_on`).
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from release.errors import BundleError, MigrationUnusable
from release.model import REVISION_PATTERN

Kind = Literal["expand", "contract", "backfill"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FILE_PATTERN = re.compile(
    rf"^(?P<number>[0-9]{{4,}})_(?P<name>[a-z0-9_]+)\.(?P<kind>{'|'.join(KINDS)})\.(?P<language>sql|py)$"
)

_HEADER = re.compile(r"^--\s*(revision|after|batch|pause)\s*:\s*(.*?)\s*$")
_PYTHON_HEADER = ("revision", "down_revision", "depends_on")

BATCH = (1, 1_000_000)
"""Rows that a batch of a backfill may have."""

PAUSE = (0.0, 60.0)
"""Seconds that a backfill may pause between two batches."""


@dataclass(frozen=True)
class Revision:
    """What one file says.

    `after` are the revisions that it follows, none for the first; `lines` says where the file says what (a key of its
    header -> its line, from 1). `text` is the file's content, `checksum` the sha256 of its bytes in hex.
    """

    revision: str
    kind: Kind
    file: str
    text: str
    checksum: str
    after: tuple[str, ...]
    lines: dict[str, int]

    @property
    def python(self) -> bool:
        return self.file.endswith(".py")

    @property
    def down(self) -> str:
        """The revisions that it follows, with commas between them; empty for the first."""
        return ",".join(self.after)

    def where(self, key: str = "revision") -> str:
        """`file:line`, for an error about what a key of the header says."""
        return f"{self.file}:{self.lines.get(key, 1)}"


def read(file: str, content: bytes) -> Revision:
    """The revision in a file. Raises BundleError, naming file and line, for one that cannot be a revision."""
    named = FILE_PATTERN.match(file)
    if not named:
        raise unusable(
            f"{file} is no name for a migration",
            expected="NNNN_name.KIND.sql or .py; KIND is expand, contract or backfill",
            seen=file,
            next='release migration new "add email" --expand',
        )
    kind = cast("Kind", named["kind"])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise unusable(
            f"{file} is not text", expected="UTF-8", seen=str(error), next=f"edit {file}"
        ) from None
    header, lines = (_python_header if named["language"] == "py" else _sql_header)(file, text, kind)
    revision = header.get("revision", ("",))
    if len(revision) != 1 or not re.fullmatch(REVISION_PATTERN, revision[0]):
        raise unusable(
            f"{file}:{lines.get('revision', 1)} does not name its revision",
            expected=f"{_example(named['language'], named['number'])}\n(letters, digits, '_' and '.', at most 64)",
            seen=repr(revision[0])
            if "revision" in header
            else "nothing of that kind before the first statement",
            next=f"edit {file}",
        )
    after = tuple(dict.fromkeys((*header.get("after", ()), *header.get("depends_on", ()))))
    return Revision(revision[0], kind, file, text, hashlib.sha256(content).hexdigest(), after, lines)


def unusable(what: str, *, expected: str, seen: str, next: str) -> BundleError:
    """The error for a migration that nothing can be done with."""
    return MigrationUnusable(what, expected=expected, seen=seen, state="nothing was built", next=next)


def _example(language: str, number: str) -> str:
    return f'revision = "{number}"' if language == "py" else f"-- revision: {number}"


def _sql_header(file: str, text: str, kind: Kind) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    header: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.strip().startswith("--"):
            break
        found = _HEADER.match(line.strip())
        if not found:
            continue
        key, value = found[1], found[2]
        if key in header:
            raise unusable(
                f"{file}:{number} says {key!r} again",
                expected="each once",
                seen=line.strip(),
                next=f"edit {file}",
            )
        if key in ("batch", "pause"):
            _check_throttle(file, number, kind, key, value)
        header[key] = tuple(part.strip() for part in value.split(",") if part.strip())
        lines[key] = number
    return header, lines


def _check_throttle(file: str, number: int, kind: Kind, key: str, value: str) -> None:
    (low, high), pattern = (BATCH, r"[0-9]{1,7}") if key == "batch" else (PAUSE, r"[0-9]{1,2}(\.[0-9]+)?")
    if kind != "backfill" or not re.fullmatch(pattern, value) or not low <= float(value) <= high:
        raise unusable(
            f"{file}:{number} cannot be used",
            expected=f"a number from {low} to {high}, in a backfill",
            seen=f"-- {key}: {value}, in a file of the kind {kind}",
            next=f"edit {file}",
        )


def _python_header(file: str, text: str, kind: Kind) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    try:
        module = ast.parse(text, file)
    except SyntaxError as error:
        raise unusable(
            f"{file}:{error.lineno or 1} is not Python",
            expected="a module that Alembic could load",
            seen=f"{error.msg}: {(error.text or '').strip()}",
            next=f"edit {file}",
        ) from None
    header: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _PYTHON_HEADER and isinstance(value, ast.expr):
                key = "after" if target.id == "down_revision" else target.id
                header[key] = _literal(file, target.id, value)
                lines[key] = node.lineno
    wanted = "batch" if kind == "backfill" else "upgrade"
    if not any(isinstance(node, ast.FunctionDef) and node.name == wanted for node in module.body):
        raise unusable(
            f"{file} has no function {wanted}",
            expected="def batch(connection) -> int" if kind == "backfill" else "def upgrade() -> None",
            seen=", ".join(n.name for n in module.body if isinstance(n, ast.FunctionDef))
            or "no function at all",
            next=f"edit {file}",
        )
    return header, lines


def _literal(file: str, name: str, value: ast.expr) -> tuple[str, ...]:
    try:
        found = ast.literal_eval(value)
    except ValueError:
        found = value
    if found is None:
        return ()
    names = (found,) if isinstance(found, str) else found
    if not (isinstance(names, (tuple, list)) and all(isinstance(each, str) for each in names)):
        raise unusable(
            f"{file}:{value.lineno} cannot be read without running it",
            expected=f'{name} = "0001", or None',
            seen=f"{name} = {ast.unparse(value)}",
            next=f"edit {file}",
        )
    return tuple(names)
