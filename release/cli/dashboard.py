"""`release dashboard`: all environments on a page of this machine, which only reads."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from release.cli.terms import Profiles, say
from release.errors import CommandRefused

PORT = 8643


def dashboard(
    stacks: Annotated[
        list[str] | None,
        typer.Option("--stack", "-s", help="Only this environment; repeatable.", show_default="all of them"),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where to serve; 0 is any free port.")
    ] = PORT,
    opens: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open", help="Open it in the browser.", show_default="where there is a desktop"
        ),
    ] = None,
    profiles: Profiles = None,
) -> None:
    """Show all environments side by side on http://127.0.0.1:8643/, kept up to date until Ctrl-C.

    It changes nothing, needs no network but for AWS, and answers to this machine alone.

    Example: release dashboard --stack staging --stack production
    """
    import asyncio

    from release.cli.environments import known, profiles_of
    from release.cli.project import Project
    from release.cli.settings import stacks_of
    from release.dashboard.app import app
    from release.dashboard.commands import Commands
    from release.dashboard.reader import Reader
    from release.dashboard.serving import HOST, listen, serve

    folder = Project.find(Path.cwd(), "").folder
    chosen = tuple(dict.fromkeys(stacks or ()))
    every = stacks_of(folder)
    named = {*chosen, *(each.partition("=")[0] for each in profiles or ())}
    if not named <= set(every):
        every, _ = known(folder)
    unknown = [each for each in chosen if each not in every]
    if unknown:
        raise CommandRefused(
            f"there is no environment {', '.join(unknown)}",
            expected=f"--stack with one of {', '.join(every)}",
            seen=", ".join(unknown),
            state="nothing was started",
            next="release status --all",
        )
    source = Commands(folder, chosen, profiles_of(profiles or (), every))
    with listen(port) as listening:
        url = f"http://{HOST}:{listening.getsockname()[1]}/"
        say(f"{url}   (Ctrl-C ends it)")
        if opens if opens is not None else _desktop():
            import webbrowser

            webbrowser.open(url)
        reader = Reader(source)
        asyncio.run(serve(listening, app(reader, source.report, folder.name), reader))


def _desktop() -> bool:
    """Whether somebody sits here who has windows: elsewhere a browser would take over the terminal."""
    seen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return seen and sys.stdout.isatty()
