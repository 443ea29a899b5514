"""The options and the voice that all verbs share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from release.cli.answer import noted
from release.cli.completion import stacks

Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        help="The environment: dev, staging, production.",
        show_default=False,
        autocompletion=stacks,
    ),
]

Why = Annotated[
    str,
    typer.Option(
        "--reason", "--message", "-m", metavar="TEXT", help="Why, for the history.", show_default=False
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs (docs/json.md).")]

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="The folder where bundles are kept.",
        show_default=".uneventful/bundles of the project",
        file_okay=False,
    ),
]

OverrideFreeze = Annotated[
    str,
    typer.Option(
        "--override-freeze",
        metavar="REASON",
        help="Go ahead in spite of uneventful:freeze; the reason is kept in the history.",
        show_default=False,
    ),
]


Profiles = Annotated[
    list[str] | None,
    typer.Option("--profile", metavar="STACK=NAME", help="The AWS profile for one environment; repeatable."),
]

AcceptApi = Annotated[
    str,
    typer.Option(
        "--accept-api-changes",
        metavar="REASON",
        help="Go ahead although the OpenAPI document breaks clients of the live release; the reason is kept.",
        show_default=False,
    ),
]


@contextmanager
def working(doing: str) -> Iterator[None]:
    """Show on a terminal that something is being done, and for how long; nothing is left of it afterwards."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(doing, total=None)
        yield


def say(text: str) -> None:
    """A line for whoever typed the command."""
    noted()
    typer.echo(text)


def with_override(message: str, freeze: str, api: str = "") -> str:
    """The message of an update, and why it overrides a freeze or breaks clients, if it does."""
    reasons = (("freeze overridden", freeze), ("API changes accepted", api))
    told = "; ".join(f"{what}: {reason}" for what, reason in reasons if reason)
    return f"{message} ({told})" if told else message


def for_this_update(freeze: str, api: str) -> dict[str, str]:
    """The keys of the configuration that say so for this one update."""
    from release.cli.configuration import ACCEPT_API, OVERRIDE

    return {key: reason for key, reason in ((OVERRIDE, freeze), (ACCEPT_API, api)) if reason}


def size_in_words(size: int) -> str:
    """Bytes as people say them."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
