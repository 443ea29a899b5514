"""`release migration`: write one, and have the linter read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import say
from release.errors import CommandRefused

if TYPE_CHECKING:
    from release.migrations.revisions import Kind

migration = typer.Typer(
    name="migration",
    help="Changes of the application's database: write one, and lint them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DEFAULT_PATH = "migrations"

Application = Annotated[
    Path, typer.Option("--application", help="The application's folder.", file_okay=False)
]


@migration.command()
def new(
    title: Annotated[str, typer.Argument(metavar="TITLE", help='What it does, like "add email".')],
    expand: Annotated[bool, typer.Option("--expand", help="Old and new code can both live with it.")] = False,
    contract: Annotated[bool, typer.Option("--contract", help="Only the new code can.")] = False,
    backfill: Annotated[bool, typer.Option("--backfill", help="It fills in data, in batches.")] = False,
    python: Annotated[
        bool, typer.Option("--python", help="With Alembic's operations; default: SQL.")
    ] = False,
    application: Application = Path(),
) -> None:
    """Write a migration from a template that shows the ways which make nobody wait.

    Example: release migration new "add email" --expand --application examples/shop
    """
    from release.application import read_options
    from release.migrations.folder import read_folder
    from release.migrations.template import new

    chosen = _kind(expand, contract, backfill)
    options = read_options(application)
    path = options.migrations.path if options.migrations else _DEFAULT_PATH
    folder = application / path
    folder.mkdir(parents=True, exist_ok=True)
    name, text = new(title, chosen, python, read_folder(application, path))
    file = folder / name
    with file.open("x", encoding="utf-8") as opened:
        opened.write(text)
    say(f"{file}")
    if not options.migrations:
        say(f'  release.toml does not name the folder yet; it wants:\n    [migrations]\n    path = "{path}"')
    say(f"  next: edit it, then release migration lint {application}")


@migration.command()
def lint(
    application: Annotated[
        Path, typer.Argument(metavar="DIR", help="The application.", file_okay=False)
    ] = Path(),
) -> None:
    """Read an application's migrations as `release build` does: order, squawk, and what squawk cannot see.

    Example: release migration lint examples/shop
    """
    from release.application import read_options
    from release.migrations.check import check

    folder = application.resolve()
    checked = check(folder, folder, read_options(folder).migrations)
    for allowed in checked.allowed:
        say(f"{allowed}")
    count = len(checked.revisions)
    say(
        f"{count} migration{'' if count == 1 else 's'}, nothing that people would notice"
        if count
        else "no migration"
    )


def _kind(expand: bool, contract: bool, backfill: bool) -> Kind:
    asked: list[Kind] = []
    asked += ["expand"] if expand else []
    asked += ["contract"] if contract else []
    asked += ["backfill"] if backfill else []
    if len(asked) != 1:
        raise CommandRefused(
            "which kind of migration?",
            expected="one of --expand (old and new code can both live with it), --contract (only the new code can), "
            "--backfill (it fills in data)",
            seen=", ".join(f"--{kind}" for kind in asked) or "none of them",
            state="nothing was written",
            next='release migration new "add email" --expand',
        )
    return asked[0]
