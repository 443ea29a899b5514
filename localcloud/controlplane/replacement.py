"""What an auto-scaling group does next: a pure decision over what is seen of its instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Member:
    """An instance in service. `age` in seconds since it was; `serving` is what its target groups say, None
    where none of them has an opinion; `marked` is what SetInstanceHealth said."""

    instance_id: str
    age: float
    alive: bool = True
    serving: bool | None = None
    marked: bool = False
    protected: bool = False


@dataclass(frozen=True)
class Group:
    name: str
    desired: int
    grace: float
    checked_by: Literal["EC2", "ELB"]
    members: tuple[Member, ...]
    suspended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """`lost` are (instance id, reason) to take out and replace, `retired` instance ids that are too many."""

    lost: tuple[tuple[str, str], ...] = ()
    retired: tuple[str, ...] = ()
    launch: int = 0


def decide(group: Group) -> Decision:
    """Replace what is lost, launch what is missing, retire the oldest of what is too many.

    An instance counts as unhealthy by its load balancer only when the group is told to ask there, and only
    after the grace period. Processes that are suspended are left undone.
    """
    lost: list[tuple[str, str]] = []
    if not {"HealthCheck", "ReplaceUnhealthy"} & group.suspended:
        lost = [(member.instance_id, why) for member in group.members if (why := _unhealthy(group, member))]
    gone = {instance_id for instance_id, _ in lost}
    staying = [member for member in group.members if member.instance_id not in gone]
    surplus = len(staying) - group.desired
    retired: list[str] = []
    if surplus > 0 and "Terminate" not in group.suspended:
        oldest = sorted(
            (member for member in staying if not member.protected), key=lambda member: -member.age
        )
        retired = [member.instance_id for member in oldest[:surplus]]
    launch = -surplus if surplus < 0 and "Launch" not in group.suspended else 0
    return Decision(tuple(lost), tuple(retired), launch)


def _unhealthy(group: Group, member: Member) -> str:
    if not member.alive:
        return "its machine is gone"
    if member.marked:
        return "it was marked unhealthy"
    if group.checked_by == "ELB" and member.serving is False and member.age >= group.grace:
        return f"its target group finds it unhealthy, {member.age:.0f} s after launch (grace {group.grace:.0f} s)"
    return ""
