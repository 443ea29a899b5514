"""Metric math, as much of it as alarms and policies need: + - * / and brackets over metrics' ids and numbers.

Names and rules: 'Using metric math' in AWS's documentation. Everything else is refused by name.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from datetime import datetime

from localcloud.controlplane.cloudwatch.statistics import MetricsRefused

Series = dict[datetime, float]
"""Values by the start of their period."""

LONGEST = 2048
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def calculate(expression: str, series_of: Callable[[str], Series]) -> Series:
    """The expression's value in each period for which all of its metrics have one; a division by zero has none.

    `series_of` gives a metric by its id. Raises `MetricsRefused`.
    """
    try:
        if len(expression) > LONGEST:
            raise SyntaxError(f"it is longer than {LONGEST} characters")
        tree = ast.parse(expression.strip(), mode="eval").body
        value = _value(tree, expression, series_of)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise MetricsRefused(f"The expression {expression[:80]!r} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise MetricsRefused(f"The expression {expression!r} names no metric: it has no value over time.")
    return value


def _value(node: ast.expr, expression: str, series_of: Callable[[str], Series]) -> Series | float:
    match node:
        case ast.Constant(value=float() | int() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            return series_of(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _combine(operator.mul, -1.0, _value(operand, expression, series_of))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            one = _value(left, expression, series_of)
            return _combine(_OPERATORS[type(op)], one, _value(right, expression, series_of))
    part = ast.get_source_segment(expression.strip(), node) or type(node).__name__
    raise MetricsRefused(
        f"The local cloud's metric math has + - * /, brackets, numbers and ids; not {part[:80]!r}."
    )


def _combine(
    what: Callable[[float, float], float], one: Series | float, other: Series | float
) -> Series | float:
    if not isinstance(one, dict) and not isinstance(other, dict):
        return what(one, other) if what is not operator.truediv or other else float("nan")
    times = [part.keys() for part in (one, other) if isinstance(part, dict)]
    found: Series = {}
    for at in sorted(set(times[0]).intersection(*times[1:])):
        left = one[at] if isinstance(one, dict) else one
        right = other[at] if isinstance(other, dict) else other
        if what is not operator.truediv or right:
            value = what(left, right)
            if value == value:
                found[at] = value
    return found
