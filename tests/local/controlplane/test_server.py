"""What the daemon's log says of answers that reach nobody."""

from __future__ import annotations

import socket
import struct
import threading
import time

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from localcloud.faults import Faults
from tests.local.controlplane.conftest import World

TOLD = "has not had its answer"


def ask_and_be_gone(world: World) -> None:
    host, _, port = world.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as client:
        # To be gone at once, with whatever is still on its way.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_a_client_that_has_gone_before_its_answer_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    limit = time.monotonic() + 20
    while not [line for line in caplog.messages if TOLD in line]:
        assert time.monotonic() < limit, caplog.messages
        ask_and_be_gone(world)
        time.sleep(0.05)


def test_one_that_gets_no_answer_since_a_fault_wants_it_so_is_not(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.board.change(Faults(api_unreachable=True))
    try:
        with pytest.raises((ConnectionClosedError, EndpointConnectionError)):
            world.client("ec2").create_vpc(CidrBlock="10.98.0.0/16")
    finally:
        world.board.change(Faults())
    limit = time.monotonic() + 10
    while [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]:
        assert time.monotonic() < limit, "a call is still being answered"
        time.sleep(0.02)
    assert not caplog.messages
