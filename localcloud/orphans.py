"""What a daemon that was killed left behind.

Everything that a cloud starts carries UNEVENTFUL_CLOUD with this checkout's state folder in its
environment, and so does everything that those start. Whoever holds the cloud's lock may end them: no daemon
of this cloud is alive.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

from localcloud.errors import PartFailed
from localcloud.processes import ProcessId, marked_processes

ROUNDS = 50
PAUSE_SECONDS = 0.02


def end_orphans(marker: str, sleep: Callable[[float], None] = time.sleep) -> tuple[ProcessId, ...]:
    """Kill every process that carries `marker`, those that appear meanwhile too, and nothing else.

    Returns those that were found, none of which is alive any more. Raises `PartFailed` when some would not
    die.
    """
    ended: dict[ProcessId, None] = {}
    for _ in range(ROUNDS):
        found = list(marked_processes(marker))
        if not found:
            return tuple(ended)
        for process in found:
            if process.alive():
                ended[process] = None
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        sleep(PAUSE_SECONDS)
    left = ", ".join(str(process.pid) for process in marked_processes(marker))
    raise PartFailed(
        f"processes of an earlier local cloud would not end: {left}.",
        f"See what they are: ps -o pid,user,args -p {left}",
    )
