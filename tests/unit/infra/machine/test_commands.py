"""The service that takes orders for commands from a queue, as it is on the operations host."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.unit.infra.host import Host
from tests.unit.threads import tell_another

RUN = """\
#!/bin/sh
read order
echo "order $order" >>"$TOOLS/run"
trap 'echo told >>"$TOOLS/run"; exit 143' TERM
eval "$order"
"""


@pytest.fixture
def queue(host: Host) -> Host:
    """Who runs the orders is a stand-in: an order is a line for the shell."""
    folder = host.root / "opt/uneventful"
    (folder / "run").write_text(RUN)
    commands = folder / "commands"
    commands.write_text(commands.read_text().replace("AGAIN = 30.0", "AGAIN = 0.1"))
    return host


def send(host: Host, body: str) -> None:
    new = host.tools / "new"
    new.write_text(json.dumps({"Messages": [{"Body": body, "ReceiptHandle": f"handle-{body[:4]}"}]}))
    new.replace(host.tools / "messages")


@contextmanager
def serving(host: Host) -> Iterator[subprocess.Popen[bytes]]:
    log = (host.root / "var/log/uneventful/commands.log").open("ab")
    command = [*host.command("commands"), "https://queues.example.com/commands", "eu-west-1"]
    with log, subprocess.Popen(command, stdout=log, stderr=log, env=host.environment) as service:
        try:
            yield service
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0, host.log("commands")
        finally:
            service.kill()


def awaited(host: Host, word: str) -> str:
    """The first question to the queue with this word in it."""
    until = time.monotonic() + 30
    while True:
        asked = host.asked if (host.tools / "asked").exists() else []
        found = next((line for line in asked if word in line), "")
        if found:
            return found
        assert time.monotonic() < until, host.log("commands")
        time.sleep(0.02)


@pytest.mark.parametrize("body", ["exit 0", "exit 9"])
def test_an_order_is_run_once_and_deleted_however_it_ended(body: str, queue: Host) -> None:
    with serving(queue):
        send(queue, body)
        assert "--receipt-handle handle-exit" in awaited(queue, "delete-message")
    assert (queue.tools / "run").read_text() == f"order {body}\n"
    assert f"a command ended with {body[-1]}" in queue.log("commands")


def test_a_message_stays_hidden_while_its_command_runs(queue: Host) -> None:
    with serving(queue):
        send(queue, "while [ ! -e $TOOLS/enough ]; do sleep 0.05; done")
        assert "--visibility-timeout 120" in awaited(queue, "change-message-visibility")
        assert not any("delete-message" in line for line in queue.asked)
        (queue.tools / "enough").touch()
        awaited(queue, "delete-message")


def test_a_service_that_is_stopped_ends_its_command_and_gives_the_message_back(queue: Host) -> None:
    with serving(queue):
        send(queue, "while :; do sleep 0.05; done")
        awaited(queue, "change-message-visibility")
    asked = [line for line in queue.asked if "change-message-visibility" in line]
    assert asked[-1].endswith("--visibility-timeout 0")
    assert not any("delete-message" in line for line in queue.asked)
    assert (queue.tools / "run").read_text().endswith("told\n")


def test_a_queue_that_refuses_is_asked_again_later(queue: Host) -> None:
    broken = queue.tools / "aws"
    text = broken.read_text()
    broken.write_text("#!/bin/sh\necho 'aws refused' >>\"$TOOLS/asked\"; echo AccessDenied >&2; exit 254\n")
    commands = queue.root / "opt/uneventful/commands"
    commands.write_text(commands.read_text().replace("PAUSE = 5.0", "PAUSE = 0.1"))
    with serving(queue):
        awaited(queue, "refused")
        broken.write_text(text)
        send(queue, "exit 0")
        awaited(queue, "delete-message")
    assert "receive-message: AccessDenied" in queue.log("commands")


def test_it_is_stopped_as_well_by_a_signal_that_another_of_its_threads_takes(queue: Host) -> None:
    with serving(queue) as service:
        send(queue, "while :; do sleep 0.05; done")
        awaited(queue, "change-message-visibility")
        tell_another(service.pid, signal.SIGTERM)
        assert service.wait(30) == 0
    assert (queue.tools / "run").read_text().endswith("told\n")
