"""`release restart`: new instances for a process of the live release, and nobody notices."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli.terms import Stack, say
from release.errors import CommandRefused, StackBusy, UneventfulError

if TYPE_CHECKING:
    from release.cli.project import Project
    from release.cli.state import Group, StackState
    from release.group_instances import AwsGroup
    from release.model import Release

_DEADLINE = 900.0
"""How long (s) a new instance may take to be well."""


def restart(
    process: Annotated[str, typer.Argument(metavar="PROCESS", help="web, or a worker's name.")],
    stack: Stack,
) -> None:
    """Replace the instances of a process one by one, each new one first: no request and no job is lost.

    Ctrl-C stops it: what was replaced stays, the rest serves as before.

    Example: release restart worker --stack production
    """
    started = time.monotonic()
    from release.aws import warm
    from release.cli.engine import Engine
    from release.cli.project import Project

    project = Project.find(Path.cwd(), stack)
    project.tell_region()
    warm("autoscaling", "elbv2", "s3")
    state = Engine(project).state()
    release, group = chosen(state, process, stack)
    refuse_beside_others(project, state)
    say(f"restart of {process} of {release} on {stack}: one after another, each new one first")
    try:
        count = asyncio.run(_restart(state, release, group))
    except asyncio.CancelledError:
        say("stopped: what was replaced stays, the rest serves as before, and no instance is there in excess")
        raise KeyboardInterrupt from None
    except UneventfulError as error:
        raise type(error)(
            error.what,
            expected=error.expected,
            seen=error.seen,
            state=error.state,
            next=error.next.replace("STACK", stack) or f"release ps --stack {stack}",
        ) from error
    say(f"{count} of {process} replaced in {time.monotonic() - started:.0f} s, drained and ended")


def chosen(state: StackState, process: str, stack: str) -> tuple[Release, Group]:
    """The live release, and the group of its process. Raises CommandError where there is none."""
    live = state.ledger.live
    groups = [group for group in state.groups if live and group.release == live.release.id]
    for group in groups:
        if live and group.process == process:
            return live.release, group
    raise CommandRefused(
        f"no process {process} is live",
        expected=", ".join(sorted(group.process for group in groups)) or "a live release",
        seen=process,
        state="nothing was changed",
        next=f"release ps --stack {stack}",
    )


def refuse_beside_others(project: Project, state: StackState) -> None:
    """Raises CommandError while an update, a release or a rollback runs."""
    from release.cli.holder import holder
    from release.cli.locks import gone, locks

    held, lease = locks(project), asyncio.run(holder(state.bucket))
    busy = [str(lock) for lock in held if not gone([lock])]
    if lease and (lease.alive or lease.pinned):
        busy.append(str(lease) if lease.alive else f"a rollback to {lease.pinned}, which is not recorded yet")
    if busy:
        raise StackBusy(
            "something else changes this environment now",
            expected="nobody who releases, rolls back or updates",
            seen="; ".join(busy),
            state="nothing was changed",
            next=f"release status --stack {project.stack}, and the same command again when that is over",
        )


async def _restart(state: StackState, release: Release, group: Group) -> int:
    from release.restart import World, restart

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    instances = _instances(state, release, group)
    most = group.most if group.most is not None else (await instances.group()).most
    return await restart(World(instances, most, _DEADLINE, time.monotonic, asyncio.sleep, _tell))


def _instances(state: StackState, release: Release, group: Group) -> AwsGroup:
    from release.group_instances import AtWork, AwsGroup, HealthyTargets
    from release.turns import Team
    from release.worker_instances import AwsInstances

    if group.web:
        target = next(fleet.target_group for fleet in state.fleets if fleet.release == release.id)
        return AwsGroup(group.name, HealthyTargets(target))
    if release.id in state.unruly:
        return AwsGroup(group.name, None)
    team = Team(release.id, group.process, group.name, state.log_groups.get(group.process, ""))
    return AwsGroup(group.name, AtWork(AwsInstances(state.bucket), team))


def _tell(line: str) -> None:
    say(f"  {time.strftime('%H:%M:%S')} {line}")
