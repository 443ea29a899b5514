"""A cloud that was stopped or killed goes on where it was: same instances, addresses, answers."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.processes import identify, marked_processes
from tests.local.cloud.real import Checkout, answers, environment_of_two, new_checkout, until


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = new_checkout(tmp_path / "checkout")
    yield made
    made.run("down", check=False)


def kill(checkout: Checkout) -> None:
    daemon = identify(checkout.pid)
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    until(lambda: not daemon.alive())


def seen(checkout: Checkout) -> Any:
    status = checkout.status()
    instances = [(one["id"], one["address"], one["state"], one["group"]) for one in status["instances"]]
    return status["endpoint"], sorted(instances), status["load_balancers"]


def test_a_cloud_goes_on_after_a_stop_and_after_a_kill_until_it_is_to_forget(checkout: Checkout) -> None:
    checkout.run("up")
    url = environment_of_two(checkout)
    until(lambda: answers(url))
    (backend := checkout.root / ".uneventful" / "pulumi" / ".pulumi").mkdir(parents=True)
    before = seen(checkout)
    checkout.run("down")
    assert not answers(url)
    assert list(marked_processes(checkout.marker)) == []
    assert "all that it held when it was stopped" in checkout.run("up").stdout
    until(lambda: answers(url))
    assert seen(checkout) == before
    log = (Path(checkout.marker) / "instances" / before[1][0][0] / "log" / "cloud-init.log").read_text()
    kill(checkout)
    said = checkout.run("up").stdout
    assert "killed: goes on with what was saved" in said
    until(lambda: answers(url))
    assert seen(checkout) == before
    again = (Path(checkout.marker) / "instances" / before[1][0][0] / "log" / "cloud-init.log").read_text()
    assert again == log, "user data is run once in an instance's life"
    assert backend.exists()
    forgotten = checkout.run("down", "--forget").stdout
    assert "the next one starts empty" in forgotten
    assert not backend.exists()
    assert "goes on" not in checkout.run("up").stdout
    assert checkout.status()["instances"] == []


def test_what_cannot_be_read_any_more_is_said_in_a_line_and_the_cloud_starts_empty(
    checkout: Checkout,
) -> None:
    checkout.run("up")
    checkout.client("sqs").create_queue(QueueName="jobs")
    checkout.run("down")
    kept = Path(checkout.marker) / "kept"
    label, _, contents = kept.read_bytes().partition(b"\n")
    kept.write_bytes(label + b"\n" + contents[: len(contents) // 2])
    said = checkout.run("up").stdout
    assert "what an earlier cloud kept is of no use: it cannot be read" in said
    assert checkout.client("sqs").list_queues().get("QueueUrls", []) == []


def test_a_cloud_that_cannot_have_its_addresses_again_refuses_to_start_and_keeps_what_it_has(
    checkout: Checkout,
) -> None:
    checkout.run("up")
    port = int(checkout.status()["endpoint"].rpartition(":")[2])
    checkout.run("down")
    kept = (Path(checkout.marker) / "kept").read_bytes()
    with socket.create_server(("127.0.0.1", port)):
        refused = checkout.run("up", check=False)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr
    assert (Path(checkout.marker) / "kept").read_bytes() == kept
    assert "all that it held" in checkout.run("up").stdout
