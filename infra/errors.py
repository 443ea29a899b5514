"""Every error that an environment's definition can meet before the first resource is touched.

EnvironmentRefused
├── SettingsError   a stack file holds something that cannot be used
├── NeighbourError  two stack files name the same account and network
├── AccountError    the credentials are not those of an account that the stack names, or there are none
└── ZonesError      the region has fewer zones than the stack wants
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class EnvironmentRefused(Exception):
    """Nothing was touched. `str()` is the whole text for the reader, several lines, without a stack trace.

    Its last line names the page of this repository that tells more, docs/runbooks/`runbook`.md; `said` is the text
    without that line.
    """

    runbook: ClassVar[str] = ""

    def __init_subclass__(cls, *, runbook: str) -> None:
        cls.runbook = runbook

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said

    def __str__(self) -> str:
        return f"{self.said}\n  {'runbook:':<10}docs/runbooks/{self.runbook}.md"


@dataclass(frozen=True)
class Refusal:
    """One setting that cannot be used: its full `key`, the value `seen`, what is `allowed`, and a line for
    the stack file that would do.
    """

    key: str
    seen: str
    allowed: str
    example: str

    def __str__(self) -> str:
        return "\n".join(
            (
                self.key,
                f"    seen:    {self.seen}",
                f"    allowed: {self.allowed}",
                f"    example: {self.example}",
            )
        )


class SettingsError(EnvironmentRefused, runbook="settings-refused"):
    """A stack file holds something that cannot be used; all that is wrong with it is said at once."""

    def __init__(self, file: str, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        number = "a setting" if len(self.refusals) == 1 else f"{len(self.refusals)} settings"
        lines = "\n".join(f"  {refusal}" for refusal in self.refusals)
        super().__init__(
            f"{file} has {number} that cannot be used; nothing was touched\n{lines}\n"
            f"  next: edit {file}, then run the same command again"
        )


class NeighbourError(EnvironmentRefused, runbook="neighbour"):
    """Two stack files name the same account and network."""


class AccountError(EnvironmentRefused, runbook="account"):
    """The credentials are not those of an account that the stack names, or there are none."""


class ZonesError(EnvironmentRefused, runbook="zones"):
    """The region has fewer zones than the stack wants."""
