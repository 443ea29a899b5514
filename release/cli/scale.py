"""`release scale`: how many instances each process has at least and at most, in the stack's file and in the cloud."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say
from release.errors import CommandRefused, SizesNotApplied

if TYPE_CHECKING:
    from infra.settings import Settings

_WEB = "web"
_WISH = re.compile(r"(?P<process>[^=]+)=(?P<least>\d{1,4})(\.\.(?P<most>\d{1,4}))?")


@dataclass(frozen=True)
class Size:
    """Instances of a process of each release: at least, and at most."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least}..{self.most}"


def scale(
    sizes: Annotated[
        list[str], typer.Argument(metavar="PROCESS=MIN..MAX…", help="web=2..6, worker=3 (always three).")
    ],
    stack: Stack,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't show a preview and ask first.")] = False,
) -> None:
    """Write the sizes into the stack's file and apply them. Where they are not applied, the file is as it was.

    Example: release scale web=2..6 worker=1..4 --stack production
    """
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.cli.settings import read_settings, settings_in

    wanted = wishes(sizes, stack)
    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    before, file = read_settings(project), project.stack_file
    live = engine.state().ledger.live
    known = {process.name for process in live.release.manifest.processes} if live else set()
    _check_names(wanted, {_WEB, *before.workers, *known}, stack)
    written = file.read_bytes()
    text = with_sizes(written.decode(), wanted)
    settings_in(text, file.name)
    changes = changed(before, wanted)
    if not changes:
        say(f"{file.name} says so already; pulumi up --stack {stack} applies it where that was not done yet")
        return
    for line in changes:
        say(line)
    _write(file, text.encode())
    applied = False
    try:
        words = ", ".join(f"{name} {size}" for name, size in wanted.items())
        ended = engine.up(None, f"scale {words}", ask=not yes and sys.stdin.isatty())
        applied = ended.status == 0
    finally:
        if not applied and file.read_bytes() == text.encode():
            _write(file, written)
    if not applied:
        raise SizesNotApplied(
            "the sizes were not applied; the reason is above",
            expected="; ".join(changes),
            seen="interrupted" if ended.interrupted else f"pulumi up ended with {ended.status}",
            state=f"{file.name} is as it was before; traffic is where it was",
            next=f"pulumi up --stack {stack} makes all be as the file says",
        )
    say(f"{file.name} says so, and it is so; instances follow within a minute or two")


def wishes(sizes: Sequence[str], stack: str) -> Mapping[str, Size]:
    """What was typed. Raises CommandError for what makes no sense."""
    wanted: dict[str, Size] = {}
    for typed in sizes:
        found = _WISH.fullmatch(typed)
        if found is None or found["process"] in wanted:
            raise CommandRefused(
                f"{typed} does not say how many instances of which process",
                expected="PROCESS=MIN..MAX or PROCESS=NUMBER, each process once",
                seen=typed,
                state="nothing was changed",
                next=f"release scale web=2..6 --stack {stack}",
            )
        least = int(found["least"])
        size = Size(least, int(found["most"] or least))
        if size.most < size.least:
            raise CommandRefused(
                f"{typed} asks for at most {size.most} instances, but at least {size.least}",
                expected="PROCESS=MIN..MAX, the smaller number first",
                seen=typed,
                state="nothing was changed",
                next=f"release scale {found['process']}={size.most}..{size.least} --stack {stack}",
            )
        wanted[found["process"]] = size
    return wanted


def with_sizes(text: str, wanted: Mapping[str, Size]) -> str:
    """The text of a stack's file with these sizes; every other letter of it stays."""
    from release.cli.edited import edited

    for process, size in wanted.items():
        place = ("uneventful:web",) if process == _WEB else ("uneventful:workers", process)
        text = edited(text, ("config", *place), {"min": size.least, "max": size.most})
    return text


def changed(before: Settings, wanted: Mapping[str, Size]) -> tuple[str, ...]:
    """In words, what becomes another size."""
    from infra.running import Worker

    lines = []
    for process, size in wanted.items():
        now = before.web if process == _WEB else before.workers.get(process, Worker())
        if (now.min, now.max) != (size.least, size.most):
            lines.append(f"{process}: {Size(now.min, now.max)} -> {size} instances")
    return tuple(lines)


def _check_names(wanted: Mapping[str, Size], known: set[str], stack: str) -> None:
    strange = sorted(wanted.keys() - known)
    if strange:
        raise CommandRefused(
            f"no process is called {strange[0]}",
            expected=", ".join(sorted(known)),
            seen=", ".join(strange),
            state="nothing was changed",
            next=f"release ps --stack {stack}",
        )


def _write(file: Path, content: bytes) -> None:
    """All of it or nothing, whoever is killed."""
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(content)
    new.chmod(file.stat().st_mode)
    new.replace(file)
