"""What the stack named `production` is refused for, unless its stack file takes the risk with a reason. Pure.

Only a stack of that name is production: no setting tells it, since a setting could be forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.errors import Refusal
from infra.operated import RiskName
from infra.settings import PRODUCTION, Settings

KEY = "uneventful:accept_risk"

WIDE = 8
"""A range shorter than this is most of an internet: SSH for more than 2^24 addresses is for anybody."""


@dataclass(frozen=True)
class Risk:
    """A risk that the settings hold: the `seen` value of a `key`, what production `wants`, an example of it."""

    name: RiskName
    key: str
    seen: object
    wants: str
    example: object


def find(settings: Settings) -> tuple[Risk, ...]:
    """All risks that these settings would be in production, accepted or not."""
    return tuple(_risks(settings))


def refusals(settings: Settings) -> list[Refusal]:
    """One for each risk that production takes without accepting it, and for each accepted one that isn't there.

    Other stacks are refused only what they accept, since nobody asks them to.
    """
    found = find(settings) if settings.stack == PRODUCTION else ()
    accepted, present = settings.accepted, {risk.name for risk in found}
    return [_not_accepted(risk) for risk in found if risk.name not in accepted] + [
        Refusal(
            KEY,
            f"{json.dumps(name)} ({_absent(settings.stack)})",
            "only risks that the stack takes, so that none is taken unnoticed later",
            f"{KEY}: {_written({n: r for n, r in accepted.items() if n in present})}",
        )
        for name in accepted
        if name not in present
    ]


def repeated(settings: Settings) -> tuple[str, ...]:
    """A line for each accepted risk: what is seen where, and why it is taken."""
    return tuple(
        f"accepted risk {risk.name}: {risk.key} is {json.dumps(risk.seen)}; {settings.accepted[risk.name]}"
        for risk in find(settings)
        if settings.stack == PRODUCTION and risk.name in settings.accepted
    )


def _risks(settings: Settings) -> Iterator[Risk]:
    if not settings.database.multi_az:
        yield Risk("single-az-database", "uneventful:database.multi_az", False, "true", True)
    for part, chosen in (("database", settings.database), ("balancer", settings.balancer)):
        if not chosen.deletion_protection:
            key = f"uneventful:{part}.deletion_protection"
            yield Risk("deletion-protection-off", key, False, "true", True)
    if settings.web.min < 2:
        yield Risk("few-web-instances", "uneventful:web.min", settings.web.min, "2 or more", 2)
    for n, block in enumerate(settings.operations.allow):
        if block.prefixlen < WIDE:
            yield Risk(
                "open-ssh",
                f"uneventful:operations.allow[{n}]",
                str(block),
                f"ranges of /{WIDE} or smaller, your own",
                ["203.0.113.0/24"],
            )
    if not settings.alarms.recipients:
        yield Risk(
            "no-alarm-recipient",
            "uneventful:alarms.recipients",
            [],
            "one recipient or more",
            ["team@example.com"],
        )


def _not_accepted(risk: Risk) -> Refusal:
    part, _, setting = risk.key.partition("[")[0].partition(".")
    return Refusal(
        risk.key,
        f"{json.dumps(risk.seen)} (a risk in production)",
        f"{risk.wants}; or the risk accepted, {KEY}: [{{{risk.name}: why}}]",
        f"{part}: {{{setting}: {json.dumps(risk.example)}}}",
    )


def _absent(stack: str) -> str:
    if stack != PRODUCTION:
        return f"accepted in {stack}, but only {PRODUCTION} is refused for risks"
    return "accepted, but nothing takes it"


def _written(accepted: Mapping[RiskName, str]) -> str:
    return "[" + ", ".join(f"{{{name}: {json.dumps(reason)}}}" for name, reason in accepted.items()) + "]"
