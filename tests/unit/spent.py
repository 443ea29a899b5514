"""What a piece of work costs this process, whatever other tests have left in it."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Spent:
    """Seconds of processor; there once the work has been left."""

    seconds: float = 0.0


@contextmanager
def counted() -> Iterator[Spent]:
    """Without a collection of garbage: in a process with gigabytes of other tests' objects one takes a second."""
    spent, collected = Spent(), gc.isenabled()
    gc.disable()
    began = time.process_time()
    try:
        yield spent
    finally:
        spent.seconds = time.process_time() - began
        if collected:
            gc.enable()
