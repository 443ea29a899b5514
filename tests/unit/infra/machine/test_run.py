"""The program that runs a command with a release's bundle and variables, as it is on the operations host."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.machine import commands, run, variables
from release.command import Place, order
from release.model import Manifest, Process, freeze
from release.runs import Run, parse
from tests.unit.infra.host import Host
from tests.unit.threads import tell_another

KNOWN = {
    **{"DATABASE_HOST": "db", "DATABASE_PORT": "5432", "DATABASE_NAME": "app"},
    **{"CACHE_HOST": "cache", "CACHE_PORT": "6379", "GREETING": "known"},
}
PLACE = Place("b", "eu-west-1", KNOWN, "arn:login", "arn:cache", "arn:shared")
LOGIN = {"DATABASE_USER": "app", "DATABASE_PASSWORD": "very secret"}


@pytest.fixture
def digest(host: Host) -> str:
    for name, pairs in {"arn:login": LOGIN, "arn:cache": {"CACHE_TOKEN": "token"}}.items():
        (host.tools / name).write_text(json.dumps({"SecretString": json.dumps(pairs)}))
    return host.pack({"words": "of the bundle\n"})


def told(digest: str, command: str, **more: Any) -> str:
    processes = (Process(name="web", command="web"),)
    release = freeze(
        Manifest(version="2", digest=digest, size=1, processes=processes), {"GREETING": "the release's"}
    )
    return json.dumps(order(release, PLACE, command, by="a on b", **more)) + "\n"


def recorded(host: Host) -> tuple[Run, ...]:
    return parse(host.log("runs").splitlines())


def runs_left(host: Host) -> list[Path]:
    return list((host.root / "opt/uneventful/runs").iterdir())


@contextmanager
def attended(host: Host, digest: str, command: str) -> Iterator[subprocess.Popen[str]]:
    """A command that somebody waits for, once it has said its first line."""
    with host.begun("run") as running:
        assert running.stdin
        assert running.stdout
        running.stdin.write(told(digest, command, attended=True))
        running.stdin.flush()
        assert running.stdout.readline() == "begun\n"
        yield running
        running.wait(30)


def awaited(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_command_has_the_bundle_and_all_variables_and_its_status_is_passed_on(
    host: Host, digest: str
) -> None:
    command = 'cat words; echo "$GREETING, $DATABASE_URL $RELEASE_VERSION $HOST"; echo beside >&2; exit 7'
    done = host.run("run", told(digest, command))
    assert done.returncode == 7
    words, line = done.stdout.splitlines()
    assert words == "of the bundle"
    assert line.startswith("the release's, postgresql://app:very%20secret@db:5432/app?sslmode=verify-full")
    assert line.endswith("/opt/uneventful/database-ca.pem 2 127.0.0.1")
    assert done.stderr == "beside\n"
    (record,) = recorded(host)
    assert (record.by, record.version, record.command) == ("a on b", "2", command)
    assert (record.exit, record.why) == (7, "ended")


def test_no_secret_is_written_anywhere_or_on_a_command_line(host: Host, digest: str) -> None:
    assert host.run("run", told(digest, "sleep 0")).returncode == 0
    assert not any("secret" in line and "very" in line for line in host.asked)
    for file in host.root.rglob("*"):
        assert not file.is_file() or b"very secret" not in file.read_bytes(), file


def test_what_a_command_does_to_the_bundle_is_gone_with_it(host: Host, digest: str) -> None:
    assert host.run("run", told(digest, "echo other > words; echo more > file")).returncode == 0
    assert host.run("run", told(digest, "cat words; ls")).stdout == "of the bundle\nwords\n"
    assert runs_left(host) == []


def test_a_signal_from_who_attends_reaches_the_command_whose_status_counts(host: Host, digest: str) -> None:
    command = "trap 'echo ending; exit 42' INT; echo begun; while :; do sleep 0.05; done"
    with attended(host, digest, command) as running:
        assert running.stdin
        running.stdin.write("INT\n")
        running.stdin.flush()
    assert running.returncode == 42
    assert recorded(host)[0].why == "stopped"


def test_a_signal_that_another_thread_takes_reaches_the_command_too(host: Host, digest: str) -> None:
    with attended(host, digest, "trap 'exit 43' TERM; echo begun; while :; do sleep 0.05; done") as running:
        tell_another(running.pid, signal.SIGTERM)
    assert running.returncode == 43


def test_a_command_ends_when_nobody_attends_any_more_with_all_that_it_started(
    host: Host, digest: str
) -> None:
    started = host.tools / "started"
    command = f"sh -c 'echo $$ > {started}; exec sleep 60' & trap '' HUP; echo begun; wait"
    with attended(host, digest, command) as running:
        awaited(lambda: started.exists() and bool(started.read_text().strip()))
        for stream in (running.stdin, running.stdout, running.stderr):
            assert stream
            stream.close()
    assert running.returncode == 128 + 15
    assert recorded(host)[0].why == "left alone"
    assert not alive(int(started.read_text()))


def test_an_unattended_command_goes_on_after_its_order_to_its_limit(host: Host, digest: str) -> None:
    done = host.run("run", told(digest, "trap '' HUP; echo begun; sleep 60", limit=0.5))
    assert done.returncode == 124
    assert done.stdout == "begun\n"
    assert "0.5 s" in done.stderr
    assert recorded(host)[0].why == "limit"


def test_what_is_not_had_is_said_and_nothing_is_run(host: Host, digest: str) -> None:
    done = host.run("run", told("0" * 64, "echo run"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not run: the bundle could not be fetched" in done.stderr
    (host.tools / "arn:cache").write_text('{"SecretString": "[]"}')
    done = host.run("run", told(digest, "echo run"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "arn:cache" in done.stderr
    assert {record.why for record in recorded(host)} == {"not run"}
    assert runs_left(host) == []


@pytest.mark.parametrize(
    "line", ["", "\n", "no JSON\n", "{}\n", "[]\n", told("0" * 64, "x").replace("limit", "")]
)
def test_what_is_no_order_is_refused_in_a_sentence(line: str, host: Host) -> None:
    done = host.run("run", line)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert recorded(host) == ()


def test_what_a_killed_run_left_is_gone_after_the_next_one(host: Host, digest: str) -> None:
    with attended(host, digest, f"echo $$ > {host.tools / 'child'}; echo begun; sleep 60") as running:
        running.kill()
    os.killpg(int((host.tools / "child").read_text()), 9)
    assert len(runs_left(host)) == 1
    assert host.run("run", told(digest, "true")).returncode == 0
    assert runs_left(host) == []
    assert {record.exit for record in recorded(host)} == {0, None}


@pytest.mark.parametrize("program", [run, commands, variables])
def test_a_program_of_a_machine_is_of_a_python_that_the_machine_has(program: Any) -> None:
    ast.parse(Path(program.__file__).read_text(), feature_version=(3, 9))
