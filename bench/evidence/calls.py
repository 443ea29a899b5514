"""The API calls of gate and shift for a fleet of any size: the real provider process, against AWS's control plane by
moto with so many targets registered; no instance is booted."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Mapping
from typing import Any

from bench.evidence.counting import counting
from release.provider.inputs import wired
from tests.provider.cloud import BUCKET, PRIORITY, Cloud
from tests.provider.engine import GATE, SHIFT, Engine

SIZES = (2, 20, 200)
FORMER, CANDIDATE = "ab12cd34", "c0ffee12"


async def by_size(rollout: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Calls by service and action, by the number of instances. `rollout` is the stack's."""
    # The stand-in says each request on the terminal otherwise.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return {str(size): await _calls(size, rollout) for size in SIZES}


async def _calls(size: int, rollout: Mapping[str, Any]) -> dict[str, int]:
    cloud = Cloud()
    cloud.start()
    try:
        former, new = cloud.release(FORMER, targets=size), cloud.release(CANDIDATE, targets=size)
        cloud.set_weights({former: 100})
        cloud.follow_at_once()
        with counting(cloud.endpoint) as tally:
            engine = Engine({**cloud.variables, "AWS_ENDPOINT_URL": tally.url})
            await engine.start()
            try:
                await engine.create(GATE, _gate(cloud, new, size, rollout))
                olds = {
                    **_shift(cloud, former, FORMER, "1", rollout),
                    "ruleArn": "rule",
                    "weights": {former: 100},
                    "liveAt": "2026-01-01T00:00:00Z",
                    "observed": "",
                }
                await engine.update(SHIFT, olds, _shift(cloud, new, CANDIDATE, "2", rollout))
            finally:
                await engine.close()
        return dict(tally.calls.most_common())
    finally:
        _forget(cloud)
        cloud.stop()


def _forget(cloud: Cloud) -> None:
    """moto has one memory in a process: the next cloud would find what this one had."""
    urllib.request.urlopen(f"{cloud.endpoint}/moto-api/reset", data=b"").close()


def _gate(cloud: Cloud, group: str, size: int, rollout: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "release": CANDIDATE,
        "version": "2",
        "targetGroupArn": group,
        "healthy": size,
        "probes": rollout["gate"]["probes"],
        "deadline": rollout["gate"]["deadline"],
        "url": cloud.url,
        "headerName": "X-Uneventful-Release",
        "headerValue": wired(f"{CANDIDATE}.key").with_secret(True),
    }


def _shift(
    cloud: Cloud, group: str, release: str, version: str, rollout: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "listenerArn": cloud.listener,
        "priority": PRIORITY,
        "release": release,
        "version": version,
        "targetGroupArn": group,
        "url": cloud.url,
        "steps": rollout["steps"],
        "observe": rollout["observe"],
        "proof": rollout["proof"],
        "maxErrorRate": rollout["limits"]["errors"],
        "maxLatencyRatio": rollout["limits"]["latency"],
        "alarms": [],
        "leaseBucket": BUCKET,
        "drain": rollout["drain"],
        "metricsDeadline": 30,
    }
