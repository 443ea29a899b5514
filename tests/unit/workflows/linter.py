"""actionlint: the one on PATH, or one that is built once for this user from Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from localcloud.engine import choice, find, lock
from localcloud.engine.build import environment
from localcloud.engine.cachefolder import cache_folder

MODULE = Path(__file__).parent / "actionlint"
PACKAGE = "github.com/rhysd/actionlint"


def actionlint() -> Path:
    """Its executable. Skips the test where there is neither it nor a Go that could build it."""
    on_path = shutil.which("actionlint")
    if on_path:
        return Path(on_path)
    version = _version()
    built = cache_folder() / "tools" / f"actionlint-{version}"
    with lock.hold(built.parent / "lock", lambda _: None):
        if not os.access(built, os.X_OK):
            go = find.find_go()
            if go.version is None or go.version < choice.OLDEST_GO:
                pytest.skip(f"there is no actionlint on PATH, and none can be built: {go.seen}")
            _build(built)
    return built


def _version() -> str:
    found = re.search(rf"^require {PACKAGE} v(\S+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found
    return found[1]


def _build(built: Path) -> None:
    # All of it or none: a build that is stopped leaves nothing under the name.
    new = built.with_name(f".new-{built.name}")
    command = ("go", "build", "-mod=readonly", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(new))
    subprocess.run(
        [*command, f"{PACKAGE}/cmd/actionlint"], cwd=MODULE, env=environment(os.environ), check=True
    )
    new.replace(built)
