"""How a process ended, and what systemd makes of it. Pure. Source: systemd.service(5), Restart=."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

_CLEAN_SIGNALS = frozenset((signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE))


@dataclass(frozen=True)
class Outcome:
    """`status`: exit status, or the signal's number when `signalled`. `timed_out`: it was killed because it
    did not start or stop in its time."""

    status: int = 0
    signalled: bool = False
    timed_out: bool = False

    @classmethod
    def of(cls, wait_status: int, timed_out: bool = False) -> Outcome:
        """From what os.waitpid gives."""
        if os.WIFSIGNALED(wait_status):
            return cls(os.WTERMSIG(wait_status), True, timed_out)
        return cls(os.WEXITSTATUS(wait_status), False, timed_out)

    def clean(self, success_statuses: frozenset[int] = frozenset()) -> bool:
        if self.timed_out:
            return False
        if self.signalled:
            return self.status in _CLEAN_SIGNALS
        return self.status == 0 or self.status in success_statuses

    def told(self) -> dict[str, str]:
        """The variables by which what runs after a process learns how that ended (systemd.exec(5))."""
        result = "timeout" if self.timed_out else "signal" if self.signalled else "exit-code"
        return {
            "SERVICE_RESULT": "success" if self.clean() else result,
            "EXIT_CODE": "killed" if self.signalled else "exited",
            "EXIT_STATUS": signal.Signals(self.status).name[3:] if self.signalled else str(self.status),
        }

    def __str__(self) -> str:
        words = (
            f"killed by {signal.Signals(self.status).name}"
            if self.signalled
            else f"exit status {self.status}"
        )
        return f"{words} (after its time was over)" if self.timed_out else words


def restarts(policy: str, outcome: Outcome, success_statuses: frozenset[int] = frozenset()) -> bool:
    """Whether a service that ended by itself is started again, by the table of systemd.service(5)."""
    clean = outcome.clean(success_statuses)
    abnormal = not clean and (outcome.signalled or outcome.timed_out)
    return {
        "no": False,
        "always": True,
        "on-success": clean,
        "on-failure": not clean,
        "on-abnormal": abnormal,
        "on-abort": abnormal and not outcome.timed_out,
    }[policy]


def start_refused(starts: Sequence[float], now: float, interval: float, burst: int) -> bool:
    """Whether one more start would be more than `burst` in `interval` seconds; an interval of 0 never refuses."""
    return interval > 0 and sum(1 for start in starts if now - start < interval) >= burst
