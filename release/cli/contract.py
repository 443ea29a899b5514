"""`release contract`: the schema gives up what only older releases need."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import OverrideFreeze, Stack, Why, say, with_override
from release.errors import CommandRefused, ContractFailed, ContractRefused, UneventfulError

if TYPE_CHECKING:
    from release.cli.engine import Engine
    from release.cli.foreground import Ended
    from release.cli.state import StackState
    from release.contraction import Contraction


def contract(
    stack: Stack,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask first.")] = False,
    reason: Why = "",
    override_freeze: OverrideFreeze = "",
) -> None:
    """Apply the live release's contract migrations, which ends the way back to older releases.

    Ends with 0 only when they are applied.

    Example: release contract --stack production --reason "nobody reads the old column"
    """
    from release.aws import warm
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.contraction import contraction

    project = Project.find(Path.cwd(), stack)
    engine = Engine(project)
    project.tell_region()
    warm("elbv2", "autoscaling")
    state = engine.state()
    wanted = contraction(state.ledger)
    _must_serve(wanted, state, stack)
    _show(wanted, state, stack)
    if not yes:
        _ask(stack)
    why = with_override(reason or f"contract {', '.join(wanted.names)}", override_freeze)
    _let_leave(wanted, state, engine, stack, why)
    _apply(wanted, engine, stack, why, override_freeze)


def _must_serve(wanted: Contraction, state: StackState, stack: str) -> None:
    """What the ledger says is looked at: a rollback that no update has recorded would be overtaken."""
    from release.cli.facts import gather

    facts = asyncio.run(gather(state, sample=100))
    if not facts.serves_all(wanted.release.id):
        served = ", ".join(f"{count} by {release}" for release, count in facts.served.items()) or "none"
        raise ContractRefused(
            f"{wanted.release} is live by the ledger, and does not serve all the traffic",
            expected="every answer on a fresh connection by this release, and all weight on it",
            seen=f"of {facts.sampled} answers: {served}; failed: {facts.failures or 'none'}",
            state="the schema is as it was; nothing was changed",
            next=f"release status --stack {stack}; release rollback --stack {stack} ends a rollback that was begun",
        )


def _show(wanted: Contraction, state: StackState, stack: str) -> None:
    from release.contraction import in_the_way, listed

    leave = in_the_way(state.ledger, wanted)
    steps = (*([f"{listed(leave)}, which is warm, leaves"] if leave else []), *wanted.lines())
    say(f"contract in {stack}: {', '.join(wanted.names)}, live is {wanted.release}")
    for number, step in enumerate(steps, start=1):
        say(f"  {number}. {step}")


def _ask(stack: str) -> None:
    if not sys.stdin.isatty():
        raise CommandRefused(
            "a contract is not undone, and there is no terminal to ask at",
            expected="--yes",
            state="nothing was changed",
            next=f"release contract --stack {stack} --yes",
        )
    typer.confirm("apply it?", abort=True)


def _let_leave(wanted: Contraction, state: StackState, engine: Engine, stack: str, why: str) -> None:
    """An update that keeps no one warm who is in the way, nor a release on trial."""
    from release.cli.configuration import WINDOW
    from release.contraction import in_the_way, listed, room

    leave = in_the_way(state.ledger, wanted)
    if not leave and not state.candidates:
        return
    also = {WINDOW: str(room(state.ledger, wanted))} if leave else {}
    ended = engine.up(None, f"before the {why}: {listed(leave) or 'what was refused'} leaves", False, also)
    if ended.status:
        raise _failed(wanted, ended, stack, "the schema is as it was: only fleets were to leave")
    after = engine.state()
    if in_the_way(after.ledger, wanted) or after.candidates:
        raise ContractRefused(
            "the update ended well, and yet somebody runs who needs the old schema",
            expected=f"{wanted.release} alone, and releases that know {wanted.names[0]}",
            seen=listed(in_the_way(after.ledger, wanted))
            or ", ".join(f"the fleet of {fleet.release}, on trial" for fleet in after.candidates),
            state=f"the schema is as it was; {wanted.release} serves as before",
            next=f"release status --stack {stack}, then release contract --stack {stack}",
        )


def _apply(wanted: Contraction, engine: Engine, stack: str, why: str, override: str) -> None:
    from release.cli.configuration import CONTRACT, OVERRIDE
    from release.contraction import listed

    also = {OVERRIDE: override} if override else {}
    ended = engine.up(None, why, False, {CONTRACT: wanted.release.id, **also})
    if ended.status:
        state = (
            f"{wanted.release} serves as before, and can live with the schema before and after.\n"
            f"What of {', '.join(wanted.names)} is in the database stands above; what is lost can be asked again"
        )
        raise _failed(wanted, ended, stack, state)
    contracts = {each.revision: each for each in engine.state().ledger.contracts}
    if not contracts.keys() >= set(wanted.names):
        raise ContractFailed(
            f"the update ended well, and yet {', '.join(wanted.names)} is not in the ledger",
            expected="every contract of the live release",
            seen=", ".join(contracts) or "none",
            next=f"release contract --stack {stack}",
        )
    at = contracts[wanted.names[-1]].at
    say(f"{', '.join(wanted.names)} applied at {at}; {wanted.release} serves as before")
    if wanted.ends:
        say(f"  no way back any more: {listed(wanted.ends)}")


def _failed(wanted: Contraction, ended: Ended, stack: str, state: str) -> UneventfulError:
    return ContractFailed(
        f"{'interrupted' if ended.interrupted else 'not applied'}: {', '.join(wanted.names)}"
        + ("" if ended.interrupted else "; the reason is above"),
        expected="an update that ends well",
        seen=f"exit status {ended.status}",
        state=state,
        next=f"release contract --stack {stack} goes on where this ended",
    )
