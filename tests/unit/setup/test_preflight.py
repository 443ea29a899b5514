"""What a machine lacks is told by name, all at once, with a remedy, and without a stack trace."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from localcloud.engine.choice import Facts, Go, Installed, Network
from localcloud.engine.versions import CLI
from setup import preflight, ways
from setup.preflight import Interpreter

ROOT = Path(__file__).resolve().parents[3]
OLD = "#!/bin/sh\necho 3 8 1 /usr/bin/python3.8\n"


def put(folder: Path, name: str, text: str = "#!/bin/sh\n") -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_everything_that_is_missing_is_in_one_report(tmp_path: Path) -> None:
    put(tmp_path, "python3", OLD)
    found = preflight.check(str(ROOT), {"PATH": str(tmp_path)}, "Darwin")
    assert [problem.name for problem in found.problems] == [
        "Linux",
        "make",
        "git",
        "Python 3.11 or newer",
        "a way to Pulumi",
    ]
    report = preflight.report(found.problems)
    for problem in found.problems:
        assert problem.remedy
        assert f"{problem.name}: {problem.seen}.\n      {problem.remedy}." in report
    assert "/usr/bin/python3.8 is 3.8" in report
    assert "Darwin" in report


def test_the_command_itself_reports_with_status_2_and_no_stack_trace(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "setup", "up"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer: there is no Python on PATH" in done.stderr
    assert "make: " in done.stderr
    assert "git: " in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_python_without_venv_is_passed_over_for_one_with_it() -> None:
    without = Interpreter("/usr/bin/python3.11", (3, 11), venv=False)
    whole = Interpreter("/opt/python3.13", (3, 13), venv=True)
    assert preflight.choose([without, whole]) == whole
    assert preflight.choose([without]) is None
    problem = preflight.describe([without])
    assert "venv" in problem.name
    assert problem.remedy == "install it: apt install python3.11-venv"


def test_a_shim_that_does_not_run_is_no_python(tmp_path: Path) -> None:
    put(tmp_path, "python3.12", "#!/bin/sh\necho 'version 3.12 is not installed' >&2; exit 127\n")
    put(tmp_path, "python3.11", "#!/bin/sh\necho hello\n")
    assert preflight.find_interpreters(str(tmp_path)) == []


def test_a_real_python_is_found_with_what_it_can(tmp_path: Path) -> None:
    put(tmp_path, "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (found,) = preflight.find_interpreters(str(tmp_path))
    assert found.version == sys.version_info[:2]
    assert found.venv


@pytest.mark.parametrize("name", ["__init__", "__main__", "preflight"])
def test_what_runs_before_a_python_was_found_has_no_newer_syntax_than_3_6(name: str) -> None:
    ast.parse((ROOT / "setup" / f"{name}.py").read_text(), feature_version=(3, 6))


NOWHERE = Facts(
    None, None, None, Network(False, "get.pulumi.com is not reachable"), Go(None, "there is no `go` on PATH")
)
PULUMI = Installed(Path("/bin"), CLI, language_host=True)
PROVIDER = "terraform-provider-aws 5.100.0"


def names(problems: list[ways.Problem]) -> list[str]:
    return [name for name, _, _ in problems]


def test_without_the_network_both_go_and_the_terraform_provider_are_missed() -> None:
    problems, _ = ways.judge(NOWHERE, "", "none was found on disk", fetched=False)
    assert names(problems) == ["Go 1.26 or newer", "a Terraform AWS provider"]
    assert all("get.pulumi.com" in seen and "get.pulumi.com" in remedy for _, seen, remedy in problems)


@pytest.mark.parametrize(
    ("facts", "provider", "fetched"),
    [
        (Facts(None, None, None, Network(True, "it answers"), NOWHERE.go), "", False),
        (Facts(None, None, None, NOWHERE.network, Go((1, 26), "Go 1.26.8 is on PATH")), PROVIDER, False),
        (Facts(None, None, PULUMI, NOWHERE.network, NOWHERE.go), PROVIDER, False),
        (Facts(PULUMI, None, None, NOWHERE.network, NOWHERE.go), "", True),
    ],
    ids=["network", "go and provider", "built earlier", "pulumi and its plugin"],
)
def test_each_way_that_works_is_enough(facts: Facts, provider: str, fetched: bool) -> None:
    problems, summary = ways.judge(facts, provider, "", fetched)
    assert problems == []
    assert summary


def test_an_old_go_is_told_with_its_version() -> None:
    facts = Facts(None, None, None, NOWHERE.network, Go((1, 25), "Go 1.25.1 is on PATH"))
    ((name, seen, _),), _ = ways.judge(facts, PROVIDER, "", fetched=False)
    assert name == "Go 1.26 or newer"
    assert "Go 1.25.1 is on PATH" in seen


def test_the_pinned_sdk_is_read_from_the_requirements() -> None:
    assert ways.pinned("boto3==1\npulumi-aws==7.51.1 \\\npulumi==3.272.0 \\\n") == "3.272.0"
    assert ways.pinned((ROOT / "requirements" / "core.txt").read_text())
