"""What log files say is in CloudWatch Logs a moment later, once, in order, through rotation and refusals."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

import pytest

from localcloud.instances.agent import Shipment
from localcloud.instances.agentconfig import CONFIG, AgentConfigError, Collected, parse_agent_config
from localcloud.instances.logsapi import Refused
from localcloud.instances.tail import CHUNK, LINES, Tail
from localcloud.parts import InstanceSpec
from tests.local.instances.aws_stand_in import client, stand_in
from tests.local.instances.trial import Cloud, awaited, cloud_config, fetched, unit

GROUP = "/shop/dev/web-1a2b"


@dataclass
class FakeStore:
    refusing: bool = False
    batches: list[list[str]] = field(default_factory=list)

    def put(self, group: str, stream: str, lines: Sequence[bytes], at: float) -> None:
        if self.refusing:
            raise Refused("no answer")
        self.batches.append([line.decode() for line in lines])

    @property
    def lines(self) -> list[str]:
        return [line for batch in self.batches for line in batch]


@dataclass
class Shipping:
    file: Path
    store: FakeStore = field(default_factory=FakeStore)
    clock: float = 0.0

    def __post_init__(self) -> None:
        self.shipment = Shipment(Tail(self.file), "group", "stream", 1.0)

    def add(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(text)

    def step(self, last: bool = False) -> list[str]:
        self.clock += 10
        self.shipment.step(self.store, 0.0, self.clock, last)
        return self.store.lines


@pytest.fixture
def shipping(tmp_path: Path) -> Shipping:
    return Shipping(tmp_path / "web.log")


def test_a_line_is_sent_once_and_only_when_it_is_whole(shipping: Shipping):
    assert shipping.step() == []
    shipping.add("one\n\ntw")
    assert shipping.step() == ["one"]
    shipping.add("o\r\nthree")
    assert shipping.step() == ["one", "two"]
    assert shipping.step(last=True) == ["one", "two", "three"], "at the end what is there counts"
    assert shipping.step(last=True) == ["one", "two", "three"]


def test_a_file_that_is_moved_away_is_read_to_its_end_before_the_new_one(shipping: Shipping):
    shipping.add("one\n")
    shipping.step()
    shipping.add("two\nthree without an end")
    shipping.file.rename(shipping.file.with_suffix(".1"))
    shipping.file.write_text("four\n")
    for _ in range(3):
        shipping.step()
    assert shipping.store.lines == ["one", "two", "three without an end", "four"]


def test_a_file_that_is_truncated_is_read_from_its_beginning(shipping: Shipping):
    shipping.add("a long first line\n")
    shipping.step()
    os.truncate(shipping.file, 0)
    shipping.step()
    shipping.add("two\n")
    assert shipping.step() == ["a long first line", "two"]


def test_a_refused_call_is_made_again_and_not_at_once(shipping: Shipping):
    shipping.add("one\n")
    shipping.store.refusing = True
    shipping.step()
    assert "no answer" in shipping.shipment.trouble
    shipping.store.refusing = False
    shipping.add("two\n")
    assert not shipping.shipment.step(shipping.store, 0.0, shipping.clock + 0.1)
    assert shipping.step() == ["one", "two"]
    assert shipping.shipment.trouble == ""


def test_no_call_is_larger_than_the_api_takes(shipping: Shipping):
    shipping.add("x\n" * (LINES + 5) + "y" * (CHUNK * 2) + "\n" + "z" * 100 + "\n")
    lines = shipping.step()
    assert "".join(lines) == "x" * (LINES + 5) + "y" * (CHUNK * 2) + "z" * 100
    for batch in shipping.store.batches:
        assert len(batch) <= 10_000
        assert sum(len(line) + 26 for line in batch) <= 1_048_576


def config(**entry: str) -> str:
    told = {
        "file_path": "/var/log/web.log",
        "log_group_name": GROUP,
        "log_stream_name": "{instance_id}/web",
        **entry,
    }
    files = {"files": {"collect_list": [told]}}
    return json.dumps(
        {"agent": {"run_as_user": "root"}, "logs": {"force_flush_interval": 1, "logs_collected": files}}
    )


def test_the_configuration_names_files_groups_and_streams():
    told = parse_agent_config(config(), "i-1")
    assert told.files == (Collected("/var/log/web.log", GROUP, "i-1/web"),)
    assert told.flush_seconds == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ('{"metrics": {}}', "metrics"),
        ('{"logs": {"logs_collected": {"windows_events": {}}}}', "logs.logs_collected.windows_events"),
        ('{"logs": {}}', "collect_list"),
        (config(multi_line_start_pattern="x"), "multi_line_start_pattern"),
        (config(log_stream_name="{hostname}"), "{hostname}"),
        (config(log_group_name=""), "log_group_name"),
        (config(file_path="web.log"), "absolute"),
    ],
)
def test_what_the_agent_does_not_carry_out_is_refused_by_name(text: str, named: str):
    with pytest.raises(AgentConfigError, match=named):
        parse_agent_config(text, "i-1")


# --- on an instance ---


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in(GROUP) as endpoint:
        yield endpoint


def events(endpoint: str, stream: str) -> list[str]:
    logs = client(endpoint, "logs")
    try:
        found = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in found["events"]]


def agent_user_data(endpoint: str) -> bytes:
    told = json.dumps(config(file_path="/var/log/app/*.log"))
    return f"""#cloud-config
