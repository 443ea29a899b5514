"""What a service needs of the instance that it runs on."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Protocol

from localcloud.instances.unit import Command, Unit

Done = Callable[[str], None]
"""Told once when a start or stop is over: "" or what went wrong."""


class Cancel(Protocol):
    def __call__(self) -> None: ...


class Host(Protocol):
    """What a service needs of the instance that it runs on."""

    def clock(self) -> float: ...
    def call_later(self, seconds: float, action: Callable[[], None]) -> Cancel: ...
    def note(self, unit: str, text: str) -> None: ...
    def environment(self, unit: Unit) -> Mapping[str, str]:
        """The unit's variables; raises OSError or UnitError with the reason why there are none."""
        ...

    def spawn(self, unit: Unit, command: Command, environment: Mapping[str, str]) -> int:
        """Start the command in a process group of its own; its pid. Raises OSError when it cannot be executed."""
        ...

    def failed(self, unit: Unit) -> None:
        """The unit has failed for good: what it names for that is started."""
        ...

    def members(self, invocation: str) -> tuple[int, ...]:
        """Every live process of this start of a unit, wherever it has forked to."""
        ...

    def send(self, pid: int, number: signal.Signals) -> None: ...
