"""Auto-scaling groups that an update began to make and, killed, did not live to record: the next update would make them
again, and nobody would ever know of the first ones, whose instances serve, work and cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.tags import ENVIRONMENT
from release.aws import Busy, Calls, Refused
from release.cli.terms import say

if TYPE_CHECKING:
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.cli.state import StackState

_PATIENCE = 8.0
"""Seconds that AWS may throttle or be silent."""


def end(project: Project, engine: Engine, before: StackState) -> None:
    """Delete those of the state `before`, and say so. Whoever holds the stack's lock may be making what is not recorded
    yet: then, and where the backend does not tell its locks, nothing is done, and `release doctor` names what is left.

    Never raises for what AWS refuses: that is said, and left.
    """
    if not before.begun or not _nobody_updates(project):
        return
    found = asyncio.run(_unrecorded(before, project.stack.rpartition("/")[2]))
    after = engine.state()
    if (after.moment, after.begun) != (before.moment, before.begun) or not _nobody_updates(project):
        return
    for group in found:
        ended = asyncio.run(_ended(group))
        say(f"auto-scaling group {group}, begun by an update that was killed, is in no state: {ended}")


def unrecorded(state: StackState, groups: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Which of AWS's groups (name, launch template's id) an update began and the state does not hold. Pure."""
    known = {group.name for group in state.groups}
    return tuple(sorted(name for name, template in groups if template in state.begun and name not in known))


def _nobody_updates(project: Project) -> bool:
    from release.cli.backend import find

    backend = find(project.folder, project.stack)
    return backend is not None and not backend.locks()


async def _unrecorded(state: StackState, environment: str) -> tuple[str, ...]:
    ask, further = Calls("autoscaling"), dict[str, str]()
    found: list[tuple[str, str]] = []
    filters = [{"Name": f"tag:{ENVIRONMENT}", "Values": [environment]}]
    while True:
        try:
            page = await ask("describe_auto_scaling_groups", _PATIENCE, Filters=filters, **further)
        except (Busy, Refused) as error:
            say(f"whether a killed update left auto-scaling groups is not known: {error}")
            return ()
        found += [
            (
                str(each["AutoScalingGroupName"]),
                str((each.get("LaunchTemplate") or {}).get("LaunchTemplateId")),
            )
            for each in page["AutoScalingGroups"]
        ]
        if not page.get("NextToken"):
            return unrecorded(state, found)
        further = {"NextToken": page["NextToken"]}


async def _ended(group: str) -> str:
    try:
        await Calls("autoscaling")(
            "delete_auto_scaling_group", _PATIENCE, AutoScalingGroupName=group, ForceDelete=True
        )
    except (Busy, Refused) as error:
        return f"it could not be deleted, do that by hand: {error}"
    return "deleted, with its instances"
