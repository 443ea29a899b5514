"""Start and stop this instance's worker as its turn says: `turn RELEASE PROCESS BUCKET REGION`, run by systemd.

The instance's tag `uneventful:turn` is `working` or `resting`. While there is none, an object of the bundle bucket
lists the releases whose workers work. Where neither can be read, what was so stays so, and nothing was ever started.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or "http://169.254.169.254"
TAG = "meta-data/tags/instance/uneventful:turn"
LIST = "turn/working"
LOOK = 1.0
LISTED = 5.0
SLOWEST = 20.0
"""Seconds between two looks at the tag, and at the list: the same answer again makes these looks rarer."""
CRASHES, SOON = 3, 30.0
"""So many ends within so many seconds are a failure."""
STEADY = 5.0
"""Seconds for which a process must run before it is said to work: one that crashes at its start never is."""


class Metadata:
    def __init__(self, endpoint: str) -> None:
        self._latest = endpoint.rstrip("/") + "/latest/"
        self._token = ""

    def get(self, path: str) -> str:
        """What is there; empty where nothing is. Raises OSError where there was no answer."""
        try:
            if not self._token:
                life = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
                self._token = self._asked("api/token", "PUT", life)
            return self._asked(path, "GET", {"X-aws-ec2-metadata-token": self._token})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return ""
            self._token = ""
            raise

    def _asked(self, path: str, method: str, headers: dict[str, str]) -> str:
        request = urllib.request.Request(self._latest + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=2) as answer:
            return str(answer.read().decode())


class Listed:
    """The object in the bucket, read by AWS's own command line, whose start costs more than the answer is worth."""

    def __init__(self, release: str, read: Callable[[], str | None]) -> None:
        self._release, self._read = release, read
        self._pause, self._next, self._said = LISTED, 0.0, ""

    def turn(self, now: float) -> str:
        """`working`, `resting`, or empty where the list could not be read yet."""
        if now >= self._next:
            text = self._read()
            said = self._said if text is None else "working" if self._release in text.split() else "resting"
            self._pause = LISTED if said != self._said else min(self._pause * 1.25, SLOWEST)
            self._said, self._next = said, now + self._pause
        return self._said


class Ends:
    """How often the worker has ended by itself, as the boot's log has it (`process: NAME ended: HOW`)."""

    def __init__(self, log: Path, process: str) -> None:
        self._log, self._process = log, process
        self._ended = f"process: {process} ended: "
        self.forget()

    def forget(self) -> None:
        """From now on: what it did before does not count."""
        self._at = self._log.stat().st_size if self._log.exists() else 0
        self._seen: list[tuple[float, str]] = []
        self._untold = 0

    @property
    def last(self) -> tuple[float, str]:
        """When (s of the clock of `failure`) and how it ended last; 0 and nothing where it did not."""
        return self._seen[-1] if self._seen else (0.0, "")

    def failure(self, now: float) -> str:
        """What to say when it has ended too often again; else nothing."""
        with self._log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            # A log that was rotated begins anew.
            log.seek(self._at if self._at <= size else 0)
            new = log.read()
        whole = new.rfind(b"\n") + 1
        self._at = (self._at if self._at <= size else 0) + whole
        for line in new[:whole].decode(errors="replace").splitlines():
            if line.startswith(self._ended):
                self._seen.append((now, line[len(self._ended) :]))
                self._untold += 1
        self._seen = [end for end in self._seen if now - end[0] <= SOON]
        if self._untold < CRASHES or len(self._seen) < CRASHES:
            return ""
        self._untold = 0
        (first, _), (last, how) = self._seen[0], self._seen[-1]
        times = f"{len(self._seen)} times in {max(1, round(last - first))} s"
        return f"{self._process} ended {times}, last with {how}"


class Worker:
    """The worker's unit, and what was last asked of it."""

    def __init__(self, process: str, ends: Ends) -> None:
        self._unit, self._ends = f"uneventful-{process}.service", ends
        self._pace = Path(__file__).resolve().parent / f"starts-{process}"
        self._does, self._refused = "", 0
        self._runs_since, self._steady, self._failing = 0.0, False, False

    def obey(self, turn: str, now: float) -> list[str]:
        """What is to be said of it."""
        if turn == "working" == self._does:
            return self._watched(now)
        if turn not in ("working", "resting") or turn == self._does:
            return []
        if turn == "resting":
            ran = self._systemctl("is-active").stdout.strip() not in ("inactive", "failed", "unknown")
            began = time.monotonic()
            self._systemctl("stop")
            self._does = turn
            return [f"resting after {time.monotonic() - began if ran else 0.0:.1f} s"]
        self._ends.forget()
        # A worker that was often told to start and to stop has not failed, and need not be paced.
        self._systemctl("reset-failed")
        if self._pace.exists():
            self._pace.unlink()
        started = self._systemctl("start")
        if started.returncode == 0:
            self._does, self._refused = turn, 0
            self._runs_since, self._steady, self._failing = now, False, False
            return []
        self._refused += 1
        why = started.stdout.strip()[-300:]
        return [f"failed: it did not start: {why}"] if self._refused % 10 == 1 else []

    def _watched(self, now: float) -> list[str]:
        failure = self._ends.failure(now)
        at, how = self._ends.last
        if at > self._runs_since:
            self._runs_since, self._steady = at, False
            self._failing = self._failing or bool(failure)
            # A failure stays the last word until it runs again.
            return [f"failed: {failure}"] if failure else [f"starting again after {how}"][self._failing :]
        if not self._steady and now - self._runs_since >= STEADY:
            self._steady, self._failing = True, False
            return ["working"]
        return []

    def _systemctl(self, verb: str) -> subprocess.CompletedProcess[str]:
        command = ["systemctl", verb, self._unit]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )


def reader(bucket: str, region: str) -> Callable[[], str | None]:
    command = ["aws", "s3", "cp", "--region", region, "--only-show-errors"]
    command += ["--cli-connect-timeout", "5", "--cli-read-timeout", "10", f"s3://{bucket}/{LIST}", "-"]

    def read() -> str | None:
        """The list; None where it could not be had."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout if done.returncode == 0 else None

    return read


def main(release: str, process: str, bucket: str, region: str) -> None:
    metadata, listed = Metadata(METADATA), Listed(release, reader(bucket, region))
    log = Path(__file__).resolve().parents[2] / "var/log/uneventful/boot.log"
    worker = Worker(process, Ends(log, process))
    while True:
        now, turn = time.monotonic(), ""
        with contextlib.suppress(OSError):
            turn = metadata.get(TAG) or listed.turn(now)
        for said in worker.obey(turn, now):
            print(f"turn: {said}", flush=True)
        time.sleep(LOOK)


if __name__ == "__main__":
    main(*sys.argv[1:])
