"""`release secrets`: what processes must know and nobody should read. Changing one is another release."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.variables import NAME_PATTERN, RESERVED_VARIABLES
from release.cli.terms import AsJson, Stack, say
from release.errors import CommandError, CommandRefused, EnvironmentUnmade

if TYPE_CHECKING:
    from release.cli.project import Project
    from release.cli.state import StackState
    from release.secret_variables import SecretVariables, Version

secrets = typer.Typer(
    name="secrets",
    help="Set, list and remove the secret variables of an environment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A variable's name.")]


@secrets.command("set")
def set_(name: Name, stack: Stack) -> None:
    """Give a secret variable a value, which is asked for, or read from standard input.

    Example: release secrets set SMTP_PASSWORD --stack production
    """
    project, state = _begin(stack)
    _check_name(name, project)
    value = _value(name)
    _change(project, state, name, value)


@secrets.command("list")
def list_(stack: Stack, as_json: AsJson = False) -> None:
    """Show the names of the secret variables, never a value.

    Example: release secrets list --stack production
    """
    project, state = _begin(stack)
    newest = asyncio.run(_secret(project, state).newest())
    if as_json:
        from release.cli.configuration import SECRETS, value_of

        named = value_of(project.configuration, SECRETS)
        told = {
            "stack": stack,
            "names": sorted(newest.pairs),
            "newest": newest.id or None,
            "named": named or None,
        }
        say(json.dumps(told, indent=2))
        return
    for name in sorted(newest.pairs):
        say(name)
    if not newest.pairs:
        say(f"no secret variable yet: release secrets set NAME --stack {stack}")
    _tell_other_version(project, newest)


@secrets.command("rm")
def remove(name: Name, stack: Stack) -> None:
    """Remove a secret variable from the releases to come.

    Example: release secrets rm SMTP_PASSWORD --stack production
    """
    project, state = _begin(stack)
    _change(project, state, name, None)


def _begin(stack: str) -> tuple[Project, StackState]:
    from release.cli.engine import Engine
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    engine = Engine(project)
    project.tell_region()
    return project, engine.state()


def _change(project: Project, state: StackState, name: str, value: str | None) -> None:
    """Make a version with this value (None: without the name), and name it in the stack's file."""
    from release.cli.configuration import SECRETS, value_of, with_secrets

    secret = _secret(project, state)
    named = value_of(project.configuration, SECRETS) or ""
    needed = {named, *(entry.release.secrets for entry in state.ledger.entries if entry.state != "retired")}

    async def change() -> tuple[Version, str]:
        newest = await secret.newest()
        if value is None and name not in newest.pairs:
            raise _unknown(name, newest, project.stack)
        rest = {other: kept for other, kept in newest.pairs.items() if other != name}
        return newest, await secret.make(rest if value is None else {**rest, name: value}, needed)

    newest, version = asyncio.run(change())
    text = with_secrets(project.configuration, version)
    project.stack_file.write_text(text, encoding="utf-8")
    done = "removed" if value is None else "changed" if name in newest.pairs else "set"
    say(f"{name} is {done}: {project.stack_file.name} names version {version}")
    if named != newest.id:
        say(f"  made from the newest version, {newest.id or 'none'}; the file named {named or 'none'}")
    say(f"  what runs keeps its own; next: release deploy VERSION --stack {project.stack}")


def _secret(project: Project, state: StackState) -> SecretVariables:
    from release.aws import Calls
    from release.secret_variables import SecretVariables

    if not state.variables_secret:
        raise EnvironmentUnmade(
            f"the environment {project.stack} has no place for secret variables yet",
            expected="an environment that an update has made",
            seen="a state without the output variablesSecret",
            state="nothing was changed",
            next=f"pulumi up --stack {project.stack}",
        )
    return SecretVariables(Calls("secretsmanager"), state.variables_secret)


def _check_name(name: str, project: Project) -> None:
    from release.cli.settings import read_settings

    reserved = name in RESERVED_VARIABLES
    if reserved or not re.fullmatch(NAME_PATTERN, name):
        raise CommandRefused(
            f"the variable {name!r} cannot be set" + (": every instance sets it itself" if reserved else ""),
            expected=f"letters, digits and underscores, no digit first, none of {', '.join(RESERVED_VARIABLES)}",
            seen=repr(name),
            state="nothing was changed",
            next=f"release secrets set ANOTHER --stack {project.stack}",
        )
    if name in read_settings(project).variables:
        raise CommandRefused(
            f"{name} is a plain variable of {project.stack}, which would win over the secret one",
            expected="a name that is not in uneventful:variables",
            seen=f"{name} in {project.stack_file.name}",
            state="nothing was changed",
            next=f"remove {name} from uneventful:variables, then type the command again",
        )


def _value(name: str) -> str:
    """The value, by a way on which nobody else sees it. One line end after what was piped in is not part of it."""
    if sys.stdin.isatty():
        value: str = typer.prompt(f"value of {name}", hide_input=True)
    else:
        value = sys.stdin.read().removesuffix("\n")
    wrong = [letter for letter in value if ord(letter) < 32 and letter not in "\t\n"]
    if not value or wrong:
        raise CommandRefused(
            f"{name} cannot have that value",
            expected="text without control characters but tabs and line ends, at least one character",
            seen=f"a control character, {wrong[0]!r}" if wrong else "nothing",
            state="nothing was changed",
            next=f"release secrets set {name} --stack STACK < FILE",
        )
    return value


def _unknown(name: str, newest: Version, stack: str) -> CommandError:
    return CommandRefused(
        f"there is no secret variable {name}",
        expected="one of " + (", ".join(sorted(newest.pairs)) or "none: nothing was set yet"),
        seen=name,
        state="nothing was changed",
        next=f"release secrets list --stack {stack}",
    )


def _tell_other_version(project: Project, newest: Version) -> None:
    from release.cli.configuration import SECRETS, value_of

    named = value_of(project.configuration, SECRETS) or ""
    if newest.id and named != newest.id:
        say(f"{project.stack_file.name} names {named or 'no version'}; the newest is {newest.id}")
