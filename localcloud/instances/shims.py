"""The few programs of an instance that are not the machine's own: found first on its PATH, in /usr/bin."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from localcloud.instances import systemctl
from localcloud.instances.root import Root

# All files of an instance belong to who runs the local cloud; what is checked is that the user is there.
_CHOWN = """#!/bin/sh
while [ "${{1#-}}" != "$1" ]; do shift; done
user="${{1%%[:.]*}}"
[ -z "$user" ] || grep -q "^$user:" {passwd} || {{ echo "chown: invalid user: '$1'" >&2; exit 1; }}
"""


def base_interpreter() -> str:
    """The Python that the running one was made from: without the packages of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def write_shims(root: Root, instance: Path) -> None:
    """`python3` is an interpreter without any package, `aws` AWS's own command line, `systemctl` speaks to the
    instance's first process (whose folder is `instance`), `chown` changes nothing."""
    python, venv = base_interpreter(), sys.executable
    script = str(Path(systemctl.__file__).resolve())
    shims = {
        "aws": _exec(venv, "-I", "-m", "awscli"),
        "systemctl": _exec(python, "-I", "-S", script, str(instance)),
        "chown": _CHOWN.format(passwd=shlex.quote(str(root.inside("/etc/passwd")))),
    }
    folder = root.inside("/usr/bin")
    folder.mkdir(parents=True, exist_ok=True)
    # What makes /usr an empty virtual environment (PEP 405): packages that the machine has would hide that a bundle
    # lacks them.
    settings = f"home = {Path(python).parent}\ninclude-system-site-packages = false\n"
    root.inside("/usr/pyvenv.cfg").write_text(settings)
    (folder / "python3").symlink_to(python)
    for name, text in shims.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def _exec(*words: str) -> str:
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'
