"""An instance's worker works while it is its turn, and every change is in its log, on a release's own user data."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import tags
from infra.prefixes import WORKING
from localcloud.parts import InstanceSpec
from release.boot import Boot, user_data
from release.model import Manifest, Process, Release, freeze
from tests.local.instances.aws_stand_in import (
    BUCKET,
    KEYS,
    REGION,
    client,
    packed,
    said,
    stand_in,
    stored,
)
from tests.local.instances.trial import Cloud, awaited

GROUP = "/shop/dev/worker-1"
WEB = Process(name="web", command="sleep 99")
WORKER = """\
import signal, sys, time
def end(*_):
    print("gives its job back", flush=True)
    time.sleep(0.5)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("takes jobs", flush=True)
while True:
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in(GROUP) as endpoint:
        yield endpoint


class Worker:
    """One instance of a worker, with the tags that it has at the moment; None: it may not know them."""

    def __init__(self, cloud: Cloud, endpoint: str, code: str = WORKER) -> None:
        self.tags: dict[str, str] | None = {"Name": "worker"}
        self.cloud, self.endpoint = cloud, endpoint
        cloud.authority.write_text("the certificates of databases\n")
        cloud.instances.tell_tags(lambda _instance: self.tags)
        bundle = packed({"worker.py": code})
        self.release = self._release(stored(endpoint, bundle), len(bundle))
        boot = Boot(self.release, self.release.manifest.workers[0], BUCKET, REGION, GROUP)
        self.spec: InstanceSpec = cloud.booted(
            user_data(boot).encode(), env={**KEYS, "AWS_ENDPOINT_URL": endpoint}
        )

    def _release(self, digest: str, size: int) -> Release:
        processes = (WEB, Process(name="worker", command="python3 worker.py"))
        return freeze(Manifest(version="1", digest=digest, size=size, processes=processes), {})

    def told(self, turn: str) -> None:
        self.tags = {**(self.tags or {}), tags.TURN: turn}

    def listed(self, *releases: str) -> None:
        body = "".join(f"{release}\n" for release in releases).encode()
        client(self.endpoint, "s3").put_object(Bucket=BUCKET, Key=WORKING, Body=body)

    def says(self, name: str = "boot") -> list[str]:
        """What is in its log stream."""
        return said(self.endpoint, GROUP, f"{self.release.id}/{self.spec.instance_id}/{name}")

    def turns(self) -> list[str]:
        return [line for line in self.says() if line.startswith("turn: ")]


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_the_tag_starts_it_and_stops_it_drained_and_each_is_said(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint)
    awaited(lambda: worker.turns() == ["turn: ready"])
    assert worker.says("worker") == [], "it took jobs before its turn"
    worker.told("working")
    awaited(lambda: worker.turns()[1:] == ["turn: working"])
    awaited(lambda: worker.says("worker") == ["takes jobs"])
    worker.told("resting")
    awaited(lambda: len(worker.turns()) == 3)
    found = re.fullmatch(r"turn: resting after (\d+\.\d) s", worker.turns()[2])
    assert found
    assert 0.5 <= float(found[1]) < 5
    assert worker.says("worker") == ["takes jobs", "gives its job back"]
    worker.told("working")
    awaited(lambda: worker.turns()[3:] == ["turn: working"])
    awaited(lambda: worker.says("worker")[2:] == ["takes jobs"])


def test_one_that_never_worked_rests_at_once(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint)
    worker.told("resting")
    awaited(lambda: worker.turns() == ["turn: ready", "turn: resting after 0.0 s"])


def test_without_a_tag_the_list_in_the_bucket_decides_and_a_tag_wins_over_it(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint)
    worker.listed("00000000", worker.release.id)
    awaited(lambda: worker.turns()[1:] == ["turn: working"], within=20)
    worker.listed("00000000")
    awaited(lambda: len(worker.turns()) == 3, within=20)
    assert worker.turns()[2].startswith("turn: resting after ")
    worker.told("working")
    awaited(lambda: worker.turns()[3:] == ["turn: working"])
    client(endpoint, "s3").delete_object(Bucket=BUCKET, Key=WORKING)


def test_a_worker_that_keeps_crashing_says_so_with_how_it_ended(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint, "import sys; sys.exit('no such queue')")
    worker.told("working")
    failed = awaited(lambda: [line for line in worker.turns() if "failed" in line], within=20)
    assert re.fullmatch(r"turn: failed: worker ended 3 times in \d+ s, last with exit status 1", failed[0])
    assert set(worker.says("worker")) == {"no such queue"}


def test_a_turn_is_obeyed_by_a_new_process_when_the_former_was_killed(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint)
    worker.told("working")
    awaited(lambda: worker.turns()[1:] == ["turn: working"])
    obeying = [pid for pid in cloud.status(worker.spec).pids if b"uneventful/turn" in command_of(pid)]
    assert len(obeying) == 1
    os.kill(obeying[0], signal.SIGKILL)
    worker.told("resting")
    awaited(lambda: worker.turns()[-1].startswith("turn: resting after "))
    assert "gives its job back" in worker.says("worker")


def test_a_turn_that_changes_often_is_no_failure_and_is_not_paced(cloud: Cloud, endpoint: str):
    worker = Worker(cloud, endpoint)
    for number in range(3):
        worker.told("working")
        awaited(lambda number=number: worker.turns().count("turn: working") == number + 1)
        worker.told("resting")
        awaited(lambda number=number: len(worker.turns()) == 2 * number + 3)
    paced = cloud.folder / worker.spec.instance_id / "root/opt/uneventful/starts-worker"
    assert paced.read_text().split()[1] == "0"
