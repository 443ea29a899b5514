"""Where a command works: the project's folder, one of its stacks, and what their files say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from release.errors import NoProject

_FILE = "Pulumi.yaml"


def bundles_of(folder: Path) -> Path:
    """Where `release build` leaves bundles, and where publish and deploy look for them."""
    return folder / ".uneventful" / "bundles"


def find_folder(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds a Pulumi project, or None."""
    return next((folder for folder in (start, *start.parents) if (folder / _FILE).is_file()), None)


@dataclass(frozen=True)
class Project:
    """The project in `folder`, and the stack that a command is about."""

    folder: Path
    stack: str

    @classmethod
    def find(cls, start: Path, stack: str) -> Project:
        """The project at or above `start`. Raises CommandError where there is none."""
        folder = find_folder(start)
        if folder is None:
            raise NoProject(
                "this is not inside a project",
                expected=f"a folder with {_FILE}, here or above",
                seen=str(start),
                state="nothing was changed",
                next="cd into your checkout of the project, and type the command again",
            )
        return cls(folder, stack)

    @property
    def bundles(self) -> Path:
        return bundles_of(self.folder)

    @property
    def stack_file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack.rpartition('/')[2]}.yaml"

    @property
    def configuration(self) -> str:
        """The text of the stack's configuration file; empty where there is none."""
        return self.stack_file.read_text(encoding="utf-8") if self.stack_file.is_file() else ""

    def tell_region(self) -> None:
        """Tell this process, and all that it starts, the stack's region by AWS's own variables.

        A shell often has another region in them, and then every question would be asked in the wrong place.
        """
        from release.cli.configuration import value_of

        region = value_of(self.configuration, "aws:region")
        if region:
            os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
