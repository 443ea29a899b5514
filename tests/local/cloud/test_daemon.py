"""The daemon as a user has it: real commands, real processes, killed without mercy."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localcloud.processes import identify, marked_processes
from tests.local.cloud.real import Checkout, answers, environment_of_two, new_checkout, until


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = new_checkout(tmp_path / "checkout")
    yield made
    made.run("down", check=False)


def test_up_is_ready_in_time_and_a_second_up_changes_nothing(checkout: Checkout) -> None:
    assert "localcloud env" in checkout.run("up").stdout
    pid = checkout.pid
    # The promise is 5 s on a machine that does nothing else; this one runs other tests, so its work is measured.
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    assert (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") < 5
    assert "already" in checkout.run("up").stdout
    assert checkout.pid == pid


def test_two_ups_at_the_same_moment_start_one_daemon(checkout: Checkout) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "localcloud.cli.main", "up"],
            cwd=checkout.root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outcomes = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outcomes
    assert daemons_of(checkout) == [checkout.pid]


def daemons_of(checkout: Checkout) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"localcloud.daemon" in words and str(checkout.root).encode() in words:
                found.append(int(entry.name))
    return found


def test_a_whole_environment_lives_and_down_leaves_no_process_and_no_port(checkout: Checkout) -> None:
    checkout.run("up")
    url = environment_of_two(checkout)
    until(lambda: answers(url))
    killed = checkout.status()["instances"][0]
    os.kill(killed["pids"][0], signal.SIGKILL)
    began = time.monotonic()
    until(lambda: killed["id"] not in [one["id"] for one in checkout.status()["instances"]])
    assert time.monotonic() - began < 3
    until(lambda: [one["machine"] for one in checkout.status()["instances"]] == ["running", "running"])
    endpoint = checkout.status()["endpoint"]
    shown = checkout.run("status").stdout
    assert "web 100 %" in shown
    assert killed["id"] not in shown.partition("instances")[2].partition("instances")[2]
    assert checkout.run("down").stdout == "the local cloud is down\n"
    assert list(marked_processes(checkout.marker)) == []
    assert daemons_of(checkout) == []
    for address in (url, endpoint):
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        with socket.socket() as probe:
            assert probe.connect_ex((host, int(port))) != 0
    assert not (Path(checkout.marker) / "daemon.json").exists()
    assert "no local cloud was running" in checkout.run("down").stdout


def test_after_a_kill_of_the_daemon_the_next_up_ends_exactly_what_was_left(checkout: Checkout) -> None:
    checkout.run("up")
    url = environment_of_two(checkout)
    until(lambda: answers(url))
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    backend = checkout.root / ".uneventful" / "pulumi"
    (backend / ".pulumi").mkdir(parents=True)
    left = set(marked_processes(checkout.marker))
    assert len(left) >= 3
    daemon = identify(checkout.pid)
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    until(lambda: not daemon.alive())
    # On a busy machine it lives long enough to save what it holds, and the next one would go on with that.
    (Path(checkout.marker) / "kept").unlink(missing_ok=True)
    missing = checkout.run("status", check=False)
    assert missing.returncode == 1
    assert "ended without being told to" in missing.stderr
    assert "localcloud up" in missing.stderr
    assert "Traceback" not in missing.stderr
    said = checkout.run("up").stdout
    assert not any(process.alive() for process in left)
    assert not answers(url)
    assert bystander.poll() is None
    assert not backend.exists()
    assert "described the former cloud" in said
    assert checkout.status()["instances"] == []
    bystander.kill()
    bystander.wait()


def test_two_checkouts_clouds_run_side_by_side_and_one_ends_alone(tmp_path: Path) -> None:
    one, other = new_checkout(tmp_path / "one"), new_checkout(tmp_path / "other")
    try:
        one.run("up")
        other.run("up")
        urls = [environment_of_two(one), environment_of_two(other)]
        for url in urls:
            until(lambda url=url: answers(url))
        assert one.status()["endpoint"] != other.status()["endpoint"]
        one.run("down")
        assert not answers(urls[0])
        assert answers(urls[1])
        assert len(other.status()["instances"]) == 2
    finally:
        one.run("down", check=False)
        other.run("down", check=False)


def test_each_stack_has_a_cloud_of_its_own_with_its_account_region_and_state(checkout: Checkout) -> None:
    config = 'config:\n  aws:region: eu-central-1\n  aws:allowedAccountIds: ["111122223333"]\n'
    (checkout.root / "Pulumi.staging.yaml").write_text(config)
    staging = ("--stack", "staging")
    checkout.run("up")
    checkout.run("up", *staging)
    seen = [variables(checkout), variables(checkout, *staging)]
    assert [identity(one) for one in seen] == ["123456789012", "111122223333"]
    assert [one["AWS_REGION"] for one in seen] == ["eu-west-1", "eu-central-1"]
    assert seen[0]["PULUMI_BACKEND_URL"] != seen[1]["PULUMI_BACKEND_URL"]
    checkout.run("down")
    assert identity(seen[1]) == "111122223333"
    assert "production" in checkout.run("up", "--stack", "production", check=False).stderr
    said = checkout.run("down", "--all").stdout
    assert said.endswith("staging: the local cloud is down\n")
    assert daemons_of(checkout) == []


def variables(checkout: Checkout, *options: str) -> dict[str, str]:
    lines = checkout.run("env", *options).stdout.splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def identity(seen: dict[str, str]) -> str:
    sts = boto3.client(
        "sts",
        endpoint_url=seen["AWS_ENDPOINT_URL"],
        region_name=seen["AWS_REGION"],
        aws_access_key_id=seen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seen["AWS_SECRET_ACCESS_KEY"],
    )
    account: str = sts.get_caller_identity()["Account"]
    return account


def test_env_points_awss_own_tools_at_the_cloud(checkout: Checkout) -> None:
    checkout.run("up")
    lines = checkout.run("env").stdout.splitlines()
    variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert variables["AWS_ENDPOINT_URL"] == checkout.status()["endpoint"]
    assert variables["AWS_REGION"] == "eu-west-1"
    script = """eval "$LINES_OF_ENV"
        aws s3 mb s3://mine && echo hello | aws s3 cp - s3://mine/a && aws s3 cp s3://mine/a -"""
    done = subprocess.run(
        ["sh", "-c", script],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LINES_OF_ENV": "\n".join(lines)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.endswith("hello\n"), done.stderr


def test_faults_are_set_listed_and_cleared_and_shown_in_the_status(checkout: Checkout) -> None:
    checkout.run("up")
    assert "weights-delay=5" in checkout.run("fault", "set", "weights-delay", "5").stdout
    assert "api-unreachable=on" in checkout.run("fault", "set", "api-unreachable=on").stdout
    assert "weights-delay=5" in checkout.run("status").stdout
    printed, asked = json.loads(checkout.run("status", "--json").stdout), checkout.status()
    assert {**printed, "uptime": 0} == {**asked, "uptime": 0}
    refused = checkout.run("fault", "set", "weights-dely", "5", check=False)
    assert refused.returncode == 1
    assert "weights-delay" in refused.stderr
    hang = checkout.run("fault", "set", "target-hang", "i-0", check=False)
    assert "no such instance" in hang.stderr
    assert "no faults are on" in checkout.run("fault", "clear").stdout
    assert "no faults are on" in checkout.run("fault", "list").stdout


@pytest.mark.parametrize(
    "command", [["status"], ["env"], ["fault", "list"], ["fault", "set", "weights-delay", "5"]]
)
def test_without_a_daemon_a_command_says_so_and_what_to_type(tmp_path: Path, command: list[str]) -> None:
    refused = new_checkout(tmp_path / "checkout").run(*command, check=False)
    assert refused.returncode == 1
    assert "no local cloud is running" in refused.stderr
    assert "localcloud up" in refused.stderr


def test_a_wrong_option_and_a_wrong_folder_are_refused_without_a_stack_trace(tmp_path: Path) -> None:
    wrong = new_checkout(tmp_path / "checkout").run("up", "--fast", check=False)
    assert wrong.returncode == 2
    assert "--fast" in wrong.stderr
    nowhere = Checkout(Path("/")).run("status", check=False)
    assert nowhere.returncode == 1
    assert "is in no checkout" in nowhere.stderr
    assert "Traceback" not in wrong.stderr + nowhere.stderr


def test_a_daemon_that_cannot_start_says_why(checkout: Checkout) -> None:
    blocked = Path(checkout.marker) / "instances"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where the folder must be")
    refused = checkout.run("up", check=False)
    assert refused.returncode == 1
    assert "before it was ready" in refused.stderr
    assert "daemon.log" in refused.stderr
    assert list(marked_processes(checkout.marker)) == []
