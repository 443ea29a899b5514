"""Doing the deeds, each leaving the environment with one release live and nothing on trial."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.load import Load
from tests.e2e.books import Books
from tests.e2e.processes import PROVIDER, below
from tests.e2e.stage import ROOT, Stage
from tests.kills.driven import driven
from tests.kills.matrix import BOUNDS
from tests.kills.timeline import Timeline
from tests.proofs.test_deaths import machine_of, processes
from tests.soak.order import Deed
from tests.soak.totals import Row

RATE = 200
"""Requests a second."""
JOBS = 40
"""Ordered at the beginning of each deed."""
SETTLED = 300.0
"""Seconds after a deed for what was killed to be there again, and for alarms to be quiet."""
HEARD = 20.0
"""Seconds after which an alarm rings at the latest that requests lost to a kill are for."""
FIRST_REVISION = 1000
CONTRACT = "0004_taken_at.contract.sql"
"""Not in the versions that are played: a way back must stay open, and expands come after what was made before."""
LAST_OF_THE_SHOP = "0003"
OWN_ANSWERS = "targets-5xx"
"""The alarm that what a version answers itself rings, for minutes after a bad one; it holds no release back."""
MIGRATION = "-- revision: {own}\n-- after: {former}\n\nALTER TABLE orders ADD COLUMN added_{own} text;\n"


class Failed(Exception):
    """The deed was not played to its end, or the environment is not good again."""


@dataclass
class _Done:
    """What the commands of one deed have given."""

    statuses: list[int] = field(default_factory=list)
    wrong: int = 0
    complaint: str = ""


class Play:
    """`orders` are the numbers of all jobs that were ordered, `migrations` how many the deeds have made, `first_tick`
    from when on ticks are as quick as `open` makes them."""

    def __init__(self, stage: Stage, home: Path, control: Path) -> None:
        self.orders: list[range] = []
        self.first_tick = datetime.max
        self.migrations = 0
        self._stage, self._home, self._control = stage, home, control
        self._books = Books(stage)
        self._versions: dict[str, int] = {}
        self._source = home / "application"
        shutil.copytree(ROOT / "examples" / "shop", self._source)
        (self._source / "migrations" / CONTRACT).unlink()

    def open(self) -> None:
        """A second release, so that there is one to go back to; ticks as quick as can be."""
        self._stage.done("localcloud", "fault", "set", "schedules-faster", "60")
        self._stage.until(self._books.ticks, lambda seen: len(seen) > 2, 120)
        self.first_tick = max(self._books.ticks())
        self._stage.done("release", "deploy", self._build("2"), "--stack", "dev", "--yes")
        self._settle()

    def deed(self, deed: Deed) -> Row:
        """Play it under load. Raises what reading the environment raises, where nothing can be played after it."""
        began, live, done = time.monotonic(), self._stage.live().id, _Done()
        prepared = self._prepared(deed)
        with Load(self._stage.status().url, RATE, self._stage.variables) as load:
            self.orders.append(self._books.fill(JOBS))
            try:
                self._do(deed, prepared, done)
                self._settle(HEARD if deed.may_lose else 0)
            except (AssertionError, Failed) as trouble:
                done.complaint = str(trouble) or "an assertion did not hold"
        assert load.counted is not None
        counted = load.counted
        others = [name for name, _ in counted.releases if name and name != live]
        own = sum(counted.own_failures(name) for name in others) if deed.bad else 0
        failed = counted.failed - own
        return Row(
            deed,
            time.monotonic() - began,
            counted.sent,
            0 if deed.may_lose else failed,
            failed if deed.may_lose else 0,
            tuple(done.statuses),
            done.wrong,
            done.complaint,
        )

    def usable(self) -> bool:
        """Whether another deed can be played: one release is live, nothing on trial, and all is quiet."""
        try:
            self._settle()
        except (AssertionError, Failed):
            return False
        return True

    def _prepared(self, deed: Deed) -> str:
        """The version that the deed releases; empty where it releases none."""
        if deed.kind == "migration":
            former = FIRST_REVISION + self.migrations if self.migrations else LAST_OF_THE_SHOP
            self.migrations += 1
            own = FIRST_REVISION + self.migrations
            file = self._source / "migrations" / f"{own}_soak.expand.sql"
            file.write_text(MIGRATION.format(own=own, former=former))
        if deed.bad:
            return self._build(deed.bad)
        return (
            self._build("2") if deed.kind in ("release", "migration", "kill pulumi", "kill provider") else ""
        )

    def _do(self, deed: Deed, version: str, done: _Done) -> None:
        match deed.kind:
            case "release" | "migration":
                self._command(done, True, version, "release", "deploy", version, "--stack", "dev", "--yes")
                if deed.kind == "migration":
                    revision = self._status()["schema"]["revision"]
                    assert revision == str(FIRST_REVISION + self.migrations), f"the schema is at {revision}"
            case "rollback":
                warm = self._stage.status().of("warm")
                assert warm, "there is nothing to go back to"
                self._command(done, True, warm[0].version, "release", "rollback", "--stack", "dev", "--yes")
            case "bad 3" | "bad 4" | "bad 5":
                live = self._stage.live().version
                self._command(done, False, live, "release", "deploy", version, "--stack", "dev", "--yes")
            case "kill pulumi" | "kill provider":
                self._struck(deed, version, done)
            case "kill instance":
                self._killed(deed.detail, lambda pid: machine_of(self._home, pid))
            case _:
                self._killed(f"shop.{deed.kind.removeprefix('kill ')}", lambda pid: pid)

    def _command(self, done: _Done, good: bool, live: str, *argv: str) -> None:
        """A command that must end with 0 (`good`) or with anything else, and leave the version `live` live. A status is
        wrong as well where it says of that version what is not so."""
        finished = self._stage.run(*argv)
        found = self._stage.live().version
        done.statuses.append(finished.status)
        done.wrong += (finished.status == 0) != good
        assert (finished.status == 0) == good, (
            f"{' '.join(argv)} ended with {finished.status}: {_last(finished.output)}"
        )
        assert found == live, (
            f"{' '.join(argv)} ended with {finished.status}, and {found} is live, not {live}"
        )

    def _struck(self, deed: Deed, version: str, done: _Done) -> None:
        """A release whose `pulumi` or provider is killed in a phase, and then the same command again."""
        with (
            Timeline(self._control) as timeline,
            driven(self._stage, version) as release,
        ):
            release.until(deed.detail, timeline)
            release.see_providers()
            victim = deed.kind.removeprefix("kill ")
            struck = [release.engine] if victim == "pulumi" else below(release.engine, PROVIDER)
            for pid in struck:
                os.kill(pid, signal.SIGKILL)
            free = time.monotonic()
            status = release.ended()
            done.statuses.append(status)
            live, candidate = self._stage.live().id, release.candidate
            if (status == 0) != (live == candidate):
                done.wrong += status == 0
                assert status, f"the struck release ended with 0, and {live} is live, not {candidate}"
            while (
                live != candidate and candidate in timeline.now and time.monotonic() - free < BOUNDS[victim]
            ):
                time.sleep(0.1)
            kept = live != candidate and candidate in timeline.now
        assert not kept, f"{candidate} keeps traffic {BOUNDS[victim]:g} s after its {victim} was killed"
        if status:
            self._stage.done("release", "unlock", "--stack", "dev")
            self._command(done, True, version, "release", "deploy", version, "--stack", "dev", "--yes")

    def _killed(self, module: str, victim: Callable[[int], int]) -> None:
        """One process of the live release, or what it runs on; it must be replaced."""
        live = self._stage.live().id
        before = processes(self._home, module, live)
        assert before, f"the live release has no {module}"
        os.kill(victim(before[0]), signal.SIGKILL)

        def replaced() -> bool:
            now = processes(self._home, module, live)
            return before[0] not in now and len(now) >= len(before)

        self._until(replaced, SETTLED, f"the {module} that was killed is back")

    def _settle(self, steady: float = 0) -> None:
        """Wait until one release is live and whole, nothing on trial, and no alarm rings, `steady` seconds on end."""
        since: float | None = None

        def quiet() -> bool:
            nonlocal since
            now = time.monotonic()
            since = None if self._unsettled() else since or now
            return since is not None and now - since >= steady

        self._until(quiet, SETTLED, "the environment is quiet", self._unsettled)

    def _unsettled(self) -> str:
        status = self._status()
        releases = status["releases"]
        live = [one for one in releases if one["state"] == "live"]
        if len(live) != 1 or any(one["state"] == "candidate" for one in releases):
            return f"releases are {[(one['version'], one['state']) for one in releases]}"
        (one,) = live
        if one["healthy"] != one["wanted"] or one["weight"] != 100:
            return f"{one['healthy']} of {one['wanted']} healthy, weight {one['weight']}"
        if any(worker["healthy"] < worker["wanted"] for worker in one["workers"]):
            return f"workers are {one['workers']}"
        ringing = [name for name in status["alarms"] if not name.startswith(f"{OWN_ANSWERS}-")]
        return f"alarms: {ringing}" if ringing else ""

    def _until(
        self,
        holds: Callable[[], bool],
        seconds: float,
        what: str,
        seen: Callable[[], str] = lambda: "it is not",
    ) -> None:
        limit = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > limit:
                raise Failed(f"expected within {seconds:g} s that {what}; {seen()}")
            time.sleep(0.5)

    def _status(self) -> dict[str, Any]:
        argv = ("release", "status", "--stack", "dev", "--json")
        said = subprocess.run(
            argv,
            env=self._stage.variables,
            cwd=self._stage.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode:
            raise Failed(f"{' '.join(argv)} ended with {said.returncode}: {_last(said.stderr)}")
        told: dict[str, Any] = json.loads(said.stdout)
        return told

    def _build(self, look: str) -> str:
        self._versions[look] = self._versions.get(look, 0) + 1
        version = f"{look}.{self._versions[look]}"
        self._stage.done("release", "build", str(self._source), "--version", version)
        return version


def _last(output: str) -> str:
    return " | ".join(line.strip() for line in output.strip().splitlines()[-8:])
