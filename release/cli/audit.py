"""`release audit`: everything that an auditor asks about a stack's releases, in one file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from release.cli.completion import stacks
from release.cli.terms import say
from release.cli.written import Written, write

_AUDIT = Written("release audit --stack STACK --out report.html")


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
    _AUDIT.must_be_known(out)
    if bool(stack) == (export is not None) or (history and not export):
        raise _AUDIT.refused(
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
    write(found, out, _page)
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
        raise _AUDIT.refused("what `pulumi stack export` prints", f"{export}, which is no JSON object")
    if updates is not None and not isinstance(updates, list):
        raise _AUDIT.refused("what `pulumi stack history --json` prints", f"{history}, which is no JSON list")
    return exported, updates


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _AUDIT.refused("JSON in UTF-8", f"{path}: {error}") from None


def _page(report: Mapping[str, Any]) -> str:
    from release.audit.page import render

    return render(report)
