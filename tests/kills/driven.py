"""A release that is on its way, watched until it comes to a phase, and what strikes it there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.control import ask
from tests.e2e.processes import AWS, COMMAND, LANGUAGE_HOST, PROVIDER, below, engine_of, lives
from tests.e2e.stage import Stage
from tests.kills.matrix import FAULT_SECONDS, Cell
from tests.kills.network import Network
from tests.kills.timeline import Timeline

LONGEST = 300.0
"""Seconds that a release may take to come to a phase, or to its end."""

_SAID = {
    "plan": r"Stack \S+ running plan: ",
    "migration": r"command:remote:Command migrate-\S+ creating",
    "fleet": r"aws:autoscaling:Group web-\S+ creating",
    "gate": r"index:HealthGate gate-\S+ creating .* healthy, ",
    "workers": r"index:Handover \S+ (creating|updating)",
    "bake": r"index:Handover \S+ (creating|updating) .*bak",
    "record": r"index:Handover \S+ (created|updated) ",
}
_AT_WORK = {"plan": AWS, "migration": COMMAND, "fleet": AWS}
"""The provider that does a phase's work, where it is not the project's own."""
_CANDIDATE = re.compile(r"plan: (?:release|roll back) from .* to version \S+ \(([0-9a-f]{8})\)")


class Driven:
    """`release deploy TARGET`, running."""

    def __init__(self, stage: Stage, argv: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        self._stage = stage
        self._argv = argv
        self._process = process
        self._lines: list[str] = []
        self._providers: list[int] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self._lines)

    @property
    def candidate(self) -> str:
        """The release (id) that it brings; empty as long as that is not said."""
        found = _CANDIDATE.search(self.output)
        return found[1] if found else ""

    def until(self, phase: str, timeline: Timeline) -> None:
        """Wait until it has come to the phase. Fails when it ends before."""
        limit = time.monotonic() + LONGEST
        while not self._has_come_to(phase, timeline):
            ended = self._process.poll()
            assert ended is None, f"it ended with {ended} before {phase}:\n{self.output[-3000:]}"
            assert time.monotonic() < limit, f"it never came to {phase}:\n{self.output[-3000:]}"
            time.sleep(0.02)

    def ended(self) -> int:
        """Its exit status, when it and all that it started are gone."""
        status = self._process.wait(LONGEST)
        self._reader.join(10)
        self._stage.keep(self._argv, self.output)
        limit = time.monotonic() + 60
        while any(lives(pid) for pid in self._providers):
            assert time.monotonic() < limit, f"a provider outlives its engine: {self._providers}"
            time.sleep(0.02)
        return status

    @property
    def engine(self) -> int:
        return engine_of(self._process.pid)

    def see_providers(self) -> None:
        """Know those that must be gone in the end: nobody finds them any more when their engine is dead."""
        self._providers = below(self.engine, PROVIDER)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def _has_come_to(self, phase: str, timeline: Timeline) -> bool:
        if phase.endswith("%"):
            share = len(timeline.now) > 1 if phase != "100 %" else timeline.now == {self.candidate}
            return bool(self.candidate) and self.candidate in timeline.now and share
        return any(re.search(_SAID[phase], line) for line in self._lines)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)


@contextmanager
def driven(stage: Stage, target: str) -> Iterator[Driven]:
    """Start a release; whatever is left of it is killed."""
    argv = ("release", "deploy", target, "--stack", "dev", "--yes", "--keep")
    with stage.started(*argv) as process:
        yield Driven(stage, argv, process)


def strike(cell: Cell, release: Driven, network: Network, control: Path) -> float:
    """Strike the cell's victim; the moment (monotonic clock) from which on nobody is in the way of a repair."""
    release.see_providers()
    match cell.victim:
        case "pulumi":
            _kill([release.engine])
        case "provider":
            _kill(below(release.engine, _AT_WORK.get(cell.phase, PROVIDER)))
        case "language host":
            _kill(below(release.engine, LANGUAGE_HOST))
        case "API":
            # By turns, so that both are tried in the phases of each kind.
            fault = "api-throttle" if (cell.chain + len(cell.phase)) % 2 else "api-error"
            return _for_a_while(
                lambda: ask(control, "fault-set", name=fault, value="100%"),
                lambda: ask(control, "fault-clear", name=fault),
            )
        case "network":
            return _for_a_while(network.cut, network.mend)
        case name:
            release.signal(signal.Signals[name])
    return time.monotonic()


def _kill(victims: list[int]) -> None:
    assert victims, "there is nothing to kill"
    for pid in victims:
        os.kill(pid, signal.SIGKILL)


def _for_a_while(begin: Callable[[], object], end: Callable[[], object]) -> float:
    begin()
    try:
        time.sleep(FAULT_SECONDS)
    finally:
        end()
    return time.monotonic()
