"""A child in the foreground of a real terminal (a pseudo one), as a person at a keyboard meets it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.threads import tell_another

# The child counts its signals and tells whether it owns the terminal; `q` ends it.
CHILD = """
import os, signal, sys, termios
signal.signal(signal.SIGINT, lambda *_: print("<interrupted>", flush=True))
settings = termios.tcgetattr(0)
settings[3] &= ~(termios.ICANON | termios.ECHO)
termios.tcsetattr(0, termios.TCSANOW, settings)
print("<foreground>" if os.tcgetpgrp(0) == os.getpgrp() else "<background>", flush=True)
while (key := sys.stdin.read(1)) != "q":
    print(f"<{key}>", flush=True)
"""

PARENT = """
import os, sys
from pathlib import Path
from release.cli.foreground import run
ended = run([sys.executable, "-c", sys.argv[1]], Path("."), os.environ)
print(f"<ended {ended.status} {ended.interrupted}>", flush=True)
print("<ours>" if os.tcgetpgrp(0) == os.getpgrp() else "<lost>", flush=True)
print(f"<read {sys.stdin.readline().strip()}>", flush=True)
"""

# With a thread beside, as those that make AWS's clients are.
THREADED = """
import os, sys, threading
from pathlib import Path
from release.cli.foreground import run
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(run(["sh", "-c", "trap 'exit 44' INT; echo begun; while :; do sleep 0.05; done"], Path("."), os.environ))
"""


class Terminal:
    def __init__(self) -> None:
        self.pid, self._keyboard = pty.fork()
        if self.pid == 0:
            os.chdir(Path(__file__).parents[4])
            os.execv(sys.executable, [sys.executable, "-c", PARENT, CHILD])
        self.screen = ""

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def see(self, text: str) -> None:
        """Wait until the text is on the screen."""
        deadline = time.monotonic() + 15
        while text not in self.screen:
            assert time.monotonic() < deadline, f"no {text} on the screen: {self.screen!r}"
            if select.select([self._keyboard], [], [], 0.1)[0]:
                self.screen += os.read(self._keyboard, 4096).decode()

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._keyboard)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_the_child_owns_the_terminal_and_we_have_it_back_afterwards(terminal: Terminal) -> None:
    terminal.see("<foreground>")
    terminal.type("a")
    terminal.see("<a>")
    terminal.type("q")
    terminal.see("<ended 0 False>")
    terminal.see("<ours>")
    terminal.type("hello\n")
    terminal.see("<read hello>")


def test_ctrl_c_reaches_the_child_exactly_once(terminal: Terminal) -> None:
    terminal.see("<foreground>")
    terminal.type("\x03")
    terminal.see("<interrupted>")
    terminal.type("aq")
    terminal.see("<ours>")
    assert terminal.screen.count("<interrupted>") == 1


def test_ctrl_z_stops_both_and_after_going_on_the_child_owns_the_terminal_again(terminal: Terminal) -> None:
    terminal.see("<foreground>")
    terminal.type("\x1a")
    _, stopped = os.waitpid(terminal.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(stopped)
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.type("b")
    terminal.see("<b>")
    terminal.type("q")
    terminal.see("<ours>")


def test_a_signal_that_another_thread_takes_reaches_the_child_too() -> None:
    with subprocess.Popen([sys.executable, "-c", THREADED], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == "begun\n"
            tell_another(parent.pid, signal.SIGTERM)
            assert parent.communicate(timeout=15)[0] == "Ended(status=44, interrupted=True)\n"
        finally:
            parent.kill()
