"""What an update that did not end well, or a hand, may have left: locks, a lease, fleets and parts of no release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.tags import ENVIRONMENT
from release.doctor.account import Clients
from release.doctor.finding import Finding, bad, ok, warn
from release.doctor.tagged import ours
from release.priorities import MAIN

_BATCH = 20
"""As many ARNs as DescribeTags takes at once."""


@dataclass(frozen=True)
class Lock:
    """A lock of the stack, in words; `dead`: its process was on this machine and is no more."""

    words: str
    dead: bool


def locks(held: Sequence[Lock], stack: str) -> Finding:
    if not held:
        return ok("lock", "nobody has the stack locked")
    words = "; ".join(lock.words for lock in held)
    if all(lock.dead for lock in held):
        return bad("lock", f"{words}, which is gone", f"release unlock --stack {stack}")
    remedy = (
        f"wait for it; release abort --stack {stack} stops it, release unlock --stack {stack} says who it is"
    )
    return warn("lock", f"an update runs: {words}", remedy)


@dataclass(frozen=True)
class Lease:
    """The lease on the weights: in `words`, whether somebody holds it and beats (`alive`), whether it was given back
    (`released`), and the release (id) of a rollback that no update has recorded yet (`pinned`).
    """

    words: str
    alive: bool
    released: bool
    pinned: str = ""


def lease(seen: Lease | None, stack: str) -> Finding:
    if seen is None:
        return ok("lease", "nobody ever had it")
    if seen.pinned:
        remedy = f"release rollback --to {seen.pinned} --stack {stack} records it"
        return bad(
            "lease", f"a rollback to {seen.pinned} moved the traffic, and no update has recorded it", remedy
        )
    if seen.alive:
        return warn("lease", seen.words, f"a release runs: release status --stack {stack}")
    if not seen.released:
        remedy = f"release status --stack {stack} shows where traffic is; pulumi up --stack {stack} mends it"
        return bad("lease", seen.words, remedy)
    return ok("lease", seen.words)


def candidates(left: Sequence[str], busy: bool, stack: str) -> Finding:
    """`left`: releases with a fleet that are neither live nor warm, in words; `busy`: an update runs."""
    if not left:
        return ok("candidate", "no fleet of a release that is neither live nor warm")
    words = f"a fleet of {', '.join(left)}, which is neither live nor warm"
    if busy:
        return ok("candidate", f"{words}: an update runs")
    return warn("candidate", f"{words}: its instances cost money", f"pulumi up --stack {stack} removes it")


@dataclass(frozen=True)
class Parts:
    """Target groups, listener rules and auto-scaling groups, by ARN (groups by name)."""

    target_groups: frozenset[str]
    rules: frozenset[str]
    groups: frozenset[str]


def orphans(found: Parts, known: Parts, busy: bool, stack: str) -> Finding:
    """What AWS has for releases of this environment (`found`) that its state does not `know`."""
    strange = [
        *(f"target group {_short(arn)}" for arn in sorted(found.target_groups - known.target_groups)),
        *(f"header rule {_short(arn)}" for arn in sorted(found.rules - known.rules)),
        *(f"auto-scaling group {name}" for name in sorted(found.groups - known.groups)),
    ]
    if not strange:
        return ok("orphans", "no target group, header rule or auto-scaling group of no release")
    words = f"of no release in the state: {', '.join(strange)}"
    if busy:
        return ok("orphans", f"{words}: an update runs")
    remedy = f"see that release status --stack {stack} does not need them, then delete them in AWS"
    return warn("orphans", words, remedy)


def _short(arn: str) -> str:
    return arn.partition("targetgroup/")[2] or arn.rpartition("/")[2]


def look(clients: Clients, listener: str, stack: str, project: str) -> Parts:
    """All that the environment has for releases, by the tags that it was made with."""
    elb = clients("elbv2")
    groups = [
        str(group["TargetGroupArn"])
        for page in elb.get_paginator("describe_target_groups").paginate()
        for group in page["TargetGroups"]
        if str(group["TargetGroupName"]).startswith("web-")
    ]
    rules = [
        str(rule["RuleArn"])
        for page in elb.get_paginator("describe_rules").paginate(ListenerArn=listener)
        for rule in page["Rules"]
        if not rule["IsDefault"] and rule["Priority"] != str(MAIN)
    ]
    scaling = clients("autoscaling").get_paginator("describe_auto_scaling_groups")
    return Parts(
        frozenset(_of_environment(elb, groups, stack, project)),
        frozenset(_of_environment(elb, rules, stack, project)),
        frozenset(
            str(group["AutoScalingGroupName"])
            for page in scaling.paginate(Filters=[{"Name": f"tag:{ENVIRONMENT}", "Values": [stack]}])
            for group in page["AutoScalingGroups"]
            if ours(group["Tags"], stack, project)
        ),
    )


def _of_environment(elb: Any, arns: Sequence[str], stack: str, project: str) -> Iterator[str]:
    for start in range(0, len(arns), _BATCH):
        for described in elb.describe_tags(ResourceArns=list(arns[start : start + _BATCH]))[
            "TagDescriptions"
        ]:
            if ours(described["Tags"], stack, project):
                yield str(described["ResourceArn"])
