"""Run a command that the kernel kills when its parent is gone: `python tether.py PARENT COMMAND…`.

A program of its own, since code between fork and exec is unsafe in a process with threads. The parent is
the thread that started it (prctl(2), PR_SET_PDEATHSIG), so that thread must live as long as the command
should.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before the command began")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
