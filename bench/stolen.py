"""Processor time that the host of a virtual machine gave to others: what it explains is not what is measured."""

from __future__ import annotations

import os
from pathlib import Path

_STEAL = 8
"""The field of the line `cpu` in /proc/stat (proc(5)), in clock ticks of all processors together."""


def stolen(stat: Path = Path("/proc/stat")) -> float:
    """Seconds since the machine started, of all processors together; 0 where the kernel cannot know."""
    fields = stat.read_text().split("\n", 1)[0].split()
    return int(fields[_STEAL]) / os.sysconf("SC_CLK_TCK") if len(fields) > _STEAL else 0.0
