"""What a start of the command line costs, however busy the machine is."""

from __future__ import annotations

import resource
from collections.abc import Callable


def cpu_seconds(run: Callable[[], object]) -> float:
    """The CPU time of the processes that `run` starts and waits for: the least of five tries, for the first may
    compile, and neighbours cost each other caches."""
    return min(_once(run) for _ in range(5))


def _once(run: Callable[[], object]) -> float:
    before = _spent()
    run()
    return _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
