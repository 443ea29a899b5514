"""Installs the pinned requirements and this project into `.venv`: with uv in seconds, or with pip in a minute."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcloud.engine import lock
from localcloud.engine.places import Cache
from localcloud.engine.progress import Progress
from localcloud.engine.running import Ended, follow
from setup import pip_settings
from setup.stamp import Stamp, Work

_PROJECT = ("--no-deps", "--no-build-isolation", "-e", ".")


class SetupError(Exception):
    """A step of the installation failed: which, and the end of what it said."""


class Installation:
    """`python` makes the virtual environments; uv is kept in `cache` for the next clone."""

    def __init__(self, root: Path, cache: Cache, progress: Progress, python: str) -> None:
        self._root = root
        self._cache = cache
        self._progress = progress
        self._python = python
        self._venv = root / ".venv"

    def make(self, wanted: Stamp, work: Work) -> None:
        """After this `.venv` holds what `wanted` says and nothing else of note. Raises `SetupError`."""
        if work is Work.RENEW:
            self._progress.say(f".venv: making it with {self._python}")
            shutil.rmtree(self._venv, ignore_errors=True)
            self._must("making it", [self._python, "-m", "venv", "--without-pip", str(self._venv)])
        requirements = f"requirements/{wanted.profile}.txt"
        why = self._with_uv(requirements)
        if why:
            self._progress.say(f".venv: uv cannot install it ({why}); pip does, which takes longer")
            self._with_pip(requirements)

    def _with_uv(self, requirements: str) -> str:
        """Why it could not be done, in a line; empty when it was."""
        try:
            tools = self._tools()
        except SetupError as error:
            return str(error).splitlines()[-1].strip()
        said = self._run("reading pip's settings", [str(tools / "python"), "-m", "pip", "config", "list"])
        # uv leaves a lock behind in the folder for temporary files: in the cache it is in nobody's way.
        environ = {**pip_settings.for_uv(said.output.splitlines(), os.environ), "TMPDIR": str(tools.parent)}
        target = ("--quiet", "--python", str(self._venv / "bin" / "python"))
        what = f"installing {requirements} with uv"
        self._progress.say(f".venv: {what}")
        uv = (str(tools / "uv"), "pip")
        failed = _gist(self._run(what, [*uv, "sync", *target, "--require-hashes", requirements], environ))
        return failed or _gist(self._run(what, [*uv, "install", *target, *_PROJECT], environ))

    def _with_pip(self, requirements: str) -> None:
        what = f"installing {requirements} with pip"
        self._must(what, [self._python, "-m", "venv", str(self._venv)])
        install = self._pip_install(self._venv)
        self._must(what, [*install, "--require-hashes", "-r", requirements])
        self._must(what, [*install, *_PROJECT])

    def _tools(self) -> Path:
        """The folder with uv, in the cache and in the pinned version; made at the first need."""
        pins = self._root / "requirements" / "install.txt"
        folder = self._cache.folder.parent / f"uv-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
        whole = folder / "complete"
        with lock.hold(folder.with_suffix(".lock"), self._progress.show):
            works = (
                whole.exists()
                and not self._run("trying uv", [str(folder / "bin" / "python"), "-m", "pip", "-V"]).status
            )
            if not works:
                self._progress.say(".venv: getting uv, once for this machine")
                shutil.rmtree(folder, ignore_errors=True)
                self._must("getting uv", [self._python, "-m", "venv", str(folder)])
                self._must("getting uv", [*self._pip_install(folder), "--require-hashes", "-r", str(pins)])
                whole.touch()
        return folder / "bin"

    def _pip_install(self, venv: Path) -> tuple[str, ...]:
        python = str(venv / "bin" / "python")
        return (python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")

    def _must(self, what: str, command: Sequence[str]) -> None:
        ended = self._run(what, command)
        if ended.status:
            said = "\n".join(f"  {line}" for line in ended.said) or f"  status {ended.status}"
            raise SetupError(f"{what} failed, `{' '.join(command)}`:\n{said}")

    def _run(self, what: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Ended:
        def show() -> None:
            self._progress.show(f".venv: {what}")

        show()
        try:
            return follow(command, self._root, {**os.environ, **(environ or {})}, lambda _: None, show)
        except OSError as error:
            return Ended(127, "", (str(error),))


def _gist(ended: Ended) -> str:
    """A failure in one line; empty where there is none."""
    if not ended.status:
        return ""
    lines = [line.strip() for line in ended.said if line.strip()]
    return lines[-1] if lines else f"status {ended.status}"
