"""`python -P -m migrator BUNDLE`: reads a request on stdin and does it.

Exit status 0: every revision that the request names is applied, and the release's login is there. 1: it says why
not. 130: it was told to stop, and took its statement back.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from migrator.errors import MigratorError
from migrator.request import parse
from migrator.run import Surroundings, run
from migrator.secrets import AwsCommand
from migrator.stopping import Stopped, on_signals


def main() -> int:
    """One run; see the module."""
    if len(sys.argv) != 2:
        print("usage: python -m migrator BUNDLE-FOLDER < request.json", file=sys.stderr)
        return 2
    on_signals()
    try:
        request = parse(sys.stdin.read())
        run(Path(sys.argv[1]), request, Surroundings(AwsCommand(request.region), sys.stdout))
    except MigratorError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except Stopped as stopped:
        # What is still to be written may have no reader any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"stopped by {stopped.name}: run it again to go on", file=sys.stderr, flush=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
