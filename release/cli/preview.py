"""`release preview`: what an update would do, told in words, for one or several environments."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.completion import stacks as names
from release.cli.terms import AsJson, Profiles, say, working
from release.errors import CommandRefused, UneventfulError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release.bundle import Bundle
    from release.preview.preview import Differences, Environment, Preview

STAGING = "staging"


def preview(
    stacks: Annotated[
        list[str],
        typer.Option(
            "--stack", "-s", help="An environment; repeatable.", show_default=False, autocompletion=names
        ),
    ],
    version: Annotated[
        str,
        typer.Option(
            "--version", metavar="V", help="Preview bringing this version live.", show_default="as configured"
        ),
    ] = "",
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--bundle",
            metavar="DIR",
            help="Where release build left the bundle; it need not be published.",
            show_default=".uneventful/bundles of the project",
            file_okay=False,
        ),
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The body of one comment on GitHub.")] = False,
    as_json: AsJson = False,
    every: Annotated[bool, typer.Option("--all", help="Name each resource that changes.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse/--no-rehearse", help="Try migrations on a scratch PostgreSQL.")
    ] = True,
    profiles: Profiles = None,
) -> None:
    """Tell what `pulumi up` would do: the release plan, migrations, the way back, resources, time. Changes nothing.

    Exit status 0: every update could be run, whatever it changes; 1: one would be refused, or nobody could find out.
    Example: release preview --stack staging --stack production --markdown
    """
    from release.cli.environments import profiles_of
    from release.preview.preview import Preview

    chosen = tuple(dict.fromkeys(stacks))
    if markdown and as_json:
        raise CommandRefused(
            "a preview is written in one way",
            expected="--markdown, or --json, or neither",
            seen="both",
            state="nothing was previewed",
            next=f"release preview --stack {chosen[0]} --markdown",
        )
    of = profiles_of(profiles or (), chosen)
    built = _bundle(version, bundle)
    wanted = version or (built.manifest.version if built else "")
    with working(f"previewing {', '.join(chosen)}"):
        if len(chosen) == 1 and not of:
            environments: tuple[Environment, ...] = (_one(chosen[0], wanted, built, bundle, rehearse),)
        else:
            environments = asyncio.run(_each(chosen, of, wanted, bundle if built else None, rehearse))
    found = Preview(environments=environments, differences=_differences(chosen), wanted=wanted)
    _print(found, markdown, as_json, every)
    if not found.fine:
        bad = ", ".join(each.stack for each in found.environments if not each.fine)
        typer.echo(f"error: not every update could be run: {bad}; the reasons are above", err=True)
        raise typer.Exit(1)


def _print(found: Preview, markdown: bool, as_json: bool, every: bool) -> None:
    from release.preview import markdown as comment
    from release.preview import text

    if as_json:
        say(found.model_dump_json(by_alias=True, indent=2))
    elif markdown:
        typer.echo(comment.render(found), nl=False)
    else:
        typer.echo(text.render(found, every), nl=False)


def _one(stack: str, version: str, built: Bundle | None, folder: Path | None, rehearse: bool) -> Environment:
    from release.cli.previewed import Wish, preview
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    wish = Wish(version, built or _built_here(project.bundles, version), folder or project.bundles, rehearse)
    return preview(project, wish)


async def _each(
    stacks: Sequence[str],
    profiles: Mapping[str, str],
    version: str,
    folder: Path | None,
    rehearse: bool,
) -> tuple[Environment, ...]:
    """Each by a process of its own: each may have its own region and credentials, and none waits for another."""
    asked = (_by_another(stack, profiles.get(stack, ""), version, folder, rehearse) for stack in stacks)
    return tuple(await asyncio.gather(*asked))


async def _by_another(
    stack: str, profile: str, version: str, folder: Path | None, rehearse: bool
) -> Environment:
    from release.cli.child import RELEASE, output
    from release.preview.preview import Environment, Preview

    options = [*(["--version", version] if version else []), *(["--bundle", str(folder)] if folder else [])]
    options += [] if rehearse else ["--no-rehearse"]
    command = (*RELEASE, "preview", "--json", "--stack", stack, *options)
    done = await output(command, Path.cwd(), profile, None)
    try:
        return Preview.model_validate_json(done.out).environments[0]
    except ValueError:
        return Environment(stack=stack, outcome="failed", error=done.why or "the preview was ended")


def _bundle(version: str, folder: Path | None) -> Bundle | None:
    """The bundle in the folder: that of the version, or the only one. Raises CommandRefused where it is not there."""
    from release.bundle import find

    if folder is None:
        return None
    there = sorted(path.name for path in folder.glob("*.tar.gz"))
    names = {name.rpartition("-")[0] for name in there}
    one = version or (next(iter(names)) if len(names) == 1 else "")
    found = find(folder, one) if one else None
    if found is None:
        raise CommandRefused(
            f"{folder} does not hold the bundle of version {version}" if version else "which bundle?",
            expected=f"one bundle in {folder}" + (f", {version}-*.tar.gz" if version else ", or --version V"),
            seen=", ".join(there) or "none",
            state="nothing was previewed",
            next=f"release build APPLICATION --version {version or 'V'} --out {folder}",
        )
    return found


def _built_here(folder: Path, version: str) -> Bundle | None:
    """As `release deploy` would find it."""
    from release.bundle import find

    return find(folder, version) if version else None


def _differences(stacks: Sequence[str]) -> Differences | None:
    """Between staging and production, where production is among what is previewed and both have a file."""
    from infra.neighbours import clash, place_of
    from infra.settings import PRODUCTION
    from release.cli.compare import in_words
    from release.cli.project import Project
    from release.cli.settings import read_settings
    from release.comparison import compare
    from release.preview.preview import Differences, Row

    projects = tuple(Project.find(Path.cwd(), stack) for stack in (STAGING, PRODUCTION))
    if PRODUCTION not in stacks or not all(project.stack_file.is_file() for project in projects):
        return None
    try:
        one, other = (read_settings(project) for project in projects)
    except UneventfulError as error:
        return Differences(first=STAGING, second=PRODUCTION, unread=str(error))
    found = compare(one, other)
    return Differences(
        first=STAGING,
        second=PRODUCTION,
        rows=tuple(
            Row(key=each.key, first=in_words(each.first), second=in_words(each.second))
            for each in found.differences
        ),
        identical=found.identical,
        warning=clash(place_of(one), place_of(other)),
    )