packages: [amazon-cloudwatch-agent]
write_files:
- {{path: {CONFIG}, content: {told}}}
- {{path: /var/log/app/boot.log, content: "first\\n"}}
runcmd:
- [systemctl, enable, --now, amazon-cloudwatch-agent]
""".encode()


def said_later(cloud: Cloud, spec: InstanceSpec, line: str) -> None:
    with (cloud.folder / spec.instance_id / "root/var/log/app/boot.log").open("a") as log:
        log.write(f"{line}\n")


def test_a_line_is_in_its_stream_within_two_seconds_and_the_last_one_when_the_instance_ends(
    cloud: Cloud, endpoint: str
):
    spec = cloud.booted(agent_user_data(endpoint), env={"AWS_ENDPOINT_URL": endpoint})
    stream = f"{spec.instance_id}/web"
    awaited(lambda: events(endpoint, stream) == ["first"])
    began = time.monotonic()
    said_later(cloud, spec, "second")
    awaited(lambda: events(endpoint, stream) == ["first", "second"], within=4)
    assert time.monotonic() - began < 2
    said_later(cloud, spec, "third")
    cloud.instances.stop(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "stopped")
    assert events(endpoint, stream) == ["first", "second", "third"]
    cloud.instances.boot(spec.instance_id)
    said_later(cloud, spec, "fourth")
    awaited(lambda: events(endpoint, stream)[-1] == "fourth")
    assert events(endpoint, stream) == ["first", "second", "third", "fourth"], "nothing is sent twice"


def test_what_a_service_says_while_it_ends_is_kept_when_it_comes_after_the_agent(cloud: Cloud, endpoint: str):
    text = unit(more="StandardOutput=append:/var/log/app/web.log\n")
    text = text.replace(
        "After=network-online.target", "After=network-online.target amazon-cloudwatch-agent.service"
    )
    boot = "systemctl enable --now amazon-cloudwatch-agent uneventful-web"
    told = indent(config(file_path="/var/log/app/*.log"), "    ")
    files = f"- path: /var/log/app/web.log\n- path: {CONFIG}\n  content: |\n{told}\nruncmd:\n"
    user_data = cloud_config(text, boot=boot).replace(b"runcmd:\n", files.encode())
    spec = cloud.booted(user_data, env={"AWS_ENDPOINT_URL": endpoint})
    awaited(lambda: fetched(spec.address))
    asking = threading.Thread(target=fetched, args=(spec.address, "/slow"))
    asking.start()
    awaited(lambda: "web is asked for /slow" in events(endpoint, f"{spec.instance_id}/web"), within=30)
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone")
    asking.join()
    assert events(endpoint, f"{spec.instance_id}/web")[-1] == "web ended well"
