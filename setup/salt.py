"""Keeps what belongs to this checkout's local state out of the stack files, which are everybody's.

Pulumi writes the salt of the passphrase into `Pulumi.<stack>.yaml`. The local stacks' passphrase is this checkout's
alone, and their state has the salt too; in a commit it would lock everybody else out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

_SALT = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)
_SECRET = re.compile(r"^\s+secure:", re.MULTILINE)


def without(text: str, committed: str) -> str:
    """`text` without its salt, unless the committed file has one too or a secret in `text` needs it."""
    if _SALT.search(committed) or _SECRET.search(text):
        return text
    return _SALT.sub("", text)


def keep_out(file: Path) -> None:
    """Takes the salt out of the stack file as `without` says; where git knows no such file, as if it had none."""
    shown = subprocess.run(
        ["git", "show", f"HEAD:./{file.name}"],
        cwd=file.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    text = file.read_text()
    kept = without(text, shown.stdout if shown.returncode == 0 else "")
    if kept != text:
        file.write_text(kept)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        keep_out(Path(name))
