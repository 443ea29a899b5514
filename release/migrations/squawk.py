"""squawk, a linter for PostgreSQL migrations: its findings in the statements that will run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrator.statements import Statement
from migrator.tokens import scan
from release.errors import ToolMissing
from release.migrations.rules import KNOWN_BETTER, MIGRATORS, STYLE
from release.migrations.script import Script

POSTGRESQL = "18"


@dataclass(frozen=True)
class Squawked:
    """A finding in a statement: its line in the revision's file, squawk's name for the rule, and squawk's own words."""

    script: Script
    statement: Statement
    line: int
    rule: str
    why: str
    safe: str


def findings(scripts: Sequence[Script]) -> tuple[Squawked, ...]:
    """What squawk finds, but for style and for what the migrator sees to. Backfills are not for it.

    Raises BundleError where it cannot be run.
    """
    scripts = [script for script in scripts if script.revision.kind != "backfill" and script.statements]
    if not scripts:
        return ()
    with tempfile.TemporaryDirectory(prefix="uneventful-") as scratch:
        files: list[str] = []
        starts: list[list[int]] = []
        for number, script in enumerate(scripts):
            text, lines = _laid_out(script.statements)
            path = Path(scratch, f"{number}.sql")
            path.write_text(text, encoding="utf-8")
            files.append(str(path))
            starts.append(lines)
        found = _run(files)
    return tuple(_located(scripts, starts, found))


def _located(
    scripts: Sequence[Script], starts: Sequence[list[int]], found: Sequence[dict[str, object]]
) -> Iterator[Squawked]:
    for each in found:
        number, line = int(Path(str(each["file"])).stem), int(str(each["line"]))
        script, lines = scripts[number], starts[number]
        index = max(place for place, start in enumerate(lines) if start <= line)
        statement = script.statements[index]
        # One operation of Alembic is one line, however long its SQL is.
        inside = 0 if script.revision.python else line - lines[index]
        yield Squawked(
            script,
            statement,
            statement.line + inside,
            str(each["rule_name"]),
            str(each["message"]),
            str(each["help"] or ""),
        )


def _laid_out(statements: Sequence[Statement]) -> tuple[str, list[int]]:
    """The statements as one file, and the line on which each begins. Without comments: one could silence squawk."""
    text, starts = "", []
    for statement in statements:
        starts.append(text.count("\n"))
        for token in scan(statement.text):
            text += " " + "\n" * token.text.count("\n") if token.kind == "comment" else token.text
        text += "\n;\n"
    return text, starts


def _run(files: Sequence[str]) -> list[dict[str, object]]:
    excluded = [f"--exclude={rule}" for rule in (*STYLE, *MIGRATORS, *KNOWN_BETTER)]
    # An empty configuration: one of the folder's own could switch rules off.
    configuration = Path(files[0]).with_name("squawk.toml")
    configuration.write_text("")
    command = [
        *(_executable(), "--reporter", "json", "--pg-version", POSTGRESQL, "--config", str(configuration)),
        *(*excluded, *files),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found
    except ValueError:
        raise ToolMissing(
            "migrations could not be linted",
            expected="findings of squawk as JSON",
            seen=f"exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}",
            state="nothing was built",
            next="make python",
        ) from None


def _executable() -> str:
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.is_file() else shutil.which("squawk")
    if found is None:
        raise ToolMissing(
            "squawk, which reads migrations for what would block the application, is not here",
            expected=f"{beside}, of the package squawk-cli",
            seen="nothing of that name, nor on PATH",
            state="nothing was built",
            next="make python",
        )
    return found
