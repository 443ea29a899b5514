"""A child that owns the terminal while it runs, as under a shell: its display, its keys, its Ctrl-C.

The child has a process group of its own, so a Ctrl-C reaches it exactly once: from the terminal, which it
owns, or, where there is none, from us, who pass on the first signal that we get.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status (negative for a signal), and whether it was told to stop before."""

    status: int
    interrupted: bool


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run a command with our own stdin, stdout and stderr in `folder`, and wait for it, whatever signals
    come.

    SIGINT and SIGTERM are passed on as one SIGINT. A Ctrl-C that the terminal gave to the child is not
    known.
    """
    signals: list[int] = []
    children: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        signals.append(number)
        if len(signals) == 1 and children:
            _interrupt(children[0])

    with _heard({signal.SIGINT: pass_on, signal.SIGTERM: pass_on, signal.SIGCHLD: _nothing}) as hear:
        child = subprocess.Popen(command, cwd=folder, env=environment, process_group=0)
        children.append(child.pid)
        if signals:
            _interrupt(child.pid)
        with _owning_terminal(child.pid) as terminal:
            child.returncode = _wait(child.pid, terminal, hear)
    return Ended(child.returncode, bool(signals) or child.returncode == -signal.SIGINT)


@contextlib.contextmanager
def _heard(handlers: Mapping[int, Handler]) -> Iterator[Callable[[], None]]:
    """These handlers, and what waits until one of the signals has come since it last returned.

    Waiting for the child itself would not do: a signal that another thread takes, or that comes as a wait begins, does
    not end it, and its handler would be called when the child has ended.
    """
    wake, written = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    woken_before = signal.set_wakeup_fd(written, warn_on_full_buffer=False)

    def hear() -> None:
        select.select([wake], [], [])
        os.read(wake, 4096)

    try:
        yield hear
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in former.items():
            signal.signal(number, handler)
        os.close(wake)
        os.close(written)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    pass


def _interrupt(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)


def _wait(pid: int, terminal: int | None, hear: Callable[[], None]) -> int:
    while True:
        changed, ended = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if not changed:
            hear()
            continue
        if not os.WIFSTOPPED(ended):
            return os.waitstatus_to_exitcode(ended)
        if terminal is None:
            continue
        # Ctrl-Z: give the terminal back and stop as well, or the shell would wait for nobody.
        _give(terminal, os.getpgrp())
        os.kill(os.getpid(), signal.SIGSTOP)
        _give(terminal, pid)
        os.killpg(pid, signal.SIGCONT)


@contextlib.contextmanager
def _owning_terminal(pid: int) -> Iterator[int | None]:
    terminal = sys.stdin.fileno() if _in_foreground() else None
    if terminal is None:
        yield None
        return
    _give(terminal, pid)
    try:
        yield terminal
    finally:
        _give(terminal, os.getpgrp())


def _in_foreground() -> bool:
    try:
        return os.isatty(sys.stdin.fileno()) and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _give(terminal: int, group: int) -> None:
    """Whoever isn't in the foreground is stopped for handing it over, unless it doesn't listen."""
    former = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, group)
    finally:
        signal.signal(signal.SIGTTOU, former)
