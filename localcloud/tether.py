"""Run a command that the kernel ends when its parent is gone: `python tether.py PARENT [OPTION…] COMMAND…`.

A program of its own, since code between fork and exec is unsafe in a process with threads. The parent is
the thread that started it (prctl(2), PR_SET_PDEATHSIG), so that thread must live as long as the command
should. `--signal=NAME` is what ends it, by default KILL; `--user=UID:GID` is whom it runs as.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command, ending = int(sys.argv[1]), sys.argv[2:], signal.SIGKILL
    while command[0].startswith("--"):
        option, _, value = command.pop(0).partition("=")
        if option == "--signal":
            ending = signal.Signals[f"SIG{value}"]
        elif option == "--user":
            user, group = (int(number) for number in value.split(":"))
            os.setgroups([])
            os.setgid(group)
            # A change of user drops what the kernel was asked for before.
            os.setuid(user)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before the command began")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
