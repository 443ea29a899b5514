"""`release doctor`: is all there that a release needs, on this machine and in the account; and what to do if not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.completion import stacks
from release.cli.terms import say, working

if TYPE_CHECKING:
    from release.doctor.finding import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "bad": "red", "not looked": "cyan"}


def doctor(
    stack: Annotated[
        str,
        typer.Option(
            "--stack",
            "-s",
            help="Also look at this environment and its account.",
            autocompletion=stacks,
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Check this machine and this project, and with --stack an environment and its account; say what to do.

    Changes nothing. Each line begins with ok, warn, bad or `not looked`; the exit status is 1 where one is bad.

    Example: release doctor --stack production
    """
    from release.cli.diagnosis import checks
    from release.cli.project import find_folder
    from release.doctor.examine import examine
    from release.doctor.finding import healthy

    with working("looking"):
        findings = examine(checks(find_folder(Path.cwd()), stack))
    fine = healthy(findings)
    if as_json:
        told = {"stack": stack or None, "ok": fine, "findings": [asdict(each) for each in findings]}
        say(json.dumps(told, indent=2))
    else:
        for each in findings:
            _show(each)
        say(_sum(findings))
    if not fine:
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    mark = f"{finding.level}:"
    say(str(finding).replace(mark, typer.style(mark, fg=_COLOURS[finding.level]), 1))


def _sum(findings: tuple[Finding, ...]) -> str:
    counts = {level: sum(each.level == level for each in findings) for level in _COLOURS}
    return ", ".join(f"{count} {level}" for level, count in counts.items())
