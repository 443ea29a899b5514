"""Applications with migrations, for tests."""

from pathlib import Path

from release.application import Migrations
from release.errors import BundleError
from release.migrations import squawk
from release.migrations.check import Checked, check
from release.migrations.folder import read_folder
from release.migrations.lint import Finding, lint
from release.migrations.script import scripts
from release.migrations.used import uses

HEADER = "-- revision: {revision}\n"


def write(application: Path, **files: str) -> Path:
    """Put migrations into an application: `e1="…"` is the expand 1, `c2` the contract 2, `b3` the backfill 3; each
    begins with its revision (one line), and follows nothing that it doesn't name itself.
    """
    kinds = {"e": "expand", "c": "contract", "b": "backfill"}
    folder = application / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    for key, text in files.items():
        number = f"{int(key[1:]):04}"
        (folder / f"{number}_x.{kinds[key[0]]}.sql").write_text(f"-- revision: {number}\n{text}\n")
    return application


def found(application: Path, allow: dict[str, dict[str, str]] | None = None) -> tuple[Finding, ...]:
    """All that the linter finds in the application's migrations and nothing allows."""
    read = scripts(application / "migrations", read_folder(application, "migrations"))
    return lint(read, squawk.findings(read), uses(application, "migrations", read), allow or {}).findings


def rules(application: Path) -> list[str]:
    return [finding.rule for finding in found(application)]


def checked(application: Path) -> Checked:
    return check(application, application, Migrations(path="migrations"))


def refused(application: Path) -> BundleError:
    """The error that stops the build."""
    try:
        checked(application)
    except BundleError as error:
        return error
    raise AssertionError("the build was not stopped")
