from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from release import aws
from release.aws import Calls
from release.balancer import ElasticLoadBalancing
from release.immediate import Moved, Ports, Target, move
from release.probes import HttpProbes
from release.provider.lease_store import BucketLeaseStore
from release.provider.ports import Time
from tests.provider.cloud import BUCKET, PRIORITY, Cloud
from tests.provider.engine import Engine


@pytest.fixture(scope="session")
def shared_cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    cloud.start()
    cloud.old = cloud.release("ab12cd34")  # type: ignore[attr-defined]
    cloud.new = cloud.release("c0ffee12")  # type: ignore[attr-defined]
    cloud.empty = cloud.release("00000000", targets=0)  # type: ignore[attr-defined]
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(shared_cloud: Cloud) -> Cloud:
    shared_cloud.reset()
    return shared_cloud


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[Engine]:
    engine = Engine(cloud.variables)
    await engine.start()
    yield engine
    await engine.close()


@pytest.fixture
def inputs(cloud: Any) -> Callable[..., dict[str, Any]]:
    """Inputs of a TrafficShift to the new release, changed by name."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "listenerArn": cloud.listener,
            "priority": PRIORITY,
            "release": "c0ffee12",
            "version": "v2",
            "targetGroupArn": cloud.new,
            "url": cloud.url,
            "steps": [5, 50, 100],
            "observe": 1,
            "proof": 20,
            "maxErrorRate": 0.01,
            "maxLatencyRatio": 3,
            "alarms": [],
            "leaseBucket": BUCKET,
            "drain": 0,
            "metricsDeadline": 10,
            **changes,
        }

    return make


@pytest.fixture
def olds(cloud: Any, inputs: Callable[..., dict[str, Any]]) -> Mapping[str, Any]:
    """The state after release v1: it serves everything, in the API as well."""
    cloud.set_weights({cloud.old: 100})
    cloud.follow_at_once()
    return {
        **inputs(release="ab12cd34", version="v1", targetGroupArn=cloud.old),
        "ruleArn": "rule",
        "weights": {cloud.old: 100},
        "liveAt": "2026-01-01T00:00:00Z",
        "observed": "",
    }


@pytest.fixture
def back(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A rollback by this process to a release (id)."""
    for name, value in cloud.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws, "_clients", {})

    async def quiet(line: str) -> None:
        pass

    async def go(release: str) -> Moved:
        group = next(group for group, name in cloud.releases.items() if name == release)
        ports = Ports(
            ElasticLoadBalancing(Calls("elbv2"), 8.0),
            HttpProbes(cloud.url),
            BucketLeaseStore(Calls("s3"), BUCKET),
            f"ben on desk (process {os.getpid()})",
            Time(time.monotonic, asyncio.sleep, lambda: datetime.now(UTC)),
            quiet,
        )
        return await move(Target(release, release, group, cloud.listener), "it is bad", ports)

    return go
