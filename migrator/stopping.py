"""Signals: a run that is told to stop takes its statement back first."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The run was told to stop. psycopg answers a KeyboardInterrupt by cancelling the statement in the server."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def on_signals() -> None:
    """From here on each of the signals raises Stopped in the main thread, the first time."""
    for number in SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)
