"""`localcloud`: AWS on this machine, for one checkout."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from localcloud.checkout import USUAL_STACK, Checkout, find_checkout
from localcloud.cli import lifecycle
from localcloud.cli.load import load
from localcloud.cli.show import show_status
from localcloud.control import ask
from localcloud.engine import environment
from localcloud.errors import CloudError
from localcloud.record import credentials

RUNBOOK = "docs/runbooks/local-cloud.md"
"""One page for all that it refuses or fails at."""

app = typer.Typer(
    help="AWS on this machine, for one checkout.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
fault = typer.Typer(help="Let AWS misbehave, as it does.", no_args_is_help=True)
app.add_typer(fault, name="fault")
app.command("load")(load)

AsJson = Annotated[bool, typer.Option("--json", help="As one JSON object.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack whose cloud it is.")]


def _here(stack: str) -> Checkout:
    return find_checkout(Path.cwd(), os.environ, stack)


def _option(stack: str) -> str:
    return "" if stack == USUAL_STACK else f" --stack {stack}"


@app.command()
def up(stack: Stack = USUAL_STACK) -> None:
    """Start this checkout's local cloud; nothing happens when it runs already."""
    began = time.monotonic()
    checkout = _here(stack)
    record, fresh = lifecycle.start(checkout)
    if fresh:
        for note in ask(checkout.socket, "status")["notes"]:
            typer.echo(note)
        typer.echo(
            f"the local cloud is up in {time.monotonic() - began:.1f} s: {record.endpoint} (pid {record.pid})"
        )
    else:
        typer.echo(f"the local cloud is up already: {record.endpoint} (pid {record.pid})")
    typer.echo(f'to use it in this shell: eval "$(localcloud env{_option(stack)})"')


@app.command()
def down(
    stack: Stack = USUAL_STACK,
    every: Annotated[bool, typer.Option("--all", help="The clouds of all stacks of this checkout.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="And remove what it held: the next one starts empty.")
    ] = False,
) -> None:
    """Stop it: every process, every port. What it held, it has again at the next start."""
    checkout = _here(stack)
    for name in checkout.stacks() if every else (stack,):
        for line in lifecycle.stop(replace(checkout, stack=name), forget):
            typer.echo(f"{name}: {line}" if every else line)


@app.command()
def status(as_json: AsJson = False, stack: Stack = USUAL_STACK) -> None:
    """What runs: instances, load balancers with weights, target health, faults."""
    checkout = _here(stack)
    lifecycle.required(checkout)
    seen = ask(checkout.socket, "status")
    if as_json:
        typer.echo(json.dumps(seen, indent=2))
    else:
        show_status(seen)


@app.command()
def env(stack: Stack = USUAL_STACK) -> None:
    """AWS's and Pulumi's own variables, as export lines for a shell."""
    checkout = _here(stack)
    record = lifecycle.required(checkout)
    variables = {
        **credentials(record.endpoint, record.region),
        **environment.variables(checkout.root, backend=checkout.pulumi_backend),
    }
    for name, value in sorted(variables.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")


@fault.command("set")
def fault_set(
    name: Annotated[str, typer.Argument(help="For example weights-delay, or weights-delay=5.")],
    value: Annotated[str, typer.Argument(help="For example 5, 10%:elbv2:ModifyRule, on.")] = "",
    stack: Stack = USUAL_STACK,
) -> None:
    """Turn a knob. See what there is: localcloud fault list."""
    if not value:
        name, _, value = name.partition("=")
    checkout = _here(stack)
    lifecycle.required(checkout)
    _show_faults(ask(checkout.socket, "fault-set", name=name, value=value)["faults"])


@fault.command("clear")
def fault_clear(
    name: Annotated[str, typer.Argument(help="The knob; without it all of them.")] = "",
    stack: Stack = USUAL_STACK,
) -> None:
    """Turn a knob off, or all of them."""
    checkout = _here(stack)
    lifecycle.required(checkout)
    _show_faults(ask(checkout.socket, "fault-clear", name=name or None)["faults"])


@fault.command("list")
def fault_list(stack: Stack = USUAL_STACK) -> None:
    """The knobs that are on, and those that there are."""
    checkout = _here(stack)
    lifecycle.required(checkout)
    _show_faults(ask(checkout.socket, "fault-list")["faults"])
    from localcloud import faults

    typer.echo((faults.__doc__ or "").partition("\n")[2])


def _show_faults(faults: dict[str, str]) -> None:
    typer.echo("\n".join(f"{name}={value}" for name, value in faults.items()) or "no faults are on")


def main() -> None:
    try:
        app()
    except CloudError as refused:
        typer.echo(f"error: {refused}\n  runbook: {RUNBOOK}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
