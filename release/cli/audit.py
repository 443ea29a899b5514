"""`release audit`: everything that an auditor asks about a stack's releases, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from release.cli.completion import stacks
from release.cli.terms import say
from release.errors import CommandError, CommandRefused

_PAGES, _OBJECTS = (".html", ".htm"), (".json",)


def audit(
    out: Annotated[
        Path, typer.Option("--out", help="Where to write: a .html or a .json file.", dir_okay=False)
    ],
    stack: Annotated[
        str,
        typer.Option(
            "--stack", "-s", help="The environment: dev, staging, production.", autocompletion=stacks
        ),
    ] = "",
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE", help="What `pulumi stack export` printed, instead of --stack."
        ),
    ] = None,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history", metavar="FILE", help="What `pulumi stack history --json` printed, beside --export."
        ),
    ] = None,
) -> None:
    """Write the report: releases with digest, approver and evidence, migrations, refusals, rollbacks; secrets masked.

    The same state and history give the same file, from the stack or from saved files.

    Example: release audit --stack production --out production.html
    """
    if out.suffix.lower() not in (*_PAGES, *_OBJECTS):
        raise _refused(f"a file that ends in {' or '.join((*_PAGES, *_OBJECTS))}", f"--out {out}")
    if bool(stack) == (export is not None) or (history and not export):
        raise _refused(
            "--stack STACK, or --export FILE with or without --history FILE",
            " and ".join(
                name
                for name, given in (("--stack", stack), ("--export", export), ("--history", history))
                if given
            )
            or "neither",
        )
    from release.audit.masking import Mask, values
    from release.audit.record import read
    from release.audit.report import report

    exported, updates = _asked(stack) if export is None else _loaded(export, history)
    record = read(exported)
    found = report(record, updates, Mask(values(exported) | values(list(updates or ()))))
    out.write_text(_page(found) if out.suffix.lower() in _PAGES else _object(found), encoding="utf-8")
    counts = ", ".join(
        f"{len(found[what])} {what}" for what in ("releases", "migrations", "refusals", "rollbacks")
    )
    say(f"{out}: {counts}, from the state of {record.moment or 'no known moment'}")
    if history is None and export is not None:
        say("without a history; pulumi stack history --json --page-size 100000 prints one for --history")


def _asked(stack: str) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    from release.cli.engine import Engine
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    engine = Engine(project)
    return engine.exported(), engine.history()


def _loaded(
    export: Path, history: Path | None
) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]] | None]:
    exported, updates = _parsed(export), _parsed(history) if history else None
    if not isinstance(exported, dict):
        raise _refused("what `pulumi stack export` prints", f"{export}, which is no JSON object")
    if updates is not None and not isinstance(updates, list):
        raise _refused("what `pulumi stack history --json` prints", f"{history}, which is no JSON list")
    return exported, updates


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _refused("JSON in UTF-8", f"{path}: {error}") from None


def _page(report: Mapping[str, Any]) -> str:
    from release.audit.page import render

    return render(report)


def _object(report: Mapping[str, Any]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _refused(expected: str, seen: str) -> CommandError:
    return CommandRefused(
        "no report was made",
        expected=expected,
        seen=seen,
        state="nothing was written",
        next="release audit --stack STACK --out report.html",
    )
