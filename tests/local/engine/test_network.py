"""The probe tells within its limit, whatever the network does."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from localcloud.engine.network import probe

SLACK = 1.0


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Accepts connections (in the kernel) and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200 if self.path == "/yes" else 403)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def test_a_host_that_answers_is_reachable(server: str) -> None:
    assert probe(f"{server}/yes").reachable


def test_a_gateway_that_forbids_is_not_reachable_and_says_so(server: str) -> None:
    network = probe(f"{server}/no")
    assert not network.reachable
    assert "403" in network.seen


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_never_answers_is_given_up_within_the_limit(silent: socket.socket, scheme: str) -> None:
    began = time.monotonic()
    network = probe(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/", limit=0.5)
    assert not network.reachable
    assert "127.0.0.1" in network.seen
    assert time.monotonic() - began < 0.5 + SLACK


def test_a_closed_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    network = probe(f"https://127.0.0.1:{port}/", limit=30)
    assert not network.reachable
    assert "refused" in network.seen
    assert time.monotonic() - began < SLACK


def test_a_proxy_that_is_not_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    began = time.monotonic()
    assert not probe("https://host.invalid/", limit=30).reachable
    assert time.monotonic() - began < SLACK


def test_a_name_server_that_hangs_does_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(10) and [])
    began = time.monotonic()
    assert "did not answer within" in probe("https://host.invalid/", limit=0.3).seen
    assert time.monotonic() - began < 0.3 + SLACK
    released.set()
