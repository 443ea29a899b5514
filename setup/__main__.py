"""`python3 -m setup VERB`: the preflight, then the rest with a Python that is new enough.

Any Python 3.6 or newer can run it far enough to say what is missing. Exit status 2: something is missing.
"""

# ruff: noqa: UP006, UP035

import os
import sys
import time
from pathlib import Path
from typing import List

from setup import preflight

ROOT = Path(__file__).resolve().parent.parent
VERBS = ("check", "engine", "up", "preview")
STARTED = "UNEVENTFUL_STARTED"


def main(arguments: List[str]) -> int:
    if not arguments or arguments[0] not in VERBS:
        sys.stderr.write(f"usage: python3 -m setup {'|'.join(VERBS)} [--dev]\n")
        return 2
    os.environ.setdefault(STARTED, str(time.monotonic()))
    found = preflight.check(str(ROOT))
    if found.problems:
        sys.stderr.write(preflight.report(found.problems))
        return 2
    sys.stderr.write(f"preflight: {found.summary}\n")
    sys.stderr.flush()
    if arguments[0] != "check":
        os.chdir(str(ROOT))
        os.execv(found.python, [found.python, "-m", "setup.environment", *arguments])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: nothing was changed\n")
        sys.exit(130)
