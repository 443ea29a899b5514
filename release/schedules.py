"""The schedules of a release: what changes from one to the next, and what EventBridge Scheduler is to hold. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from release.errors import QueueUnknown
from release.model import Release, Schedule
from release.scheduler import Entry


@dataclass(frozen=True)
class Differences:
    """What a handover does to the schedules. `changed` are pairs, as it was and as it will be."""

    added: tuple[Schedule, ...] = ()
    changed: tuple[tuple[Schedule, Schedule], ...] = ()
    removed: tuple[Schedule, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Each of them, for the plan."""
        return (
            *(f"{one.name} is added: {one}" for one in self.added),
            *(f"{new.name} changes from {old}; to {new}" for old, new in self.changed),
            *(f"{one.name} is removed: {one}" for one in self.removed),
        )


def differences(before: tuple[Schedule, ...], after: tuple[Schedule, ...]) -> Differences:
    """What becomes of the schedules of `before` when those of `after` take their place."""
    old, new = ({schedule.name: schedule for schedule in each} for each in (before, after))
    return Differences(
        added=tuple(new[name] for name in new if name not in old),
        changed=tuple((old[name], new[name]) for name in new if name in old and old[name] != new[name]),
        removed=tuple(old[name] for name in old if name not in new),
    )


def step(former: Release | None, target: Release) -> tuple[str, ...]:
    """The plan's step that moves the schedules; none where neither release has any."""
    held, wanted = former.manifest.schedules if former else (), target.manifest.schedules
    if not wanted:
        return (f"the schedules of {former} end ({_names(held)})",) if held else ()
    return (f"the schedules become those of {target} ({_names(wanted)}), each time that is due once",)


def _names(schedules: tuple[Schedule, ...]) -> str:
    return ", ".join(schedule.name for schedule in schedules)


def refuse_unknown_queues(release: Release, queues: Collection[str], state: str) -> None:
    """Raises QueueUnknown for a schedule that would send to a queue that the environment does not have; `state` is what
    holds now, in words.
    """
    lost = [one for one in release.manifest.schedules if one.queue and one.queue not in queues]
    if not lost:
        return
    raise QueueUnknown(
        f"{release} has schedules for queues that this environment does not have",
        expected=f"one of uneventful:queues: {', '.join(sorted(queues)) or 'there are none'}",
        seen="\n".join(f"schedule {one.name}: {one}" for one in lost),
        state=state,
        next=f"name the queue in the stack's configuration, uneventful:queues: {{{lost[0].queue}: {{}}}};\n"
        "or correct release.toml and build another version",
    )


def entries(
    release: Release,
    queues: Mapping[str, str],
    commands: str,
    role: str,
    order: Callable[[Schedule], Mapping[str, Any]],
) -> tuple[Entry, ...]:
    """What EventBridge Scheduler holds while `release` is live.

    `queues` are the ARNs of the environment's queues by name, `commands` is that of the queue for the operations host's
    commands, `role` the one that sends, `order` makes what the host is told of one with a command.
    """
    return tuple(
        Entry(
            name=schedule.name,
            expression=schedule.expression,
            timezone=schedule.timezone,
            target_arn=queues[schedule.queue] if schedule.queue else commands,
            role_arn=role,
            input=schedule.message or json.dumps(order(schedule), sort_keys=True),
        )
        for schedule in release.manifest.schedules
    )
