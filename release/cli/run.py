"""`release run`: one command with a release's code and variables, on the operations host."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.completion import known
from release.cli.terms import Stack
from release.errors import CommandRefused, HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Collection

    from release.ledger import Ledger
    from release.model import Release

OUTPUT = "operations"
"""The stack's output that says how to reach the host; a secret."""


def run(
    stack: Stack,
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND…", help="Words, or one word that is a line for the shell."),
    ],
    release: Annotated[
        str,
        typer.Option(
            "--release",
            metavar="ID|VERSION",
            help="A warm one.",
            show_default="the live one",
            autocompletion=known,
        ),
    ] = "",
    limit: Annotated[
        str, typer.Option("--limit", metavar="SPAN", help="How long it may take: 90s, 10m, 8h.")
    ] = "1h",
) -> int:
    """Run a command with the live release's code and variables. The exit status is the command's own.

    Ctrl-C ends it there too; 124 says that its time was over. What is typed here is kept in the history.

    Example: release run --stack production -- python3 -m shop.tidy --days 30
    """
    from infra.operations_programs import RUN
    from release import remote
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.command import Place, line, order
    from release.logs import seconds
    from release.who import who

    allowed = seconds(limit)
    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    told = engine.secret_output(OUTPUT)
    chosen = choose(engine.state().ledger, release, told["logins"], stack)
    place = Place(
        **{name: told[name] for name in ("bucket", "region", "known", "cache", "shared")},
        login=told["logins"][chosen.id],
    )
    asked = order(chosen, place, line(command), by=who(), limit=allowed, attended=True)
    host = remote.Host(told["host"], int(told["port"]), told["user"], told["hostKey"], told["key"])
    try:
        return asyncio.run(remote.run(host, RUN, json.dumps(asked)))
    except HostUnreachable as error:
        raise HostUnreachable(
            error.what,
            expected=error.expected,
            seen=error.seen,
            state=error.state,
            next=error.next.replace("STACK", stack),
        ) from error


def choose(ledger: Ledger, wanted: str, logins: Collection[str], stack: str) -> Release:
    """The live release, or the one that is `wanted` by its id or its version. `logins` are the ids of those that can
    reach the database: the live one and those that are warm. Raises CommandError where there is none.
    """
    running = [entry.release for entry in (ledger.live, *ledger.warm) if entry]
    able = [release for release in running if release.id in logins]
    named = [release for release in able if wanted in ("", release.id, release.version)]
    if named:
        return named[0]
    raise CommandRefused(
        f"no release {wanted} runs" if wanted else "no release is live, so there is nothing to run",
        expected=", ".join(map(str, able)) or "a live release",
        seen=wanted or "none",
        state="nothing was run",
        next=f"release status --stack {stack}" if able else f"release deploy VERSION --stack {stack}",
    )
