"""The steps of release.yml: what is built, what is released, and what is told of it."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from release.model import VERSION_PATTERN
from tests.unit.workflows.workflow import PATIENCE, Runner, action

DEPLOY = "Release, and watch it"
TOLD = {"VERSION": "20260101.000000-0123abcd", "PULUMI_BACKEND_URL": "s3://state", "WHY": "commit c, by anna"}

RELEASE = '''
"""Says what it was asked; waits for SIGINT where it is to wait, and puts the traffic back then."""
import pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
(here / "asked").write_text("|".join(sys.argv[1:]))
struck = []
signal.signal(signal.SIGINT, lambda *_: struck.append(1))
print("releasing", flush=True)
while (here / "waits").exists() and not struck:
    time.sleep(0.02)
if struck:
    print("error: interrupted\\n  now: traffic is where it was", file=sys.stderr)
    sys.exit(130)
sys.exit("error: 2 is worse\\n  seen: 4 of 70" if (here / "refuses").exists() else 0)
'''


def test_the_same_commit_is_the_same_version_and_a_later_one_is_greater(runner: Runner) -> None:
    def commit(at: str) -> str:
        environment = {**os.environ, "GIT_COMMITTER_DATE": at, "TZ": "Asia/Tokyo"}
        command = (
            "git",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            at,
        )
        subprocess.run(command, cwd=runner.work, env=environment, check=True)
        ran = runner.run("release", "build", "Build", APPLICATION="application")
        assert ran.status == 0, ran.output
        version = runner.file("OUTPUT").splitlines()[-1].removeprefix("version=")
        assert re.fullmatch(VERSION_PATTERN, version)
        asked = (runner.bin / "asked").read_text().split("|")
        assert asked == ["build", "application", "--version", version, "--out", "bundles"]
        return version

    runner.stand_in("release", RELEASE)
    subprocess.run(("git", "init", "-q"), cwd=runner.work, check=True)
    first = commit("2026-01-31T23:59:59Z")
    assert first.startswith("20260131.235959-")
    assert runner.run("release", "build", "Build", APPLICATION="application").status == 0
    assert runner.file("OUTPUT").splitlines()[-1] == f"version={first}"
    assert commit("2026-02-01T00:00:00Z") > first


def test_a_version_goes_live_with_its_reason_and_the_summary_has_the_end_of_what_was_printed(
    runner: Runner,
) -> None:
    runner.stand_in("release", RELEASE)
    ran = runner.run("release", "staging", DEPLOY, **TOLD)
    assert (ran.status, ran.output) == (0, "releasing\n")
    asked = (runner.bin / "asked").read_text().split("|")
    assert asked == [
        *("deploy", TOLD["VERSION"], "--stack", "staging", "--yes", "--out", "bundles"),
        *("--message", TOLD["WHY"]),
    ]
    assert runner.run("release", "staging", "Tell how it went", **TOLD).status == 0
    assert "## 20260101.000000-0123abcd in staging\n```\nreleasing\n```" in runner.file("SUMMARY")


def test_a_refused_release_fails_the_job_and_its_whole_error_is_the_summary(runner: Runner) -> None:
    runner.stand_in("release", RELEASE)
    (runner.bin / "refuses").touch()
    told = {**TOLD, "WHY": '"; touch stolen; "'}
    assert runner.run("release", "production", "Promote with staging's evidence", **told).status == 1
    asked = (runner.bin / "asked").read_text().split("|")
    assert asked[:6] == ["promote", TOLD["VERSION"], "--from", "staging", "--to", "production"]
    assert asked[-1] == told["WHY"]
    assert not (runner.work / "stolen").exists()
    assert runner.run("release", "production", "Tell how it went", **TOLD).status == 0
    assert "```\nerror: 2 is worse\n  seen: 4 of 70\n```" in runner.file("SUMMARY")


def test_a_cancelled_run_s_signal_reaches_the_release_itself_which_puts_the_traffic_back(
    runner: Runner,
) -> None:
    runner.stand_in("release", RELEASE)
    (runner.bin / "waits").touch()
    process = runner.start("release", "staging", DEPLOY, **TOLD)
    log = runner.temp / "release.txt"
    until = time.monotonic() + PATIENCE
    while not (log.is_file() and "releasing" in log.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "traffic is where it was" in output


def test_an_approval_that_came_after_a_later_version_s_brings_nothing_back(runner: Runner) -> None:
    guard = "Refuse an approval that came after a later version's"
    for live, status in (
        ("null", 0),
        ('"2"', 0),
        ('"20251231.235959-ffffffff"', 0),
        ('"20260101.000000-0123abcd"', 0),
        ('"20260101.000001-00000000"', 1),
    ):
        runner.stand_in("release", f"print('{{\"liveVersion\": {live}}}')\n")
        ran = runner.run("release", "production", guard, **TOLD)
        assert ran.status == status, (live, ran.output)


def test_credentials_of_another_account_are_kept_where_nobody_else_reads_them(runner: Runner) -> None:
    step = "Keep what may read staging's bundles under a name of its own"
    ran = runner.run("release", "production", step, KEY="AKIA", SECRET="s/+=", TOKEN="t%s", **TOLD)
    assert (ran.status, ran.output) == (0, "")
    path = Path(runner.file("ENV").strip().removeprefix("AWS_SHARED_CREDENTIALS_FILE="))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "aws_session_token = t%s\n" in path.read_text()


def test_pulumi_s_command_line_is_of_the_version_that_the_program_is_pinned_to(runner: Runner) -> None:
    installed = runner.work / ".venv" / "bin"
    installed.mkdir(parents=True)
    # The real interpreter and SDK; what would fetch something is replaced.
    (installed / "python").write_text(
        "#!/usr/bin/env python\n"
        "import sys\n"
        "import pulumi.automation\n"
        "installs = lambda root, version: print('installs', version, 'in', root)\n"
        "pulumi.automation.PulumiCommand.install = staticmethod(installs)\n"
        "sys.argv = sys.argv[1:]\n"
        "exec(sys.stdin.read())\n"
    )
    (installed / "python").chmod(0o755)
    written = next(each for each in action()["runs"]["steps"] if "Pulumi" in each.get("name", ""))
    text = written["run"]
    process = runner.shell(text, {})
    output, _ = process.communicate(timeout=PATIENCE)
    assert output == f"installs {version('pulumi')} in {runner.temp}/pulumi\n"
    assert runner.file("PATH") == f"{runner.temp}/pulumi/bin\n"
