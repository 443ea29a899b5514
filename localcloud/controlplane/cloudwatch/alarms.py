"""What state an alarm is in, as CloudWatch decides it ('Configuring how CloudWatch alarms treat missing data' in AWS's
documentation). Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

OPERATORS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
EXTRA_PERIODS = 2
"""How many periods further back than it compares an alarm looks, for those in which nothing was put. AWS's number
depends on the period; this is the one of its documentation's examples."""
_RISING, _FALLING = ("Sum", "SampleCount", "Maximum"), ("Minimum",)


@dataclass(frozen=True)
class Rule:
    """Alarm when `needed` of the last `periods` values compare so with the threshold."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: Missing = "missing"

    def breaches(self, value: float) -> bool:
        return OPERATORS[self.comparison][0](value, self.threshold)

    @property
    def looks_back(self) -> int:
        """How many periods it looks at."""
        return self.periods + EXTRA_PERIODS


def settled(rule: Rule, stat: str, so_far: float | None) -> bool:
    """Whether a period that is not over breaches already, whatever is still to come: a sum of counts does not fall.

    AWS has a period's value only when it is over, and its alarms ring up to a minute later than those here.
    """
    if so_far is None or not rule.breaches(so_far):
        return False
    return stat in (_RISING if rule.comparison.startswith("Greater") else _FALLING)


def evaluate(rule: Rule, values: Sequence[float | None], current: State) -> State:
    """The state after these periods, oldest first; None is a period without data. `current` is kept where the
    values decide nothing."""
    there = [value for value in values if value is not None]
    lacking = max(0, rule.periods - len(there))
    counted = there[-rule.periods :]
    breaching = sum(rule.breaches(value) for value in counted)
    if lacking == 0 or rule.missing == "notBreaching":
        return "ALARM" if breaching >= rule.needed else "OK"
    if rule.missing == "breaching":
        return "ALARM" if breaching + lacking >= rule.needed else "OK"
    if breaching >= rule.needed:
        return "ALARM"
    if breaching < len(counted):
        return "OK"
    if rule.missing == "ignore":
        return current
    if not there:
        return "INSUFFICIENT_DATA"
    # "If the oldest available breaching data point is as old as Datapoints to Alarm": it will not become more sure.
    oldest = next(age for age, value in enumerate(values) if value is not None)
    return "ALARM" if len(values) - oldest >= rule.needed else current


def reason(rule: Rule, values: Sequence[float | None], state: State) -> str:
    """Why it is in that state, much as CloudWatch words it."""
    there = [value for value in values if value is not None][-rule.periods :]
    lacking = rule.periods - len(there)
    if state == "INSUFFICIENT_DATA" or (not there and rule.missing not in ("breaching", "notBreaching")):
        points = f"{rule.periods} datapoint{'s' * (rule.periods != 1)}"
        return f"Insufficient Data: {points} were unknown."
    if not there:
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} period{'s' * (rule.periods != 1)} "
            f"and {lacking} missing datapoint{'s' * (lacking != 1)} {'were' if lacking != 1 else 'was'} treated as "
            f"[{'Breaching' if rule.missing == 'breaching' else 'NonBreaching'}]."
        )
    breaching = state == "ALARM"
    shown = [value for value in there if rule.breaches(value) == breaching]
    numbers = ", ".join(f"{value:g}" for value in shown)
    verb = (
        f"{'was' if len(shown) == 1 else 'were'}{'' if breaching else ' not'} {OPERATORS[rule.comparison][1]}"
    )
    return (
        f"Threshold Crossed: {len(shown)} out of the last {len(there)} datapoints [{numbers}] {verb} the threshold "
        f"({rule.threshold:g}) (minimum {rule.needed} datapoint{'s' * (rule.needed != 1)} for OK -> ALARM transition)."
    )
