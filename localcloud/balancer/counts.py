"""Counts for each target group, out of the access log: exact, and in the words of CloudWatch's ELB
metrics."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.parts import GroupCounts

LOG_FORMAT = (
    "%UPSTREAM_CLUSTER_RAW% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"
    " %COMMON_DURATION(US_TX_END:US_RX_BEG:us)%"
)
"""A line is: load balancer, group, status, flags, details, microseconds from the request's end to the
answer's start."""

NOT_CHOSEN = frozenset({"UH", "NC", "NR"})
"""Flags of a request for which no target could be chosen: RequestCount of the group leaves it out."""

_STEP = math.log(1.02)
"""Latencies are told apart in steps of 2 %: what is said of one is within 1 % of it."""


@dataclass
class _Sums:
    requests: int = 0
    answered: int = 0
    by_class: list[int] = field(default_factory=lambda: [0] * 6)
    elb_4xx: int = 0
    elb_5xx: int = 0
    connection_errors: int = 0
    microseconds: int = 0
    latencies: dict[int, int] = field(default_factory=dict)


def count(lines: Iterable[str], arns: Mapping[str, str]) -> tuple[GroupCounts, ...]:
    """The counts of these lines, by load balancer and group. `arns` gives the ARN of each short name; a
    line that is not whole, or of a name that nobody knows, is left out."""
    sums: dict[tuple[str, str], _Sums] = {}
    for line in lines:
        words = line.split(" ")
        if len(words) != 6:
            continue
        key = (words[0], words[1])
        total = sums.get(key)
        if total is None:
            total = sums[key] = _Sums()
        status, details = words[2], words[4]
        flags = () if words[3] == "-" else words[3].split(",")
        if words[1] != "-" and NOT_CHOSEN.isdisjoint(flags):
            total.requests += 1
        if "UF" in flags:
            total.connection_errors += 1
        # An answer that broke off, at either end, after it had begun was the target's too.
        if details == "via_upstream" or words[5] != "-":
            total.answered += 1
            total.by_class[int(status[0])] += 1
            if words[5] != "-":
                taken = int(words[5])
                total.microseconds += taken
                step = round(math.log(max(taken, 1)) / _STEP)
                total.latencies[step] = total.latencies.get(step, 0) + 1
        elif details != "direct_response":
            # A client that leaves before the answer has status 0 here, 460 in ALB.
            if status[0] == "5":
                total.elb_5xx += 1
            else:
                total.elb_4xx += 1
    counted = []
    for (balancer, group), total in sums.items():
        if balancer not in arns or (group != "-" and group not in arns):
            continue
        counted.append(
            GroupCounts(
                load_balancer_arn=arns[balancer],
                target_group_arn=arns.get(group, ""),
                requests=total.requests,
                answered=total.answered,
                target_2xx=total.by_class[2],
                target_3xx=total.by_class[3],
                target_4xx=total.by_class[4],
                target_5xx=total.by_class[5],
                elb_4xx=total.elb_4xx,
                elb_5xx=total.elb_5xx,
                connection_errors=total.connection_errors,
                total_seconds=total.microseconds / 1e6,
                latencies=tuple(
                    (math.exp(step * _STEP) / 1e6, number) for step, number in sorted(total.latencies.items())
                ),
            )
        )
    return tuple(counted)
