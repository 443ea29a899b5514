"""What is measured of the parts of the cloud, in CloudWatch's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[str, str, Dimensions]
"""(namespace, metric, dimensions in order of their names)"""


def key(namespace: str, name: str, dimensions: Mapping[str, str]) -> Key:
    """The metric that has exactly these dimensions."""
    return namespace, name, tuple(sorted(dimensions.items()))


@dataclass(frozen=True)
class Sample:
    """`number` values that add up to `total`. `spread` has how many there are of each value, where that is known.

    A `reading` is a state of the moment of which AWS keeps one a minute: the minute's last one counts, once.
    """

    key: Key
    total: float
    number: float = 1.0
    unit: str = "Count"
    reading: bool = False
    spread: Mapping[float, int] = field(default_factory=dict)

    @property
    def least(self) -> float:
        return min(self.spread, default=self.total / self.number)

    @property
    def most(self) -> float:
        return max(self.spread, default=self.total / self.number)


def reading(
    namespace: str, name: str, dimensions: Mapping[str, str], value: float, unit: str = "Count"
) -> Sample:
    """A state of the moment."""
    return Sample(key(namespace, name, dimensions), value, unit=unit, reading=True)
