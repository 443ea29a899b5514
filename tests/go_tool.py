"""Programs in Go that tests need: the one on PATH, or one that is built once for this user from Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud.engine import choice, find, lock
from localcloud.engine.build import environment
from localcloud.engine.cachefolder import cache_folder


@dataclass(frozen=True)
class GoTool:
    """`package` of the module that the go.mod in `folder` pins; its program is in `command` below the package."""

    folder: Path
    package: str
    command: str = ""

    @property
    def name(self) -> str:
        return self.package.rpartition("/")[2]

    def path(self) -> Path:
        """Its executable. Skips the test where there is neither it nor a Go that could build it."""
        on_path = shutil.which(self.name)
        if on_path:
            return Path(on_path)
        built = cache_folder() / "tools" / self.name / self.version() / self.name
        with lock.hold(built.parent / "lock", lambda _: None):
            if not os.access(built, os.X_OK):
                go = find.find_go()
                if go.version is None or go.version < choice.OLDEST_GO:
                    pytest.skip(f"there is no {self.name} on PATH, and none can be built: {go.seen}")
                self._build(built)
        return built

    def version(self) -> str:
        """The one that is pinned."""
        found = re.search(
            rf"^require {self.package} v(\S+)$", (self.folder / "go.mod").read_text(), re.MULTILINE
        )
        assert found
        return found[1]

    def _build(self, built: Path) -> None:
        # All of it or none: a build that is stopped leaves nothing under the name.
        new = built.with_name(f".new-{self.name}")
        command = ("go", "build", "-mod=readonly", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(new))
        program = f"{self.package}/{self.command}".rstrip("/")
        subprocess.run([*command, program], cwd=self.folder, env=environment(os.environ), check=True)
        new.replace(built)
