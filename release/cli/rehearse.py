"""`release rehearse`: what migrations would do, tried on a PostgreSQL that is gone afterwards."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Out, say, working
from release.errors import CommandRefused

if TYPE_CHECKING:
    from release.migrations.script import Script
    from release.rehearsal.observation import Observed
    from release.rehearsal.rehearse import Code
    from release.rehearsal.scratch import Scratch


def rehearse(
    application: Annotated[Path, typer.Argument(metavar="DIR", help="The application as it is to be.")],
    before: Annotated[
        str, typer.Option("--before", help="What serves now: a version built here, or a folder.")
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="A dump of its database (pg_dump), for real sizes.", dir_okay=False, exists=True
        ),
    ] = None,
    out: Out = None,
) -> None:
    """Apply the pending migrations to a scratch database: locks, rewrites and times of each statement; and try the
    code that serves now against the schema to come.

    Example: release rehearse examples/shop --before 2024.1
    """
    from release.rehearsal.scratch import scratch

    new = _code("the application", application.resolve())
    with tempfile.TemporaryDirectory(prefix="uneventful-") as folder:
        old = _before(before, out, Path(folder)) if before else None
        with working("starting a scratch PostgreSQL"), scratch() as server:
            _rehearse(new, old, server, data)


def _rehearse(new: Code, old: Code | None, server: Scratch, data: Path | None) -> None:
    from release.rehearsal.rehearse import apply, pending, smoke
    from release.rehearsal.restore import applied_in, restore

    wanted, former = _scripts(new), _scripts(old) if old else ()
    former = tuple(script for script in former if script.revision.kind != "contract")
    applied = frozenset(script.revision.revision for script in former)
    if data:
        restore(server, data)
        applied = applied_in(server, applied)
    elif old:
        for script in former:
            apply(server, script, _folder(old), lambda *_: None)
    if old:
        smoke(old, server, "with its own schema, before anything was changed")
    todo = tuple(pending(wanted, applied))
    expands = [script for script in todo if script.revision.kind != "contract"]
    for script in expands:
        apply(server, script, _folder(new), _tell)
    if old:
        tried = smoke(old, server, "with the schema to come")
        say(
            f"{old.name} works with the schema to come"
            if tried
            else f"{old.name} has no [smoke] command: not tried"
        )
    for script in (script for script in todo if script.revision.kind == "contract"):
        apply(server, script, _folder(new), _tell)
    if smoke(new, server, "with its own schema, contracts included"):
        say(f"{new.name} works with it, contracts included")
    say(f"{len(todo)} of {len(wanted)} migrations were pending; only a scratch database was touched")


def _tell(script: Script, line: int, statement: str, observed: Observed) -> None:
    rows = f", {observed.rows:,} rows" if observed.rows >= 0 else ""
    say(f"{script.revision.file}:{line}  {observed.seconds * 1000:,.0f} ms{rows}  {statement}")
    for table in observed.rewritten:
        say(f"  writes {table} anew")
    for lock in observed.locks or ():
        say(f"  {lock}")


def _before(named: str, out: Path | None, scratch: Path) -> Code:
    """What serves now: a folder, or the bundle of a version, unpacked."""
    from release.bundle import find
    from release.cli.project import bundles_of, find_folder

    if Path(named).is_dir():
        return _code(named, Path(named).resolve())
    here = Path.cwd()
    bundles = out or bundles_of(find_folder(here) or here)
    bundle = find(bundles, named)
    if bundle is None:
        raise CommandRefused(
            f"{named} is neither a folder nor a version that was built here",
            expected=f"a folder, or a bundle {bundles}/{named}-*.tar.gz",
            seen=", ".join(sorted(path.name for path in bundles.glob("*.tar.gz")))
            or f"no bundle in {bundles}",
            state="nothing was rehearsed",
            next=f"release build DIR --version {named}",
        )
    with tarfile.open(bundle.path) as archive:
        archive.extractall(scratch, filter="data")
    return _code(f"version {named}", scratch)


def _code(name: str, folder: Path) -> Code:
    from release.application import read_options
    from release.rehearsal.rehearse import Code

    return Code(name, folder, read_options(folder))


def _folder(code: Code) -> Path:
    return code.folder / (code.options.migrations.path if code.options.migrations else "")


def _scripts(code: Code) -> tuple[Script, ...]:
    from release.migrations.folder import read_folder
    from release.migrations.script import scripts

    if not code.options.migrations:
        return ()
    return scripts(_folder(code), read_folder(code.folder, code.options.migrations.path))
