"""`release`: build an application, publish it, bring it live, see what serves; and compare two stacks."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from release.cli import answer
from release.cli.abort import abort
from release.cli.audit import audit
from release.cli.build import build
from release.cli.compare import compare
from release.cli.contract import contract
from release.cli.dashboard import dashboard
from release.cli.deploy import deploy
from release.cli.doctor import doctor
from release.cli.drift_report import drift
from release.cli.history import history
from release.cli.logs import logs
from release.cli.migration import migration
from release.cli.preview import preview
from release.cli.promote import promote
from release.cli.ps import ps
from release.cli.publish import publish
from release.cli.rehearse import rehearse
from release.cli.report import report
from release.cli.restart import restart
from release.cli.rollback import rollback
from release.cli.run import run as run_command
from release.cli.scale import scale
from release.cli.secrets import secrets
from release.cli.status import status
from release.cli.unlock import unlock
from release.errors import UneventfulError, page

INTERRUPTED = 130

app = typer.Typer(
    name="release",
    help=__doc__,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (
    build,
    rehearse,
    publish,
    deploy,
    promote,
    rollback,
    abort,
    unlock,
    contract,
    status,
    history,
    audit,
    report,
    ps,
    logs,
    compare,
    dashboard,
    drift,
    doctor,
    preview,
):
    app.command()(verb)
app.command("run")(run_command)
app.command()(scale)
app.command()(restart)
app.add_typer(migration)
app.add_typer(secrets)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and leave with its exit status: 0, 1 for an error that is told on stderr, 2 for a
    command line that makes no sense, 130 when interrupted."""
    # Nearly all that a start allocates is imported and stays: looking for garbage in it took a quarter of its time.
    gc.set_threshold(1_000_000)
    # pydantic would read what each installed package says of itself, to find plugins that nobody here uses.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """The exit status of a command line."""
    answer.begin(arguments)
    try:
        return int(app(list(arguments), standalone_mode=False) or 0)
    except TyperException as error:
        _tell(error.format_message(), _help(arguments), "command-line")
        return 2
    except UneventfulError as error:
        sys.stdout.flush()
        typer.echo(f"error: {error}", err=True)
        answer.refuse(error)
        return 1
    except OSError as error:
        _tell(f"{error.strerror}: {error.filename}" if error.filename else str(error), "", "machine-refused")
        return 1
    except (KeyboardInterrupt, typer.Abort):
        _tell("interrupted", "release status --stack STACK", "interrupted")
        return INTERRUPTED
    finally:
        answer.end()


def _tell(what: str, next_command: str, runbook: str) -> None:
    answer.refuse(kind="CommandLine", what=what, next=next_command, runbook=runbook)
    sys.stdout.flush()
    then = f"\n  next: {next_command}" if next_command else ""
    typer.echo(f"error: {what}{then}\n  runbook: {page(runbook)}", err=True)


def _help(arguments: Sequence[str]) -> str:
    verbs = {command.callback.__name__ for command in app.registered_commands if command.callback}
    verb = next((argument for argument in arguments if argument in verbs), "")
    return f"release {verb} --help" if verb else "release --help"
