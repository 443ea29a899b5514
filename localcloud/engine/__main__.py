"""`python -m localcloud.engine`: finds or gets `pulumi` and its plugins for this clone, and says what is used."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from localcloud.engine.errors import EngineError
from localcloud.engine.find import find_or_get
from localcloud.engine.places import Cache, Clone
from localcloud.engine.progress import Progress

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Exit status 0 with an engine, 1 without one (the reason on standard error), 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="localcloud engine", description=__doc__)
    parser.add_argument("--again", action="store_true", help="decide again, whatever was found earlier")
    parser.add_argument("--json", action="store_true", help="print what is used as JSON")
    options = parser.parse_args(arguments)
    progress = Progress()
    try:
        engine = find_or_get(Clone(root), Cache.of_user(), progress, again=options.again)
    except EngineError as error:
        progress.close()
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.close()
        print(
            "interrupted: what was fetched and compiled is kept, the same command goes on from there",
            file=sys.stderr,
        )
        return 130
    if options.json:
        print(engine.dump(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
