"""Limits of an account that a release meets when two fleets run at once, and an environment when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from infra.settings import Settings
from release.doctor.account import Clients
from release.doctor.finding import UNSEEN, Finding, bad, ok, warn
from release.doctor.tagged import ours

VCPUS = ("ec2", "L-1216C47A")
"""Service Quotas' name for the vCPUs of running on-demand instances of the families A, C, D, H, I, M, R, T and Z."""
ADDRESSES = ("ec2", "L-0263D0A3")
"""And for the Elastic IP addresses of a region."""

_STANDARD = frozenset("acdhimrtz")
_CONSOLE = "https://console.aws.amazon.com/servicequotas/home/services/{}/quotas/{}"
_SPARE_GROUPS, _SPARE_RULES = 2, 2
"""What a release adds to the load balancer, and once more for one that is refused and looked at."""


@dataclass(frozen=True)
class Room:
    """A limit (None: AWS did not say it), how much of it others use, and how much we need at least and at most."""

    limit: float | None
    others: float
    least: float
    most: float


def vcpus(room: Room) -> Finding:
    return _judge("vCPUs for two fleets at once", room, VCPUS)


def addresses(room: Room) -> Finding:
    return _judge("addresses for NAT gateways", room, ADDRESSES)


def _judge(check: str, room: Room, quota: tuple[str, str]) -> Finding:
    where = _CONSOLE.format(*quota)
    need = f"{room.least:.0f}" if room.least == room.most else f"{room.least:.0f} to {room.most:.0f}"
    seen = f"needs {need}, {room.others:.0f} used by others"
    if room.limit is None:
        return Finding(UNSEEN, check, f"{seen}; Service Quotas does not say the limit", where)
    seen += f", limit {room.limit:.0f}"
    remedy = f"ask for at least {room.others + room.most:.0f}: {where}"
    if room.others + room.least > room.limit:
        return bad(check, seen, remedy)
    if room.others + room.most > room.limit:
        return warn(check, f"{seen}: enough now, not when all groups have grown", remedy)
    return ok(check, seen)


def balancer(groups: int, rules: int, limits: Mapping[str, int]) -> tuple[Finding, ...]:
    """What the environment's load balancer has now, against the account's limits by AWS's names of them."""
    return tuple(
        _beside(check, used, limits.get(name), spare)
        for check, used, name, spare in (
            ("target groups", groups, "target-groups-per-application-load-balancer", _SPARE_GROUPS),
            ("listener rules", rules, "rules-per-application-load-balancer", _SPARE_RULES),
        )
    )


def _beside(check: str, used: int, limit: int | None, spare: int) -> Finding:
    if limit is None:
        return Finding(UNSEEN, check, f"{used} at the load balancer; AWS does not say the limit")
    seen = f"{used} of {limit} at the load balancer"
    if used + spare > limit:
        where = "https://console.aws.amazon.com/servicequotas/home/services/elasticloadbalancing/quotas"
        return bad(
            check,
            f"{seen}, and a release needs {spare} more",
            f"lower uneventful:window, or ask for more: {where}",
        )
    return ok(check, seen)


def look_at_vcpus(clients: Clients, settings: Settings, project: str) -> Room:
    ec2 = clients("ec2")
    fleet = [
        (settings.web.instance, settings.web.min, settings.web.max),
        *((worker.instance, worker.min, worker.max) for worker in settings.workers.values()),
    ]
    host = settings.operations.instance
    types = sorted({*(name for name, _, _ in fleet), host})
    described = ec2.describe_instance_types(InstanceTypes=types)["InstanceTypes"]
    size = {str(each["InstanceType"]): int(each["VCpuInfo"]["DefaultVCpus"]) for each in described}
    counted = [(size[name], least, most) for name, least, most in fleet if _standard(name)]
    kept = size[host] if _standard(host) else 0
    others = sum(
        _cpus(instance)
        for instance in _running(ec2)
        if _standard(instance["InstanceType"]) and not ours(instance.get("Tags", ()), settings.stack, project)
    )
    return Room(
        _limit(clients, VCPUS),
        others,
        kept + 2 * sum(cpus * least for cpus, least, _ in counted),
        kept + 2 * sum(cpus * most for cpus, _, most in counted),
    )


def look_at_addresses(clients: Clients, settings: Settings, project: str) -> Room:
    need = {"none": 0, "one": 1, "each": settings.network.zones}[settings.network.nat]
    found = clients("ec2").describe_addresses()["Addresses"]
    others = sum(not ours(each.get("Tags", ()), settings.stack, project) for each in found)
    return Room(_limit(clients, ADDRESSES), others, need, need)


def look_at_balancer(clients: Clients, listener: str) -> tuple[int, int, Mapping[str, int]]:
    """How many target groups and rules the load balancer of this listener (ARN) has, and the account's limits."""
    elb = clients("elbv2")
    balancer = elb.describe_listeners(ListenerArns=[listener])["Listeners"][0]["LoadBalancerArn"]
    listeners = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    rules = [
        rule
        for each in listeners
        for page in elb.get_paginator("describe_rules").paginate(ListenerArn=each["ListenerArn"])
        for rule in page["Rules"]
    ]
    groups = elb.describe_target_groups(LoadBalancerArn=balancer)["TargetGroups"]
    limits = elb.describe_account_limits()["Limits"]
    return len(groups), len(rules), {str(each["Name"]): int(each["Max"]) for each in limits}


def _limit(clients: Clients, quota: tuple[str, str]) -> float | None:
    try:
        answer = clients("service-quotas").get_service_quota(ServiceCode=quota[0], QuotaCode=quota[1])
    except (ClientError, BotoCoreError, ResponseParserError):
        return None
    return float(answer["Quota"]["Value"])


def _running(ec2: Any) -> Iterable[Any]:
    states = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    for page in ec2.get_paginator("describe_instances").paginate(Filters=[states]):
        for reservation in page["Reservations"]:
            yield from (each for each in reservation["Instances"] if each.get("InstanceLifecycle") != "spot")


def _cpus(instance: Mapping[str, Any]) -> int:
    options = instance.get("CpuOptions") or {}
    return int(options.get("CoreCount", 1)) * int(options.get("ThreadsPerCore", 1))


def _standard(instance_type: str) -> bool:
    """Whether the type's family counts against this limit; those for computing (p, g, inf, …) have their own."""
    letters = "".join(letter for letter in instance_type.partition(".")[0] if letter.isalpha())
    return letters[:1] in _STANDARD and not letters.startswith(("inf", "trn", "dl", "hpc", "mac"))
