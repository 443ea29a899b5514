"""Keeps an instance's processes from changing the machine that they run on, where its kernel can (Landlock).

An instance believes that it has a machine of its own, and may be run by root: a script that makes a folder in
/srv shall fail, and not make it. Source: landlock(7), include/uapi/linux/landlock.h; the numbers are those of x86-64
and arm64 alike.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_CHANGES = sum(1 << bit for bit in (4, 5, 6, 7, 8, 9, 10, 11, 12, 13))
"""Remove (folder, file), make (character device, folder, file, socket, pipe, block device, link), move elsewhere."""
_SHARED = ("/tmp", "/var/tmp", "/dev", "/proc")


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(folder: Path) -> bool:
    """From now on this process and all that it starts can write only beneath `folder`, /tmp, /var/tmp, /dev and /proc.

    False, and nothing changed, where the kernel is older than 6.2 or has no Landlock.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)) < 3:
        return False
    handled = _WRITE_FILE | _TRUNCATE | _CHANGES
    wanted = _Ruleset(handled)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted)), 0)
    if ruleset < 0:
        return False
    try:
        for place in (str(folder), *_SHARED):
            if not Path(place).is_dir():
                continue
            descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
            rule = _PathBeneath(handled, descriptor)
            added = libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
            os.close(descriptor)
            if added:
                return False
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)
