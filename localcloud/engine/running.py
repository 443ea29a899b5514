"""Runs a command and tells its lines as they come, with a tick each second so that time can be shown."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TICK = 1.0
KEPT = 20


@dataclass(frozen=True)
class Ended:
    """A command's exit status and standard output, and the last lines of its standard error."""

    status: int
    output: str
    said: tuple[str, ...]


def follow(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    line: Callable[[str], None],
    tick: Callable[[], None],
) -> Ended:
    """Runs `command` to its end; `line` gets each line of standard error, `tick` comes each second.

    When this is interrupted the command is stopped and waited for, so that nothing runs on.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    output: list[str] = []
    assert process.stdout is not None
    assert process.stderr is not None
    readers = (
        threading.Thread(target=_collect, args=(process.stdout, output), daemon=True),
        threading.Thread(target=_queue, args=(process.stderr, lines), daemon=True),
    )
    for reader in readers:
        reader.start()
    said: deque[str] = deque(maxlen=KEPT)
    try:
        while True:
            try:
                got = lines.get(timeout=TICK)
            except queue.Empty:
                tick()
                continue
            if got is None:
                break
            said.append(got)
            line(got)
        status = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    for reader in readers:
        reader.join()
    return Ended(status, "".join(output), tuple(said))


def _collect(stream: IO[str], into: list[str]) -> None:
    into.append(stream.read())


def _queue(stream: IO[str], into: queue.SimpleQueue[str | None]) -> None:
    for text in stream:
        into.put(text.rstrip("\n"))
    into.put(None)
