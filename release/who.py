"""Who does this, in words for people: in a lease, in the log of migrations."""

from __future__ import annotations

import getpass
import platform


def who() -> str:
    """The user, and the machine that the command runs on."""
    return f"{_user()} on {platform.node()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
