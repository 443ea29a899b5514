"""What the two witnesses counted in one run, and how what several generators counted is added up. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

SUSTAINED_SHARE = 0.97
SUSTAINED_P99 = 1000.0


class Frozen(BaseModel):
    """A frozen value that is kept as JSON."""

    model_config = ConfigDict(frozen=True)


class Latency(Frozen):
    """Milliseconds from the time when a request was due to the end of its answer; answered well, slow ones left out.
    `p50`, `p99` and `p999` are within 2 % above the true ones; `max` is exact."""

    p50: float
    p99: float
    p999: float
    max: float


class Served(Frozen):
    """What one release answered: `errors` of `answered` with a status of 400 or above; `last` is when it last answered
    a request that was not slow, in s since the epoch."""

    answered: int
    errors: int
    last: float


class Counts(Frozen):
    """What the open-loop generator counted. `offered` is the rate that was asked for (requests a second), `seconds` how
    long it sent. `lost`: everything that did not end in a whole answer with a status below 400, by kind in `kinds`.
    `late` requests went out more than 10 ms after they were due, the latest of them `lag` ms."""

    offered: float
    seconds: float
    sent: int
    lost: int
    kinds: dict[str, int]
    served: dict[str, Served]
    latency: Latency
    late: int
    lag: float

    @property
    def achieved(self) -> float:
        """Requests a second that went out."""
        return self.sent / self.seconds if self.seconds else 0.0

    @property
    def sustained(self) -> bool:
        """Whether machine and generator keep up with the rate while nothing is released."""
        kept_up = self.achieved >= SUSTAINED_SHARE * self.offered
        return kept_up and not self.lost and self.latency.p99 <= SUSTAINED_P99


class Wrk(Frozen):
    """What wrk counted: whole answers in `requests`, of which `status` with one of 400 or above."""

    requests: int
    seconds: float
    connect: int
    read: int
    write: int
    timeout: int
    status: int

    @property
    def lost(self) -> int:
        return self.connect + self.read + self.write + self.timeout + self.status


def merged(reports: Sequence[Mapping[str, Any]], offered: float, seconds: float) -> Counts:
    """The closing objects of generators that ran at the same time, as if it had been one."""
    classes: Counter[float] = Counter()
    kinds: Counter[str] = Counter()
    served: dict[str, Served] = {}
    for report in reports:
        classes.update(dict(report["latency_histogram"]))
        kinds.update(report["failed"])
        for name, one in report["by_release"].items():
            before = served.get(name, Served(answered=0, errors=0, last=0.0))
            served[name] = Served(
                answered=before.answered + one["answered"],
                errors=before.errors + one["errors"],
                last=max(before.last, datetime.fromisoformat(one["last_prompt"]).timestamp()),
            )
    longest = max((report["latency_ms"]["max"] for report in reports), default=0.0)
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    return Counts(
        offered=offered,
        seconds=seconds,
        sent=sum(report["sent"] for report in reports),
        lost=sum(report["failed_total"] for report in reports),
        kinds=dict(kinds.most_common()),
        served=served,
        latency=Latency(
            **{name: min(quantile(classes, share), longest) for name, share in shares.items()}, max=longest
        ),
        late=sum(report["behind"]["requests"] for report in reports),
        lag=max((report["behind"]["max_ms"] for report in reports), default=0.0),
    )


def quantile(classes: Mapping[float, int], share: float) -> float:
    """The upper bound of the class in which the value is that `share` (0 to 1) of all do not exceed; 0 of none."""
    wanted, seen = math.ceil(share * sum(classes.values())), 0
    for bound, count in sorted(classes.items()):
        seen += count
        if seen >= max(1, wanted):
            return bound
    return 0.0
