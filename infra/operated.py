"""Settings of how an environment is watched over: its operations host, alarms and logs. Times are in seconds."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.part import Part, refuse

KEPT_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096),
    *(1827, 2192, 2557, 2922, 3288, 3653),
)
"""How long CloudWatch Logs can keep a log group's events, in days: `retentionInDays` of PutRetentionPolicy."""


def _kept(days: int) -> int:
    if days not in KEPT_DAYS:
        near = min(KEPT_DAYS, key=lambda kept: abs(kept - days))
        raise refuse(f"CloudWatch has no retention of that length; {near} is near")
    return days


def _each_once(recipients: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((one for n, one in enumerate(recipients) if one in recipients[:n]), None)
    if twice:
        raise refuse(f"{twice} is named twice")
    return recipients


def _not_root(user: str) -> str:
    if user == "root":
        raise refuse("nobody logs in as root")
    return user


class Operations(Part):
    """The host that runs migrations, and who may reach it by SSH."""

    instance: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$",
            description="an EC2 instance type of the image's architecture (web.image)",
            examples=["t3.micro"],
        ),
    ] = "t3.micro"
    allow: Annotated[
        tuple[IPv4Network, ...],
        Field(
            description="IPv4 ranges that may connect by SSH: whoever runs an update; none by default",
            examples=[["203.0.113.0/24"]],
        ),
    ] = ()
    port: Annotated[
        int, Field(ge=1, le=65535, description="the port of its SSH server, 1 to 65535", examples=[22])
    ] = 22
    user: Annotated[
        str,
        AfterValidator(_not_root),
        Field(
            pattern=r"^[a-z_][a-z0-9_-]{0,31}$",
            description="the user to log in as, any but root",
            examples=["ec2-user"],
        ),
    ] = "ec2-user"
    address: Annotated[
        Literal["public", "private"],
        Field(
            description="public (reached over the internet) or private (over a network that is connected to this one)",
            examples=["public"],
        ),
    ] = "public"


class Alarms(Part):
    """Beyond what something is wrong, and who is told."""

    recipients: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)], ...],
        AfterValidator(_each_once),
        Field(
            description="e-mail addresses that alarms are sent to, each once; each confirms a first mail",
            examples=[["team@example.com"]],
        ),
    ] = ()
    latency: Annotated[
        float,
        Field(gt=0, le=900, description="above 0 to 900 s that 99 of 100 answers must keep", examples=[5.0]),
    ] = 5.0
    errors: Annotated[
        int,
        Field(
            ge=1,
            description="1 or more answers of 500 and above in a minute, the balancer's or an instance's",
            examples=[10],
        ),
    ] = 10
    cpu: Annotated[
        int, Field(ge=1, le=100, description="1 to 100 % of the database's processors", examples=[80])
    ] = 80
    connections: Annotated[
        int, Field(ge=1, description="1 or more connections to the database", examples=[80])
    ] = 80
    free_storage: Annotated[
        int,
        Field(ge=1, le=65536, description="1 to 65536 GiB that the database has left", examples=[2]),
    ] = 2
    dead_letters: Annotated[
        int, Field(ge=1, description="1 or more messages that nobody could handle", examples=[1])
    ] = 1


class Logs(Part):
    """How long what was logged is kept."""

    retention: Annotated[
        int,
        AfterValidator(_kept),
        Field(
            description="days, one of " + ", ".join(map(str, KEPT_DAYS)),
            examples=[30],
        ),
    ] = 30


RiskName = Literal[
    "single-az-database",
    "deletion-protection-off",
    "few-web-instances",
    "open-ssh",
    "no-alarm-recipient",
]
"""What production is refused for, unless its stack file accepts it (`infra.risks`)."""

Reason = Annotated[str, Field(pattern=r"^\s*\S")]


def _one_entry(risk: dict[RiskName, Reason]) -> dict[RiskName, Reason]:
    if len(risk) != 1:
        raise refuse("not one name with one reason")
    return risk


AcceptedRisk = Annotated[dict[RiskName, Reason], AfterValidator(_one_entry)]
"""A risk's name, and why it is taken."""


def _each_risk_once(risks: tuple[dict[RiskName, Reason], ...]) -> tuple[dict[RiskName, Reason], ...]:
    names = [name for risk in risks for name in risk]
    twice = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if twice:
        raise refuse(f"{twice} is accepted twice")
    return risks


AcceptedRisks = Annotated[tuple[AcceptedRisk, ...], AfterValidator(_each_risk_once)]
