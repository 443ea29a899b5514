"""What `release build` does with an application's migrations before it packs them: read, order, lint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from release.application import Migrations
from release.migrations import squawk
from release.migrations.folder import Allowed, listing, read_folder
from release.migrations.lint import lint
from release.migrations.revisions import Revision
from release.migrations.script import scripts
from release.migrations.used import uses


@dataclass(frozen=True)
class Checked:
    """An application's migrations in order, and what was found in them and is allowed."""

    path: str = ""
    revisions: tuple[Revision, ...] = ()
    allowed: tuple[Allowed, ...] = ()

    def listing(self) -> bytes:
        """What the bundle says about them."""
        return listing(self.path, self.revisions, self.allowed)


def check(packed: Path, code: Path, migrations: Migrations | None) -> Checked:
    """The migrations of an application. `packed` is the folder that will be packed, `code` the one that people wrote,
    without what a build step put into it.

    Raises BundleError for what cannot be read, put in order or run, and for findings that no file allows.
    """
    if migrations is None:
        return Checked()
    revisions = read_folder(packed, migrations.path)
    read = scripts(packed / migrations.path, revisions)
    report = lint(read, squawk.findings(read), uses(code, migrations.path, read), migrations.allow)
    report.refuse()
    return Checked(migrations.path, revisions, report.allowed)
