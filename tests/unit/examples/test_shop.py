"""The shop as it is released: built by its own build step, started by its own Procfile line."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from release.bundle import Bundle, build, run_step

# In one worker, which builds each version once.
pytestmark = pytest.mark.xdist_group("shop")

SHOP = Path(__file__).parents[3] / "examples" / "shop"


class Running:
    """One process of the shop, started as an instance starts it."""

    def __init__(self, folder: Path, command: str, version: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        environment = {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "RELEASE_ID": f"0000000{version}",
            "RELEASE_VERSION": version,
        }
        self.process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], cwd=folder, env=environment)
        deadline = time.monotonic() + 20
        while not self.listens():
            assert self.process.poll() is None, "the shop ended before it listened"
            assert time.monotonic() < deadline, "the shop did not listen within 20 s"
            time.sleep(0.02)

    def listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET" if body is None else "POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def bundle_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bundle]:
    """Each version once. The packages are version 1's: all have the same, and getting them takes seconds."""
    out = tmp_path_factory.mktemp("bundles")
    getting = tmp_path_factory.mktemp("bin") / "python3"
    getting.write_text(f"#!/bin/sh\nexec cp -R {out}/1/vendor vendor\n")
    getting.chmod(0o755)

    def with_those_of_1(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
        path = f"{getting.parent}{os.pathsep}{environment['PATH']}"
        return run_step(command, folder, {**environment, "PATH": path})

    @cache
    def bundle_of(version: str) -> Bundle:
        if version == "1":
            return build(SHOP, version, out)
        unpacked(bundle_of("1"), out / "1")
        return build(SHOP, version, out, with_those_of_1)

    return bundle_of


def unpacked(bundle: Bundle, folder: Path) -> Path:
    if not folder.exists():
        with tarfile.open(bundle.path) as tar:
            tar.extractall(folder, filter="data")
    return folder


@pytest.fixture
def run(
    bundle_of: Callable[[str], Bundle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Running]]:
    started: list[Running] = []

    def run(version: str) -> Running:
        bundle = bundle_of(version)
        # One folder for all starts of a version: what the first one compiles, the others find there.
        folder = unpacked(bundle, bundle.path.parent / version)
        running = Running(folder, bundle.manifest.processes[0].command, version)
        started.append(running)
        return running

    yield run
    for running in started:
        running.process.kill()
        running.process.wait()


def test_two_copies_under_other_times_and_umask_give_the_same_bytes(bundle_of, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        copy = shutil.copytree(SHOP, tmp_path / "copy", copy_function=shutil.copyfile)
        again = build(copy, "1", tmp_path / "out")
    finally:
        os.umask(before)
    assert again.path.read_bytes() == bundle_of("1").path.read_bytes()


def test_versions_have_other_bytes_and_a_page_that_looks_different(bundle_of, run) -> None:
    pages = {version: run(version).ask("/")[2].decode() for version in ("1", "2")}
    assert bundle_of("1").manifest.digest != bundle_of("2").manifest.digest
    assert "<strong>1</strong>" in pages["1"]
    assert "<strong>2</strong>" in pages["2"]
    assert pages["1"].split("background: ")[1][:7] != pages["2"].split("background: ")[1][:7]


def test_what_version_2_changes_in_the_schema_is_in_its_bundle_and_not_in_those_that_are_like_version_1(
    bundle_of,
) -> None:
    revisions = {
        version: [(m.revision, m.kind) for m in bundle_of(version).manifest.migrations] for version in "126"
    }
    first = [("0001", "expand")]
    assert revisions["1"] == revisions["6"] == first
    assert revisions["2"] == [*first, ("0002", "expand"), ("0003", "backfill"), ("0004", "contract")]
    assert [allowed.revision for allowed in bundle_of("2").manifest.allowed] == ["0004"]
    with tarfile.open(bundle_of("2").path) as tar:
        assert not any("versions" in Path(name).parts[:1] for name in tar.getnames())


def test_health_names_the_release_and_every_answer_carries_it(run) -> None:
    shop = run("1")
    status, _, body = shop.ask("/healthz")
    assert (status, json.loads(body)["release"]) == (200, "00000001")
    for path in ("/", "/healthz", "/work?seconds=0", "/work?seconds=x", "/nowhere"):
        assert shop.ask(path)[1]["x-release"] == "00000001"


def test_an_upload_is_answered_with_what_arrived(run) -> None:
    body = os.urandom(3_000_000)
    status, _, answer = run("1").ask("/upload", body)
    assert status == 200
    assert json.loads(answer)["length"] == len(body)
    assert json.loads(answer)["sha256"] == hashlib.sha256(body).hexdigest()


def test_work_takes_the_time_that_it_is_asked_to_and_not_more_than_a_stop_would_wait(run) -> None:
    shop = run("1")
    started = time.monotonic()
    assert shop.ask("/work?seconds=0.5")[0] == 200
    assert 0.5 <= time.monotonic() - started < 2
    assert shop.ask("/work?seconds=3600")[0] == 400


def test_a_slow_request_and_a_half_sent_upload_survive_sigterm_and_new_ones_are_refused(run) -> None:
    shop = run("1")
    answers: list[int] = []
    slow = threading.Thread(target=lambda: answers.append(shop.ask("/work?seconds=1.5")[0]))
    slow.start()
    upload = socket.create_connection(("127.0.0.1", shop.port), 10)
    upload.sendall(b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\nhello")
    time.sleep(0.5)  # Until the slow request is being worked on, which nothing outside can see.
    shop.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + 5
    while shop.listens():
        assert time.monotonic() < deadline, "still accepts connections 5 s after SIGTERM"
        time.sleep(0.02)
    upload.sendall(b"world")
    assert upload.recv(4096).startswith(b"HTTP/1.1 200")
    slow.join(10)
    assert answers == [200]
    assert shop.process.wait(5) in (0, -signal.SIGTERM)


def test_an_idle_connection_does_not_hold_up_a_stop(run) -> None:
    shop = run("1")
    idle = http.client.HTTPConnection("127.0.0.1", shop.port)
    idle.request("GET", "/")
    idle.getresponse().read()
    started = time.monotonic()
    shop.process.terminate()
    shop.process.wait(5)
    assert time.monotonic() - started < 3


def test_version_3_starts_and_is_never_healthy(run) -> None:
    shop = run("3")
    assert shop.ask("/healthz")[0] == 500
    assert shop.ask("/")[0] == 200


def test_version_4_is_healthy_and_fails_one_page_in_twenty(run) -> None:
    shop = run("4")
    assert {shop.ask("/healthz")[0] for _ in range(25)} == {200}
    pages = [shop.ask("/") for _ in range(200)]
    assert [status for status, *_ in pages].count(500) == 10
    assert {headers["x-release"] for _, headers, _ in pages} == {"00000004"}


def test_any_other_version_is_a_good_one(run) -> None:
    shop = run("6")
    assert shop.ask("/healthz")[0] == 200
    assert "<strong>6</strong>" in shop.ask("/")[2].decode()


def test_an_answer_costs_little_enough_for_a_thousand_a_second_beside_everything_else(run) -> None:
    shop = run("1")
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=20)

    def ask(times: int) -> None:
        for _ in range(times):
            connection.request("GET", "/")
            connection.getresponse().read()

    def spent() -> float:
        fields = Path(f"/proc/{shop.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    ask(200)
    before = spent()
    ask(2000)
    assert (spent() - before) / 2000 < 0.0005
