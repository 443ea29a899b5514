"""The facts of the page, each from a command of this program in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.cli.child import RELEASE, output
from release.cli.environments import PATIENCE, ask, known
from release.cli.settings import stacks_of
from release.dashboard.sight import Past, Told
from release.errors import UneventfulError

_USUAL = ("dev", "test", "staging", "production")
"""In this order, since a release takes this way; others stand before them."""


def ordered(stacks: Sequence[str]) -> tuple[str, ...]:
    """As a release passes through them."""
    return tuple(sorted(stacks, key=lambda each: (_USUAL.index(each) if each in _USUAL else -1, each)))


@dataclass(frozen=True)
class Commands:
    """`reader.Source` for the project in `folder`: only these `stacks`, all of them where there are none."""

    folder: Path
    chosen: tuple[str, ...]
    profiles: Mapping[str, str]

    async def stacks(self) -> Mapping[str, bool | None]:
        try:
            every, made = await asyncio.to_thread(known, self.folder)
        except UneventfulError:
            # Each is then asked, and says itself why it cannot be.
            return dict.fromkeys(self.chosen or ordered(stacks_of(self.folder)))
        return {stack: stack in made for stack in self.chosen or ordered(every)}

    async def status(self, stack: str) -> Told:
        return await self._status(stack, full=False)

    async def drift(self, stack: str) -> Told:
        return await self._status(stack, full=True)

    async def past(self, stack: str) -> Past:
        command = (sys.executable, "-P", "-m", "release.dashboard.past", stack)
        try:
            done = await output(command, self.folder, self._profile(stack), PATIENCE)
            if done.status:
                return Past(unknown=f"the last releases: {done.why.partition(chr(10))[0]}")
            told = json.loads(done.out)
        except (TimeoutError, OSError, ValueError) as error:
            return Past(unknown=f"the last releases: {error or type(error).__name__}")
        return Past(tuple(told["lines"]), told["unknown"])

    async def report(self, stack: str, release: str, at: str) -> tuple[bytes, str]:
        """The report as HTML of what happened to a release (id) at that moment, or nothing and why there is none."""
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            page = Path(scratch, "report.html")
            command = (*RELEASE, "report", release, "--stack", stack, "--at", at, "--out", str(page))
            try:
                done = await output(command, self.folder, self._profile(stack), PATIENCE)
                return (b"", done.why) if done.status else (await asyncio.to_thread(page.read_bytes), "")
            except TimeoutError:
                return b"", f"no answer in {PATIENCE:.0f} s"
            except OSError as error:
                return b"", str(error)

    async def _status(self, stack: str, *, full: bool) -> Told:
        try:
            return await ask(self.folder, stack, self._profile(stack), full)
        except (OSError, ValueError) as error:
            return {"stack": stack, "asked": False, "error": f"its status could not be read: {error}"}

    def _profile(self, stack: str) -> str:
        return self.profiles.get(stack, "")
