"""`python -m tests.e2e.beginning HOME`: brings up the environment of the end-to-end tests; whoever asks ends it.

The one line that it prints says that the checkout's own files will stay as they are from now on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.stage import fill, opened


def main() -> None:
    stage = opened(Path(sys.argv[1]))
    print("an empty stack is there", flush=True)
    fill(stage)


if __name__ == "__main__":
    main()
