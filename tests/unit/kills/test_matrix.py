"""The kill matrix leaves nothing out, and its network is cut where it says so."""

from __future__ import annotations

import socket
import threading
from collections import Counter

import pytest

from tests.kills.matrix import FORWARD, MOVING, VICTIMS, Cell, Row, cells, table
from tests.kills.network import Network


def test_every_phase_meets_every_victim_once() -> None:
    met = Counter((cell.phase, cell.victim) for cell in cells(fast=False))
    assert met == Counter({(phase, victim): 1 for phase in (*FORWARD, *MOVING) for victim in VICTIMS})
    assert len(met) >= 60


def test_the_fast_half_has_each_phase_and_each_victim() -> None:
    half = cells(fast=True)
    assert {cell.phase for cell in half} == {*FORWARD, *MOVING}
    assert {cell.victim for cell in half} == set(VICTIMS)
    assert 0.4 < len(half) / len(cells(fast=False)) < 0.6


def test_a_candidate_is_gone_on_with_only_where_a_later_phase_of_it_is_struck_next() -> None:
    gate, bake = Cell("gate", "API", 0), Cell("bake", "SIGINT", 0)
    assert gate.followed_by(bake)
    assert not bake.followed_by(gate)
    assert not gate.followed_by(None)
    assert not gate.followed_by(Cell("bake", "SIGINT", 1))
    assert not gate.followed_by(Cell("record", "SIGINT", 0))


def test_the_table_tells_what_was_bad() -> None:
    good = Row(Cell("gate", "API", 0), 1, 5000, 0, 0.2, "release deploy", 20)
    bad = Row(Cell("10 %", "provider", 1), 1, 4000, 3, 20.0, "release rollback", 30, "lost requests")
    told = table([good, bad])
    assert "BAD: lost requests" in told
    assert told.endswith("2 cells, 1 bad; 9000 requests sent, 3 lost")


def test_a_cut_network_keeps_back_what_is_sent_until_it_is_mended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            connection, _ = server.accept()
            with connection:
                while some := connection.recv(100):
                    connection.sendall(some)

        threading.Thread(target=echo, daemon=True).start()
        network = Network(f"http://127.0.0.1:{server.getsockname()[1]}")
        with socket.create_connection(
            ("127.0.0.1", int(network.url.rpartition(":")[2])), timeout=10
        ) as client:
            client.sendall(b"before")
            assert client.recv(100) == b"before"
            network.cut()
            client.settimeout(0.3)
            client.sendall(b"after")
            with pytest.raises(TimeoutError):
                client.recv(100)
            network.mend()
            client.settimeout(10)
            assert client.recv(100) == b"after"
        network.close()
