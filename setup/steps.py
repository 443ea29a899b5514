"""Runs the parts of a set-up one after another, in the foreground, and remembers how long each took."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.progress import Progress


@dataclass(frozen=True)
class Part:
    """`seconds` of wall time; `note` says what was special about it."""

    name: str
    seconds: float
    note: str = ""


class StepFailed(Exception):
    """A command that ended with another status than 0, after having said why on its own."""

    def __init__(self, command: Sequence[str], status: int) -> None:
        super().__init__(f"`{' '.join(command)}` ended with status {status}")
        self.status = status


class Steps:
    """`parts` has what was done so far, also when something failed."""

    def __init__(self, root: Path, progress: Progress) -> None:
        self._root = root
        self._progress = progress
        self.environ: Mapping[str, str] = {}
        self.parts: list[Part] = []

    def note(self, name: str, seconds: float, note: str = "") -> None:
        self.parts.append(Part(name, seconds, note))

    @contextmanager
    def part(self, name: str, note: str = "") -> Iterator[None]:
        """Times what is done inside, whether it ends well or not."""
        began = self._progress.elapsed()
        try:
            yield
        finally:
            self.note(name, self._progress.elapsed() - began, note)

    def run(self, name: str, command: Sequence[str], note: str = "") -> None:
        """Runs `command` with its display untouched, as a part. Raises `StepFailed`."""
        self._progress.say(f"$ {' '.join(command)}")
        with self.part(name, note):
            status = wait(subprocess.Popen(command, cwd=self._root, env=self.environ))
        if status:
            raise StepFailed(command, status)

    def ask(self, command: Sequence[str]) -> str:
        """What `command` prints. Raises `StepFailed`; its standard error is the user's."""
        process = subprocess.Popen(
            command, cwd=self._root, env=self.environ, stdout=subprocess.PIPE, text=True
        )
        said, _ = process.communicate()
        if process.returncode:
            raise StepFailed(command, process.returncode)
        return said


def wait(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> int:
    """Its exit status. An interrupt has reached `process` too: it gets the time to put things right, then it counts."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        _until_gone(process.wait)
        raise


def _until_gone(join: Callable[[], int]) -> None:
    while True:
        try:
            join()
            return
        except KeyboardInterrupt:
            continue


def table(parts: Sequence[Part]) -> str:
    """Where the time went, a line a part and the sum."""
    total = Part("all", sum(part.seconds for part in parts))
    width = max(len(part.name) for part in [*parts, total])
    return "\n".join(
        f"  {part.name:<{width}}  {part.seconds:7.1f} s  {part.note}".rstrip() for part in [*parts, total]
    )
