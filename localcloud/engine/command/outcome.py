"""How a command ended, and what is said when it did not end well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

OnLine = Callable[[str, str], Awaitable[None]]
"""Called with (stream, line) for each line as it comes; stream is "stdout" or "stderr"."""


@dataclass(frozen=True)
class Outcome:
    """A finished command: its output without the last newline, as pulumi-command keeps it in the state."""

    stdout: str
    stderr: str

    def properties(self) -> dict[str, str]:
        return {"stdout": self.stdout, "stderr": self.stderr}


class CommandError(Exception):
    """Why a command has no outcome, in words for the person who reads `pulumi up`."""


class CommandFailed(CommandError):
    """The command ran and ended badly. The message holds the command and its whole output, as pulumi-command's
    does: no secret belongs into a command."""

    def __init__(self, reason: str, command: str, output: str) -> None:
        super().__init__(f'{reason}: running "{command}":\n{output}')


def previous(properties: Mapping[str, object]) -> dict[str, str]:
    """The variables that tell a command what its predecessor printed."""
    return {
        f"PULUMI_COMMAND_{name.upper()}": str(properties[name])
        for name in ("stdout", "stderr")
        if properties.get(name) is not None
    }
