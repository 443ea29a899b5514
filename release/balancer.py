"""The only door to the load balancer's API: frozen values in, frozen values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from release.aws import Busy, Calls, Refused
from release.errors import BalancerBusy, BalancerError
from release.ramp import Weights

READ_PATIENCE = 20.0
"""Reads are tried again for this long (s); writes are tried once, for before each try the lease is looked at."""


@dataclass(frozen=True)
class Rule:
    """A listener rule that forwards by weight."""

    arn: str
    weights: Weights


@dataclass(frozen=True)
class Health:
    """What the load balancer says of one target: AWS's words for `state`, `reason` and `description`."""

    target: str
    state: str
    reason: str = ""
    description: str = ""


class Balancer(Protocol):
    """The load balancer as a shift and a gate need it.

    Every method raises BalancerBusy when the API throttles, fails or is silent (a read: for
    its patience; a write: once, and then whether it came true is not known), and BalancerError when it refuses.
    """

    async def rule(self, listener: str, priority: int) -> Rule | None:
        """The rule of this listener (ARN) at this priority; None when there is none, or no such listener."""

    async def create_rule(self, listener: str, priority: int, weights: Weights) -> Rule:
        """Make a rule for every path that forwards by these weights."""

    async def set_weights(self, rule: str, weights: Weights) -> None:
        """Let the rule (ARN) forward by these weights and name no other target group."""

    async def delete_rule(self, rule: str) -> None:
        """Remove the rule (ARN); one that is gone already is fine."""

    async def health(self, group: str) -> tuple[Health, ...]:
        """The health of each target of the group (ARN), by target; empty when none is registered."""


class ElasticLoadBalancing:
    """`Balancer` on AWS's Elastic Load Balancing, version 2."""

    def __init__(self, calls: Calls, patience: float = READ_PATIENCE) -> None:
        self._calls = calls
        self._patience = patience

    async def rule(self, listener: str, priority: int) -> Rule | None:
        marker: dict[str, str] = {}
        while True:
            page: Mapping[str, Any] = {"Rules": ()}
            with _told("ListenerNotFound"):
                page = await self._calls("describe_rules", self._patience, ListenerArn=listener, **marker)
            for found in page["Rules"]:
                if found["Priority"] == str(priority):
                    return Rule(found["RuleArn"], _weights(found))
            if not page.get("NextMarker"):
                return None
            marker = {"Marker": page["NextMarker"]}

    async def create_rule(self, listener: str, priority: int, weights: Weights) -> Rule:
        with _told():
            answer = await self._calls(
                "create_rule",
                ListenerArn=listener,
                Priority=priority,
                Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
                Actions=[_forward(weights)],
            )
        return Rule(answer["Rules"][0]["RuleArn"], weights)

    async def set_weights(self, rule: str, weights: Weights) -> None:
        with _told():
            await self._calls("modify_rule", RuleArn=rule, Actions=[_forward(weights)])

    async def delete_rule(self, rule: str) -> None:
        with _told("RuleNotFound"):
            await self._calls("delete_rule", RuleArn=rule)

    async def health(self, group: str) -> tuple[Health, ...]:
        with _told():
            answer = await self._calls("describe_target_health", self._patience, TargetGroupArn=group)
        found = [
            Health(
                target["Target"]["Id"],
                target["TargetHealth"].get("State", "unknown"),
                target["TargetHealth"].get("Reason", ""),
                target["TargetHealth"].get("Description", ""),
            )
            for target in answer["TargetHealthDescriptions"]
        ]
        return tuple(sorted(found, key=lambda health: health.target))


def load_balancer_of(listener: str) -> str:
    """What metrics call the load balancer of a listener (ARN): `app/NAME/ID`."""
    return "/".join(listener.split(":listener/", 1)[1].split("/")[:3])


def group_of(target_group: str) -> str:
    """What metrics call a target group (ARN): `targetgroup/NAME/ID`."""
    return target_group.rsplit(":", 1)[1]


@contextmanager
def _told(*fine: str) -> Iterator[None]:
    """Tell AWS's answers as this project's errors; the codes that are `fine` are none."""
    try:
        yield
    except Busy as busy:
        raise BalancerBusy("the load balancer's API did not answer", seen=str(busy)) from busy
    except Refused as refused:
        if refused.code not in fine:
            raise BalancerError("the load balancer's API refused", seen=str(refused)) from refused


def _forward(weights: Weights) -> dict[str, Any]:
    groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
    # A sticky group would override the weights; it must be off by name, or an earlier setting stays.
    sticky = {"Enabled": False}
    return {
        "Type": "forward",
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky},
    }


def _weights(rule: Mapping[str, Any]) -> Weights:
    for action in rule["Actions"]:
        if action["Type"] == "forward":
            groups = action.get("ForwardConfig", {}).get("TargetGroups") or [action]
            return {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    raise BalancerError(
        f"the rule at priority {rule['Priority']} does not forward",
        expected="a rule that forwards to target groups",
        seen=", ".join(action["Type"] for action in rule["Actions"]),
        state=f"nothing was changed; the rule is {rule['RuleArn']}",
        next="remove that rule, or give this one another priority",
    )
