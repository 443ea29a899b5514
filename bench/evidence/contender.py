"""What is compared: a way to bring a version of the application live, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class CannotMeasure(Exception):
    """Something is missing, or does not do what it is measured for; says what to do."""


@dataclass(frozen=True)
class Deed:
    """A command that was given at `began` and ended at `ended` (s since the epoch) with `status`; `words` is what it
    said of itself where it refused."""

    status: int
    began: float
    ended: float
    words: str = ""


class Contender(Protocol):
    """One way. `how` tells in a sentence how it is set up. Raises CannotMeasure where it cannot go on."""

    name: str
    how: str

    def open(self) -> str:
        """Everything is up, version 1 of the application live; the URL that load is sent to."""

    def prepare(self, look: str) -> str:
        """Get ready a version that has never been live; its label. `look` is the example's: "2" is good, "4" fails 5 %
        of its pages."""

    def live(self) -> str:
        """What the live release names itself in the header `x-release`."""

    def release(self, label: str) -> Deed:
        """Bring a prepared version live; returns when the command of the one who releases would."""

    def back(self) -> Deed:
        """Bring the version live that was live before."""

    def close(self) -> None:
        """Nothing of it runs any more."""
