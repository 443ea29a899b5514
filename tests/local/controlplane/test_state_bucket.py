"""Pulumi's state in a bucket: what the real engine writes there is what the command line reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.engine.environment import variables
from release.cli.backend import find, is_here, lives
from release.errors import CommandError

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import os, pathlib, time, pulumi
pulumi.export("ledger", {"format": 1, "entries": []})
waiting = pathlib.Path("waiting")
while waiting.exists():
    time.sleep(0.02)
"""


@dataclass
class Terminal:
    """A person in a project whose state is in a bucket."""

    folder: Path
    variables: dict[str, str]

    def start(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def done(self, *argv: str) -> str:
        process = self.start(*argv)
        output, error = process.communicate(timeout=120)
        assert process.returncode == 0, output + error
        return output

    def release(self, *argv: str) -> str:
        return self.done(sys.executable, "-c", "from release.cli.main import main; main()", *argv)


@pytest.fixture
def terminal(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    s3 = boto3.client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=world.endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    s3.create_bucket(Bucket="states", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    (folder / "__main__.py").write_text(PROGRAM)
    own = {
        "PYTHONPATH": str(ROOT),
        "PULUMI_BACKEND_URL": f"s3://states/team/a?region=eu-central-1&endpoint={world.endpoint}&use_path_style=true",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL": world.endpoint,
    }
    told = {**os.environ, **variables(ROOT, backend=tmp_path / "unused"), **own}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(folder, told)
    terminal.done("pulumi", "stack", "init", "dev")
    terminal.done("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev", "--message", "the first one")
    return terminal


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    limit = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < limit, "not so in time"
        time.sleep(0.05)
    return found


def test_a_state_in_a_bucket_of_another_region_is_read_with_its_history_and_its_locks(
    terminal: Terminal,
) -> None:
    backend = find(terminal.folder, "dev")
    assert backend is not None
    exported = json.loads(terminal.done("pulumi", "stack", "export", "--stack", "dev"))
    assert backend.exported() == {"deployment": exported["deployment"]}
    assert backend.locks() == ()
    told = json.loads(terminal.release("history", "--stack", "dev", "--json"))
    assert [update["reason"] for update in told["updates"]] == ["the first one"]

    (terminal.folder / "waiting").touch()
    update = terminal.start("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev")
    (lock,) = until(backend.locks)
    assert lock.pid == update.pid
    assert is_here(lock)
    assert lives(lock)
    update.send_signal(signal.SIGKILL)
    update.communicate()
    (terminal.folder / "waiting").unlink()
    assert not lives(lock)
    said = terminal.release("unlock", "--stack", "dev")
    assert f"process {update.pid} of" in said
    assert "cleared" in said
    assert backend.locks() == ()
    terminal.done("pulumi", "up", "--yes", "--skip-preview", "--stack", "dev", "--expect-no-changes")


def test_a_bucket_that_cannot_be_read_is_said_and_not_taken_for_one_without_locks(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://gone?region=eu-west-1&endpoint={world.endpoint}")
    backend = find(tmp_path, "dev")
    assert backend is not None
    with pytest.raises(CommandError, match="the bucket gone, where Pulumi keeps"):
        backend.locks()
