"""Where traffic is, and the doors through which a command of ours moves it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from release.aws import Calls
from release.balancer import ElasticLoadBalancing
from release.cli.state import StackState
from release.immediate import Ports
from release.priorities import MAIN
from release.probes import HttpProbes
from release.provider.lease_store import BucketLeaseStore
from release.provider.ports import Time
from release.rollback import Now
from release.who import who

_READING_PATIENCE = 8.0


async def look(state: StackState) -> tuple[Now, Mapping[str, Any]]:
    """What the balancer was told, and the last record of the lease (empty without one). Two reads at once.

    Raises BalancerError or LeaseError when AWS does not answer.
    """
    rule, record = await asyncio.gather(_weights(state), _record(state))
    groups = {fleet.target_group: fleet.release for fleet in state.fleets}
    now = Now(
        weights={groups.get(group, group): weight for group, weight in rule.items()},
        candidates=frozenset(fleet.release for fleet in state.candidates),
        pinned=str(record.get("pinned") or ""),
        unfinished=bool(record) and not record.get("released"),
    )
    return now, record


async def healthy(state: StackState, release: str) -> int:
    """How many web instances of the release are."""
    group = group_of(state, release)
    if not group:
        return 0
    health = await ElasticLoadBalancing(Calls("elbv2"), _READING_PATIENCE).health(group)
    return sum(each.state == "healthy" for each in health)


def group_of(state: StackState, release: str) -> str:
    """The release's target group (ARN); empty where it has none."""
    return next((fleet.target_group for fleet in state.fleets if fleet.release == release), "")


def ports(state: StackState, health_path: str) -> Ports:
    """The real world, for moving this stack's traffic."""

    async def quiet(line: str) -> None:
        del line

    return Ports(
        ElasticLoadBalancing(Calls("elbv2"), _READING_PATIENCE),
        HttpProbes(f"{state.url}{health_path}"),
        BucketLeaseStore(Calls("s3"), state.bucket),
        f"{who()} (process {os.getpid()})",
        Time(time.monotonic, asyncio.sleep, lambda: datetime.now(UTC)),
        quiet,
    )


async def _weights(state: StackState) -> Mapping[str, int]:
    if not state.listener:
        return {}
    rule = await ElasticLoadBalancing(Calls("elbv2"), _READING_PATIENCE).rule(state.listener, MAIN)
    return rule.weights if rule else {}


async def _record(state: StackState) -> Mapping[str, Any]:
    if not state.bucket:
        return {}
    store = BucketLeaseStore(Calls("s3"), state.bucket)
    top = await store.highest()
    return await store.read(top.number) if top else {}
