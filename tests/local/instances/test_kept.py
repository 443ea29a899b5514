"""A process that keeps dying takes its instance out at last, and one that takes too much memory is ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from release.boot import Boot, user_data
from release.model import Manifest, Process, freeze
from tests.local.instances.aws_stand_in import BUCKET, KEYS, REGION, packed, said, stand_in, stored
from tests.local.instances.trial import Cloud, awaited

GROUP = "/shop/dev/web-kept"
HUNGRY = "import time; held = bytearray(120 << 20); print('has it all', flush=True); time.sleep(99)"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in(GROUP) as endpoint:
        yield endpoint


class Kept:
    """An instance of one process. What takes a minute there is made short; its replacement is asked for in its log."""

    def __init__(self, cloud: Cloud, endpoint: str, code: str, memory: str = "") -> None:
        cloud.authority.write_text("certificates\n")
        bundle = packed({"web.py": code})
        process = Process(name="web", command="python3 web.py", memory=memory)
        manifest = Manifest(
            version="1", digest=stored(endpoint, bundle), size=len(bundle), processes=(process,)
        )
        self.release, self.endpoint = freeze(manifest, {}), endpoint
        text = user_data(Boot(self.release, process, BUCKET, REGION, GROUP))
        for slow, quick in (
            ('exec sleep "$pause"', "exec true"),
            ("RestartSec=1\n", "RestartSec=10ms\n"),
            ("exec aws", "exec echo aws"),
        ):
            assert slow in text
            text = text.replace(slow, quick)
        self.spec = cloud.start(text.encode(), env={**KEYS, "AWS_ENDPOINT_URL": endpoint})

    def says(self, name: str = "boot") -> list[str]:
        return said(self.endpoint, GROUP, f"{self.release.id}/{self.spec.instance_id}/{name}")


def test_one_that_only_dies_is_given_up_and_its_instance_asks_to_be_replaced(cloud: Cloud, endpoint: str):
    kept = Kept(cloud, endpoint, "import sys; sys.exit(3)")
    asked = awaited(lambda: [line for line in kept.says() if line.startswith("aws autoscaling")])
    assert asked[0] == (
        f"aws autoscaling set-instance-health --region {REGION} --instance-id {kept.spec.instance_id} "
        "--health-status Unhealthy --no-should-respect-grace-period"
    )
    # Where it is said once: a log that is slow to answer is told twice.
    written = (cloud.folder / kept.spec.instance_id / "root/var/log/uneventful/boot.log").read_text()
    said_here = written.splitlines()
    assert said_here.count("process: web ended: exit status 3") == 8
    assert said_here[-2:] == [
        "instance: to be replaced, web ends again and again",
        asked[0],
    ]


def test_one_that_takes_more_memory_than_it_may_is_ended_and_started_again(cloud: Cloud, endpoint: str):
    kept = Kept(cloud, endpoint, HUNGRY, memory="60M")
    awaited(lambda: kept.says("web").count("has it all") >= 2)
    awaited(lambda: "process: web ended: SIGKILL" in kept.says())
    assert "Out of memory" in cloud.log(kept.spec)
