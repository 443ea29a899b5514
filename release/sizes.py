"""The sizes of instance groups: what keeps a release that is to be live from shrinking when its warm time is over.

Imports no AWS library by itself: whoever drives a rollback starts with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from release.aws import Busy, Calls, Refused
from release.errors import ScalingError, Shrunk

SHRINK = "shrink"
"""The scheduled action that each group of a warm release has."""

PATIENCE = 8.0
"""How long (s) to go on asking an API that throttles or fails."""


class Sizes(Protocol):
    """What may be asked of the groups of a release that is to have the traffic."""

    async def keep(self, groups: Sequence[str], patience: float = PATIENCE) -> None:
        """See that these groups (names) have their size, and that no scheduled action takes it from them any more.

        To be called before they get traffic, and again at any time. Raises Shrunk where that has happened, ScalingError
        where the API does not answer within `patience` (s).
        """


class AutoScaling:
    """EC2 Auto Scaling; `calls` makes what asks it, one for each group, so that they are asked at once."""

    def __init__(self, calls: Callable[[], Calls] = lambda: Calls("autoscaling")) -> None:
        self._calls = calls

    async def keep(self, groups: Sequence[str], patience: float = PATIENCE) -> None:
        """See Sizes."""
        sizes = await asyncio.gather(*(self._keep(group, patience) for group in groups))
        gone = [group for group, size in zip(groups, sizes, strict=True) if not size]
        if gone:
            raise Shrunk(
                "the instances of this release have left: its time as a warm one is over",
                expected="groups at their full size",
                seen=", ".join(f"{group}: at most 0 instances" for group in gone),
                state="no traffic was moved",
            )

    async def _keep(self, group: str, patience: float) -> int:
        """The most instances that the group may have. Asked last: an action that could not be deleted was carried out,
        or will never be."""
        calls = self._calls()
        try:
            try:
                await calls(
                    "delete_scheduled_action",
                    patience,
                    AutoScalingGroupName=group,
                    ScheduledActionName=SHRINK,
                )
            except Refused as refused:
                if refused.code != "ValidationError":
                    raise
            answer = await calls("describe_auto_scaling_groups", patience, AutoScalingGroupNames=[group])
        except (Busy, Refused) as error:
            raise ScalingError(
                f"nobody knows whether the group {group} keeps its size",
                expected=f"an answer by the auto-scaling API, within {patience:g} s",
                seen=str(error),
                state="no traffic was moved",
            ) from error
        return max((int(found["MaxSize"]) for found in answer["AutoScalingGroups"]), default=0)
