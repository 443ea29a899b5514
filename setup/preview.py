"""`make preview`: what `pulumi up` would do to each stack, each on a local cloud of its own, in its own account.

Whatever goes wrong with one stack, the others are previewed too; a cloud that was not running is stopped again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.engine.environment import in_front
from localcloud.engine.errors import EngineError
from localcloud.engine.find import find_or_get
from localcloud.engine.places import Cache, Clone
from localcloud.engine.progress import Progress
from setup import salt
from setup.preflight import RUNBOOK
from setup.steps import StepFailed, wait
from setup.up import ROOT, unlock
from setup.variables import of_cloud

STACKS = ("dev", "staging", "production")
_COUNT = re.compile(r"\d+ (?:to [a-z-]+|unchanged)\b")


def counts(printed: str) -> str:
    """What the end of a preview says of resources, in a line: `171 to create`, or `3 to update, 168 unchanged`."""
    _, _, summary = printed.partition("\nResources:\n")
    return ", ".join(_COUNT.findall(summary))


class Previews:
    """`environ` has everything on its PATH; `progress` tells the time and has the terminal."""

    def __init__(self, root: Path, environ: Mapping[str, str], progress: Progress) -> None:
        self._root = root
        self._environ = environ
        self._progress = progress

    def show(self, stack: str) -> bool:
        """Preview one stack and say in a line what came of it; all of its output only where it failed."""
        own = self._run(("localcloud", "status", "--stack", stack), self._environ)[0] != 0
        try:
            self._progress.show(f"{stack}: starting its local cloud")
            self._must(("localcloud", "up", "--stack", stack), self._environ)
            environ = of_cloud(self._environ, self._root, stack)
            unlock(Path(environ["PULUMI_BACKEND_URL"].removeprefix("file://")), self._progress)
            self._must(("pulumi", "stack", "select", "--create", stack, "--non-interactive"), environ)
            self._progress.show(f"{stack}: pulumi preview")
            began = self._progress.elapsed()
            printed = self._must(("pulumi", "preview", "--non-interactive", "--stack", stack), environ)
            seconds = self._progress.elapsed() - began
            self._progress.say(f"{stack}: {counts(printed)}; pulumi preview took {seconds:.1f} s")
        except StepFailed as failed:
            self._progress.say(f"{stack}: {failed}")
            return False
        finally:
            salt.keep_out(self._root / f"Pulumi.{stack}.yaml")
            if own:
                self._run(("localcloud", "down", "--stack", stack), self._environ)
        return True

    def _must(self, command: Sequence[str], environ: Mapping[str, str]) -> str:
        status, printed = self._run(command, environ)
        if status:
            self._progress.say(printed)
            raise StepFailed(command, status)
        return printed

    def _run(self, command: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str]:
        process = subprocess.Popen(
            command,
            cwd=self._root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout as lines:
            try:
                printed = lines.read()
            except KeyboardInterrupt:
                wait(process)
                raise
        return wait(process), printed


def main() -> int:
    """Exit status 0: every stack can be previewed."""
    progress = Progress()
    try:
        find_or_get(Clone(ROOT), Cache.of_user(), progress)
        path = in_front([str(ROOT / ".venv" / "bin")], os.environ.get("PATH", os.defpath))
        previews = Previews(ROOT, os.environ | {"PATH": path}, progress)
        went_well = [previews.show(stack) for stack in STACKS]
    except EngineError as error:
        progress.close()
        print(f"error: {error}\nrunbook: {RUNBOOK}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.close()
        print("\ninterrupted: nothing was changed", file=sys.stderr)
        return 130
    progress.close()
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main())
