"""What the workflows may and may not do, read from what is written."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from tests.go_tool import GoTool
from tests.unit.workflows.workflow import ACTION, NAMES, WORKFLOWS, jobs, read, steps

ACTIONLINT = GoTool(Path(__file__).parent / "actionlint", "github.com/rhysd/actionlint", "cmd/actionlint")
PINNED = re.compile(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$")


def test_actionlint_finds_nothing() -> None:
    found = subprocess.run(
        [ACTIONLINT.path(), *(WORKFLOWS / f"{name}.yml" for name in NAMES)], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_action_is_pinned_by_its_commit_and_names_its_version() -> None:
    commits: dict[str, set[str]] = {}
    for path in (*(WORKFLOWS / f"{name}.yml" for name in NAMES), ACTION):
        for line in path.read_text().splitlines():
            used = line.strip().removeprefix("- ")
            if used.startswith("uses: ") and not used.startswith("uses: ./"):
                found = PINNED.fullmatch(used)
                assert found, line
                commits.setdefault(found[1], set()).add(found[2])
    assert all(len(each) == 1 for each in commits.values()), commits


def test_no_text_of_github_s_becomes_part_of_a_script() -> None:
    assert [where for where, step in steps() if "${{" in step.get("run", "")] == []


def test_there_is_no_secret_and_no_long_lived_key() -> None:
    for path in (*(WORKFLOWS / f"{name}.yml" for name in NAMES), ACTION):
        text = path.read_text()
        assert "secrets." not in text
        assert "pull_request_target" not in text
    for where, step in steps():
        if "configure-aws-credentials" in step.get("uses", ""):
            assert "role-to-assume" in step["with"], where
            assert not {"aws-access-key-id", "aws-secret-access-key"} & step["with"].keys(), where


def test_each_job_may_do_the_least_and_none_that_may_write_runs_code_of_the_repository() -> None:
    for name in NAMES:
        assert read(name)["permissions"] in ("{}", {}), name
    allowed: dict[str, dict[str, str]] = {
        "check": {"contents": "read"},
        "build": {"contents": "read"},
        "preview": {"contents": "read", "id-token": "write"},
        "staging": {"contents": "read", "id-token": "write"},
        "production": {"contents": "read", "id-token": "write"},
        "look": {"contents": "read", "id-token": "write"},
        "comment": {"pull-requests": "write"},
        "tell": {"issues": "write"},
    }
    for _, job, written in jobs():
        assert written["permissions"] == allowed[job], job
        if "contents" not in written["permissions"]:
            assert not any("checkout" in each or each.startswith("./") for each in _uses(written)), job
        if "id-token" not in written["permissions"]:
            assert not any("aws-actions" in each for each in _uses(written)), job
        for step in written["steps"]:
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] == "false", job


def test_a_fork_s_pull_request_gets_no_credentials_and_is_checked_all_the_same() -> None:
    written = read("preview")["jobs"]
    assert "if" not in written["check"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in written["preview"]["if"]
    # Where the preview is skipped, so is the comment, which a fork's token could not write.
    assert "needs.preview.result != 'skipped'" in written["comment"]["if"]
    assert written["comment"]["needs"] == "preview"


def test_two_releases_of_an_environment_never_race_and_none_is_cut_off_by_the_next() -> None:
    written = read("release")["jobs"]
    for stack in ("staging", "production"):
        assert written[stack]["concurrency"] == {
            "group": f"uneventful-{stack}",
            "cancel-in-progress": "false",
        }
        assert written[stack]["environment"] == stack
        assert written[stack]["env"]["STACK"] == stack
    assert written["production"]["needs"] == ["build", "staging"]
    assert "environment" not in written["build"]


def _uses(job: dict[str, Any]) -> list[str]:
    return [step.get("uses", "") for step in job["steps"]]
