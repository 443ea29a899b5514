"""Playing the cells one after another on the same environment, each leaving it as good as it found it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from demo.load import Load
from release.cli.backend import find
from release.cli.state import StackState
from tests.e2e.stage import Stage
from tests.kills.driven import Driven, driven, strike
from tests.kills.matrix import Cell, Row
from tests.kills.network import Network
from tests.kills.timeline import Timeline

RATE = 500
"""Requests a second."""
MIX = (
    *("--slow", "0.01", "--slow-path", "/work?seconds=1", "--keep-alive", "0.5"),
    *("--upload", "0.01", "--upload-bytes", "20000"),
)
APPLICATION = Path(__file__).with_name("application")
MIGRATION = (
    "-- revision: {own:04d}\n-- after: {former:04d}\n\nALTER TABLE items ADD COLUMN added_{own} text;\n"
)


class Play:
    """`rows` are the cells that were played. `control` is the local cloud's own door, `endpoint` AWS's API, uncut."""

    def __init__(self, stage: Stage, network: Network, control: Path, endpoint: str) -> None:
        self.rows: list[Row] = []
        self._stage = stage
        self._network = network
        self._control = control
        self._direct = Stage({**stage.variables, "AWS_ENDPOINT_URL": endpoint}, stage.logs, stage.folder)
        self._versions = 0
        self._begun = ""

    def open(self) -> None:
        """The environment, with a release that is live and one that is warm."""
        self._stage.done("pulumi", "stack", "select", "--create", "dev", "--non-interactive")
        self._stage.done("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive")
        for _ in range(2):
            self._stage.done("release", "deploy", self._build(), "--stack", "dev", "--yes")

    def expect_no_changes(self) -> None:
        self._stage.done(
            *("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev"),
            *("--non-interactive", "--expect-no-changes"),
        )

    def cell(self, cell: Cell, following: Cell | None) -> Row:
        """Play it. The row is in `rows`, whatever went wrong."""
        began = time.monotonic()
        before = self._state()
        live = before.ledger.live
        assert live
        if cell.forward:
            self._begun = target = self._begun or self._build()
        else:
            target = f"id:{before.ledger.warm[0].release.id}"
        with (
            Load(before.url, RATE, self._stage.variables, MIX) as load,
            Timeline(self._control) as timeline,
            driven(self._stage, target) as release,
        ):
            status, wrong, complaint = self._struck(cell, release, timeline, before.bucket)
            goes_on = bool(status) and not complaint and cell.followed_by(following)
            wanted = {live.release.id} if goes_on else {release.candidate}
            repaired = "went live all the same"
            if status:
                self._unlock()
                if goes_on:
                    repaired = "the next cell's release went on with it"
                elif cell.forward or cell.repair == "release deploy" or self._is_live(release.candidate):
                    repaired = self._repair("release", "deploy", target, "--stack", "dev", "--yes")
                else:
                    repaired = self._repair("release", "rollback", "--stack", "dev", "--yes")
            complaint = complaint or self._wrong_at_the_end(wanted, timeline, settled=not goes_on)
        if not goes_on:
            self._begun = ""
        assert load.counted is not None
        if load.counted.failed and not complaint:
            complaint = f"lost requests: {dict(load.counted.kinds)}"
        row = Row(
            cell,
            status,
            load.counted.sent,
            load.counted.failed,
            wrong,
            repaired,
            time.monotonic() - began,
            complaint,
        )
        self.rows.append(row)
        return row

    def _struck(self, cell: Cell, release: Driven, timeline: Timeline, bucket: str) -> tuple[int, float, str]:
        """The struck release's exit status, how long (s) traffic was wrong, and what is bad about that."""
        release.until(cell.phase, timeline)
        free = strike(cell, release, self._network, self._control)
        status = release.ended()
        if status == 0:
            return 0, 0.0, ""
        bound, candidate = cell.bound, release.candidate
        while candidate in timeline.now and time.monotonic() - free < bound and not self._is_live(candidate):
            time.sleep(0.1)
        if self._is_live(candidate) or (not cell.forward and self._pinned(bucket) == candidate):
            return status, 0.0, ""
        wrong = timeline.last(candidate, free)
        if candidate in timeline.now:
            return status, wrong, f"{candidate} keeps traffic, and nobody drives it"
        return (
            status,
            wrong,
            "" if wrong <= bound else f"{candidate} kept traffic for {wrong:.1f} s, at most {bound:g} s",
        )

    def _repair(self, *argv: str) -> str:
        finished = self._stage.run(*argv)
        assert finished.status == 0, (
            f"{' '.join(argv)} ended with {finished.status}:\n{finished.output[-3000:]}"
        )
        return f"{argv[0]} {argv[1]}"

    def _unlock(self) -> None:
        """Clear what a killed engine has left; a rollback would do so itself."""
        backend = find(self._stage.folder, "dev")
        assert backend
        if backend.locks():
            self._stage.done("release", "unlock", "--stack", "dev")

    def _wrong_at_the_end(self, wanted: set[str], timeline: Timeline, settled: bool) -> str:
        """What is not as it must be when everything has ended; empty where all is."""
        state = self._state()
        live = state.ledger.live
        found = {live.release.id} if live else set()
        if found != wanted:
            return f"live by the ledger is {found}, and not {wanted}"
        if timeline.now != wanted:
            return f"traffic is on {set(timeline.now)}, and not on {wanted} alone"
        lease = self._lease(state.bucket)
        if not lease.get("released") or lease.get("pinned"):
            return f"the lease is {lease}"
        if settled and state.candidates:
            return f"a fleet is left: {state.candidates}"
        return ""

    def _is_live(self, release: str) -> bool:
        live = self._state().ledger.live
        return live is not None and live.release.id == release

    def _state(self) -> StackState:
        backend = find(self._stage.folder, "dev")
        assert backend
        exported = backend.exported()
        assert exported is not None
        return StackState.parse(exported)

    def _pinned(self, bucket: str) -> str:
        """The release that a way back has given the traffic to, and that is not recorded yet; empty for none."""
        return str(self._lease(bucket).get("pinned") or "")

    def _lease(self, bucket: str) -> dict[str, object]:
        s3 = self._direct.aws("s3")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix="lease/")["Contents"]]
        top = max(key for key in keys if not key.endswith(".asked.json"))
        record: dict[str, object] = json.loads(s3.get_object(Bucket=bucket, Key=top)["Body"].read())
        return record

    def _build(self) -> str:
        """Make another version, which brings a migration of its own."""
        self._versions += 1
        version = str(self._versions)
        source = self._stage.folder / "application"
        if not source.exists():
            shutil.copytree(APPLICATION, source)
        if self._versions > 1:
            name = f"migrations/{self._versions:04d}_more.expand.sql"
            (source / name).write_text(MIGRATION.format(own=self._versions, former=self._versions - 1))
        self._stage.done("release", "build", str(source), "--version", version)
        return version
