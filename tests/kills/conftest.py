"""The environment that is struck: a project whose releases are as quick as can be, on a local cloud of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from demo.world import local_variables
from localcloud.checkout import find_checkout
from tests.e2e.conftest import home  # noqa: F401 - a fixture
from tests.e2e.stage import ROOT, Stage, variables_for
from tests.kills.matrix import table
from tests.kills.network import Network
from tests.kills.play import Play

TABLE = ROOT / ".uneventful" / "kills.txt"

QUICK = {
    "uneventful:rollout": {
        "steps": [10, 100],
        "observe": 2,
        "proof": 60,
        "drain": 1,
        "bake": 3,
        "handover": 60,
        "gate": {"probes": 3, "deadline": 90},
        # One of few requests that fails by chance, or waits for a processor, is no sign of a bad release here.
        "limits": {"errors": 0.1, "latency": 50},
    },
    "uneventful:web": {
        "instance": "t3.micro",
        "min": 1,
        "max": 2,
        "requests": 1_000_000,
        "grace": 180,
        "health": {"interval": 5, "timeout": 2, "healthy": 2, "unhealthy": 2},
    },
    "uneventful:workers": {"worker": {"instance": "t3.micro", "min": 1, "max": 1}},
}

_rows = pytest.StashKey[Play]()


def _project(folder: Path) -> Path:
    """The checkout's program with other settings: its files by links, so that nothing in the checkout changes."""
    folder.mkdir()
    for each in ROOT.iterdir():
        if each.name not in ("Pulumi.dev.yaml", ".uneventful", ".git"):
            (folder / each.name).symlink_to(each)
    settings = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    settings["config"] |= QUICK
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture(scope="session")
def play(home: Path, pytestconfig: pytest.Config) -> Iterator[Play]:  # noqa: F811
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folder = _project(home / "project")
    logs = ROOT / ".uneventful" / "kills"
    logs.mkdir(parents=True, exist_ok=True)
    for old in logs.iterdir():
        old.unlink()
    before = variables_for(home)
    subprocess.run(["localcloud", "up"], cwd=ROOT, env=before, check=True)
    try:
        variables = local_variables(before)
        network = Network(variables["AWS_ENDPOINT_URL"])
        stage = Stage({**variables, "AWS_ENDPOINT_URL": network.url}, logs, folder)
        # What this process itself reads, it reads from the same state.
        os.environ["PULUMI_BACKEND_URL"] = variables["PULUMI_BACKEND_URL"]
        one = Play(stage, network, find_checkout(ROOT, before).socket, variables["AWS_ENDPOINT_URL"])
        pytestconfig.stash[_rows] = one
        one.open()
        yield one
        network.close()
    finally:
        subprocess.run(["localcloud", "down", "--all", "--forget"], cwd=ROOT, env=before, check=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    played = config.stash.get(_rows, None)
    if played is None or not played.rows:
        return
    text = table(played.rows)
    TABLE.write_text(text + "\n")
    terminalreporter.write_sep("=", "the kill matrix")
    terminalreporter.write_line(text)
    terminalreporter.write_line(f"also in {TABLE}; what every command printed: {TABLE.with_suffix('')}")
