"""The units of an instance: what systemd itself makes of them, and how a process is kept, limited and confined."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from release.beside import BESIDE, LEAVE, USAGE
from release.model import Manifest, Process, Release, freeze
from release.units import (
    boot_unit,
    gone_unit,
    socket_name,
    socket_unit,
    turn_unit,
    unit,
    unit_name,
    usage_unit,
)

WEB = Process(name="web", command="python3 -m shop.web")
WORKER = Process(name="worker", command="python3 -m shop.worker")
EXPOSURE = 2.5
"""What systemd calls OK begins at 5.9, and ends at 2.0; a service that nothing confines is at 9.6."""

by_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed on this machine"
)


def release_of(*processes: Process) -> Release:
    manifest = Manifest(version="7", digest="a" * 64, size=1, processes=processes or (WEB,), drain_seconds=45)
    return freeze(manifest, {})


RELEASE = release_of(WEB, WORKER)
BESIDES = {
    "boot": boot_unit(),
    "turn": turn_unit(RELEASE, WORKER, "bundles-1", "eu-west-1"),
    "gone": gone_unit(),
    "usage": usage_unit(),
}


def runnable(text: str) -> str:
    """The unit with programs that this machine has."""
    for program in (BESIDE, LEAVE, "/opt/uneventful/boot", "/opt/uneventful/turn", USAGE):
        text = text.replace(program, "/bin/true")
    return text


def analyzed(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *words, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_process_has_its_own_user_and_time_to_finish_and_comes_back_until_that_is_in_vain() -> None:
    service = unit(RELEASE, WEB).splitlines()
    for line in (
        "Type=exec",
        "User=uneventful",
        "WorkingDirectory=/opt/uneventful/app",
        "Restart=always",
        "RestartSec=1",
        "TimeoutStopSec=45",
        "KillSignal=SIGTERM",
        "KillMode=mixed",
        "StartLimitIntervalSec=300",
        "StartLimitBurst=8",
        "OnFailure=uneventful-gone.service",
        "ExecStartPre=+/opt/uneventful/process start web",
        "ExecStopPost=+/opt/uneventful/process end web",
        "ProtectSystem=strict",
        "PrivateTmp=true",
        "After=network-online.target amazon-cloudwatch-agent.service",
        "WantedBy=multi-user.target",
    ):
        assert line in service


def test_a_process_has_the_limits_that_it_asked_for_and_else_none() -> None:
    limited = Process(name="web", command="./web", memory="512M", cpu="50%")
    service = unit(release_of(limited), limited).splitlines()
    assert {"MemoryMax=512M", "CPUQuota=50%"} <= set(service)
    assert not any(line.startswith(("MemoryMax", "CPUQuota")) for line in unit(RELEASE, WEB).splitlines())


def test_what_listens_for_a_process_is_there_before_it_and_only_where_it_asked_for_it() -> None:
    listened = Process(name="web", command="./web", socket=True)
    service = unit(release_of(listened), listened).splitlines()
    assert {"Requires=uneventful-web.socket", "After=uneventful-web.socket"} <= set(service)
    assert ".socket" not in unit(RELEASE, WEB)
    assert (
        "ListenStream=10.0.1.7:8080" in socket_unit(release_of(listened), listened, "10.0.1.7").splitlines()
    )


@by_systemd
@pytest.mark.parametrize(
    "process",
    [
        WEB,
        Process(name="web", command="sh -c \"echo $HOME '100%' \\\\\""),
        Process(name="web", command="web {{ x }}", memory="2G", cpu="200%"),
        Process(name="web", command="web", socket=True),
    ],
    ids=["plain", "quoted", "limited", "with a socket"],
)
def test_systemd_accepts_the_unit_of_a_process(process: Process, tmp_path: Path) -> None:
    path = tmp_path / unit_name(process)
    path.write_text(runnable(unit(release_of(process), process)))
    (tmp_path / socket_name(process)).write_text(socket_unit(release_of(process), process, "10.0.1.7"))
    for name, text in BESIDES.items():
        (tmp_path / f"uneventful-{name}.service").write_text(runnable(text))
    verified = analyzed(path, "verify", "--man=no", "--recursive-errors=no")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@by_systemd
@pytest.mark.parametrize("name", BESIDES)
def test_systemd_accepts_the_units_beside_the_processes(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"uneventful-{name}.service"
    path.write_text(runnable(BESIDES[name]))
    verified = analyzed(path, "verify", "--man=no", "--recursive-errors=no")
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@by_systemd
def test_systemd_would_not_accept_a_directive_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / unit_name(WEB)
    path.write_text(unit(RELEASE, WEB).replace("Restart=always", "Restarts=always"))
    assert "Restarts" in analyzed(path, "verify", "--man=no").stderr


@by_systemd
def test_systemd_finds_a_process_little_exposed(tmp_path: Path) -> None:
    path = tmp_path / unit_name(WEB)
    path.write_text(unit(RELEASE, WEB))
    judged = analyzed(path, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}")
    assert judged.returncode == 0, judged.stdout
    path.write_text(unit(RELEASE, WEB).replace("SystemCallFilter=@system-service\n", ""))
    assert analyzed(path, "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}").returncode != 0
