"""What is true about one environment now: all of it is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from release.aws import Busy, Calls, Refused
from release.cli import drift
from release.cli.depths import Depth, depths, ringing
from release.cli.facts import Facts, gather
from release.cli.groups import GroupFacts, look
from release.cli.holder import Holder, holder
from release.cli.state import StackState
from release.errors import UneventfulError
from release.ledger import shrunken
from release.scheduler import Entry, Scheduler
from release.schema import Applied, applied, waiting

T = TypeVar("T")


@dataclass(frozen=True)
class Schema:
    """The newest revision that the database has (None: none is known), and the live release's contracts that wait."""

    newest: Applied | None
    waiting: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """One environment. What could not be asked is empty, and named in `unknown` with its reason; `facts` is then None
    where not even the balancer could be.
    """

    facts: Facts | None
    groups: tuple[GroupFacts, ...]
    schedules: tuple[Entry, ...]
    schema: Schema
    queues: tuple[Depth, ...]
    alarms: tuple[str, ...]
    lease: Holder | None
    drift: tuple[str, ...]
    freeze: str = ""
    unknown: tuple[str, ...] = ()

    def asked(self, section: str) -> bool:
        """Whether this was answered: traffic, instance groups, schedules, queues, alarms or lease."""
        return not any(line.startswith(f"{section}: ") for line in self.unknown)

    @property
    def workers(self) -> tuple[GroupFacts, ...]:
        return tuple(facts for facts in self.groups if not facts.group.web)


def schema_of(state: StackState) -> Schema:
    """From the ledger and what the operations host was told to do; asks nobody."""
    known = applied(state.ledger, state.runs)
    return Schema(known[-1] if known else None, tuple(each.revision for each in waiting(state.ledger)))


async def stand(state: StackState, now: datetime | None = None) -> Standing:
    """Ask everything at once: about 3 s, nearly all for the sample of answers. Raises nothing that AWS can cause."""
    unknown: list[str] = []

    async def section(name: str, asking: Awaitable[T], otherwise: T) -> T:
        try:
            return await asking
        except (UneventfulError, Busy, Refused) as error:
            unknown.append(f"{name}: {_why(error)}")
            return otherwise

    group = state.schedule_group
    # A long ledger takes a while to look through, which the answers of AWS take anyway.
    schema = asyncio.create_task(asyncio.to_thread(schema_of, state))
    facts, groups, schedules, queues, alarms, lease = await asyncio.gather(
        section("traffic", _gathered(state), None),
        section("instance groups", look(state.groups), ()),
        section("schedules", Scheduler(Calls("scheduler"), group).read() if group else _nothing(), ()),
        section("queues", depths(state.queues), ()),
        section("alarms", ringing(state.alarms), ()),
        section("lease", holder(state.bucket), None),
    )
    unasked = frozenset(line.partition(":")[0] for line in unknown)
    found = (
        *(_weights(state, facts) if facts else ()),
        *drift.of_sizes(groups, shrunken(state.ledger, now or datetime.now(UTC))),
        *(_schedules(state, schedules) if group and "schedules" not in unasked else ()),
    )
    return Standing(
        facts,
        groups,
        schedules,
        await schema,
        queues,
        alarms,
        lease,
        found,
        unknown=tuple(sorted(unknown)),
    )


async def _gathered(state: StackState) -> Facts | None:
    return await gather(state)


async def _nothing() -> tuple[Entry, ...]:
    return ()


def _weights(state: StackState, facts: Facts) -> tuple[str, ...]:
    live = state.ledger.live
    return drift.of_weights(facts.told, live.release.id if live else "")


def _schedules(state: StackState, found: tuple[Entry, ...]) -> tuple[str, ...]:
    live = state.ledger.live
    wanted = state.schedules.get(live.release.id, ()) if live else ()
    unusual = [entry.name for entry in found if not entry.usual]
    return drift.of_schedules(wanted, [entry.dump() for entry in found], unusual)


def _why(error: Exception) -> str:
    if isinstance(error, UneventfulError):
        return f"{error.what}: {error.seen}" if error.seen else error.what
    return str(error)
