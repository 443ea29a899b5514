from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from infra import operations_programs
from infra.operations_boot import user_data
from tests.unit.infra.host import AWS, BOOT, CURL, NOTED, PYTHON, Host


@pytest.fixture
def fresh(tmp_path: Path) -> Host:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"aws": AWS, "curl": CURL}.items() | dict.fromkeys(
        ("systemctl", "chown", "dnf", "sudo"), NOTED
    ).items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tools / f"python{PYTHON}").symlink_to(sys.executable)
    (tools / "python3").symlink_to(sys.executable)
    (tools / "arn:host-key").write_text(
        json.dumps({"private": "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"})
    )
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "TOOLS": str(tools)}
    made = Host(tmp_path, tools, environment)
    (made.root / "etc/ssh").mkdir(parents=True)
    for file in yaml.safe_load(user_data(BOOT))["write_files"]:
        place = made.root / file["path"].lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file["content"])
        place.chmod(int(file["permissions"], 8))
    (tools / "programs.json").write_text(operations_programs.programs())
    return made


@pytest.fixture
def host(fresh: Host) -> Host:
    """One that has booted, and was asked for nothing since."""
    done = fresh.run("boot")
    assert done.returncode == 0, fresh.log("boot")
    (fresh.tools / "asked").unlink()
    return fresh
