"""A clone of the checkout that is there for the measurement alone, and the commands that are run in it.

Whatever happens, Ctrl-C too, the clone's local clouds are stopped and its folders are removed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.printed import Line

_OF_A_CHECKOUT = ("AWS_", "PULUMI_", "UNEVENTFUL_", "MAKE", "VIRTUAL_ENV", "PYTHON")
"""What the environment variables that lead into some other checkout begin with."""
SHOWN = 40


class CommandFailed(Exception):
    """A command ended with another status than 0; says its last lines, and has all in `lines`."""

    def __init__(self, command: Sequence[str], status: int, lines: Sequence[str]) -> None:
        self.status = status
        self.lines = tuple(lines)
        super().__init__(f"`{' '.join(command)}` ended with status {status}\n" + "\n".join(lines[-SHOWN:]))


def again(do: Callable[[], object], times: int = 3) -> None:
    """Do what asks a registry for packages, which may not answer for a moment. Raises CommandFailed when it fails
    so many times in a row."""
    for left in reversed(range(times)):
        try:
            do()
        except CommandFailed:
            if not left:
                raise
        else:
            return


def neutral(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """`environ` as a shell has it that never worked in the checkout at `root`, its local cloud or its `make`."""
    kept = {key: value for key, value in environ.items() if not key.startswith(_OF_A_CHECKOUT)}
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(one for one in folders if not Path(one).is_relative_to(root))
    return kept


class Workplace:
    """`root` is the clone, `scratch` an empty folder beside it; `environ` is what commands get by default; `show` is
    told each line that a command prints."""

    def __init__(
        self, root: Path, scratch: Path, environ: Mapping[str, str], show: Callable[[str], None]
    ) -> None:
        self.root = root
        self.scratch = scratch
        self.environ = dict(environ)
        self._show = show

    def run(
        self, command: Sequence[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> tuple[Line, ...]:
        """What `command` prints, each line with its time on the monotonic clock. Raises `CommandFailed`.

        It has a session of its own, so that an interrupt reaches it once, as a whole, and is waited for.
        """
        process = subprocess.Popen(
            command,
            cwd=folder or self.root,
            env=dict(self.environ if environ is None else environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            lines = tuple(self._seen(text.rstrip("\n")) for text in process.stdout)
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGINT)
            process.stdout.read()  # what it says while it puts things right must not fill the pipe
            process.wait()
            raise
        finally:
            process.stdout.close()
        if status:
            raise CommandFailed(command, status, [line.text for line in lines])
        return lines

    def _seen(self, text: str) -> Line:
        self._show(text)
        return Line(time.monotonic(), text)

    def ask(self, command: Sequence[str], environ: Mapping[str, str]) -> Any:
        """The JSON that `command` prints. Raises `CommandFailed`."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(command, done.returncode, done.stderr.splitlines())
        return json.loads(done.stdout)


@contextmanager
def workplace(checkout: Path, environ: Mapping[str, str], show: Callable[[str], None]) -> Iterator[Workplace]:
    """A fresh clone of what is committed in `checkout`, beside it, or in the folder for temporary files where that
    cannot be written."""
    beside = checkout.parent if os.access(checkout.parent, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=beside))
    place = Workplace(folder / "clone", folder / "scratch", neutral(environ, checkout), show)
    try:
        place.scratch.mkdir()
        place.run(("git", "clone", "-q", str(checkout), str(place.root)), folder=folder)
        yield place
    finally:
        # A second Ctrl-C would leave a cloud running that nobody finds any more.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            if place.root.is_dir():
                place.run(("make", "--no-print-directory", "clean"))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            signal.signal(signal.SIGINT, before)
