"""What is played, in order, and the weather that it is played in."""

from __future__ import annotations

from collections.abc import Collection

from demo.act import Act

ROUGH = (("weights-delay", "5"), ("api-throttle", "0.1:elasticloadbalancing"))
"""Weights take 5 s to reach the data plane, and a tenth of the load balancer API's calls are throttled."""


def acts(taken: Collection[str]) -> tuple[Act, ...]:
    """A good release, one that is never healthy, one that fails a part of its requests. `taken` are versions that this
    environment has released before: a version is released once, so a second showing counts on (2.1, 3.1, 4.1)."""

    def free(version: str) -> str:
        names = [version, *(f"{version}.{n}" for n in range(1, len(taken) + 2))]
        return next(name for name in names if name not in taken)

    return (
        Act("a good version", free("2"), succeeds=True),
        Act("a version that starts and is never healthy", free("3"), succeeds=False),
        Act("a healthy version that fails 5 % of its pages", free("4"), succeeds=False),
    )
