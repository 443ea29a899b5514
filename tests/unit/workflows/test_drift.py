"""The steps of drift.yml: one issue that comes, is kept true, and goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.workflows.workflow import Runner

MARKER = "<!-- uneventful:drift -->"

GH = '''
"""Plays GitHub's issues; keeps what it was asked."""
import json, pathlib, sys
here = pathlib.Path(__file__).parent
asked, issues = here / "asked.json", here / "issues.json"
calls = json.loads(asked.read_text()) if asked.exists() else []
known = json.loads(issues.read_text()) if issues.exists() else []
arguments = sys.argv[1:]
body = lambda: pathlib.Path(arguments[arguments.index("--body-file") + 1]).read_text()
if arguments[:2] == ["issue", "list"]:
    for each in known:
        if each["open"] and each["body"].startswith("<!-- uneventful:drift -->"):
            print(each["number"])
else:
    calls.append(arguments[:2])
if arguments[:2] == ["issue", "create"]:
    known.append({"number": len(known) + 1, "open": True, "body": body()})
if arguments[:2] in (["issue", "edit"], ["issue", "close"]):
    mine = next(each for each in known if each["number"] == int(arguments[2]))
    if arguments[1] == "edit":
        mine["body"] = body()
    else:
        mine["open"] = False
asked.write_text(json.dumps(calls))
issues.write_text(json.dumps(known))
'''


class Night:
    """One run of the workflow after another."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        runner.stand_in("gh", GH)
        (runner.bin / "issues.json").write_text(json.dumps([{"number": 1, "open": True, "body": "another"}]))

    def tell(self, looked: str = "success", **stacks: int) -> list[dict[str, Any]]:
        for stack, status in stacks.items():
            told = self.runner.work / "told" / f"drift-{stack}"
            told.mkdir(parents=True, exist_ok=True)
            (told / "drift.md").write_text(f"{MARKER}\n## {stack} ended with {status}\n")
            (told / "status").write_text(f"{status}\n")
        ran = self.runner.run(
            *("drift", "tell", "Open, update or close the issue"),
            GH_TOKEN="token",
            GH_REPO="team/shop",
            LOOKED=looked,
        )
        assert ran.status == 0, ran.output
        issues: list[dict[str, Any]] = json.loads((self.runner.bin / "issues.json").read_text())
        assert issues[0] == {"number": 1, "open": True, "body": "another"}
        return issues[1:]

    @property
    def asked(self) -> list[str]:
        calls = json.loads((self.runner.bin / "asked.json").read_text())
        return [" ".join(call) for call in calls]


@pytest.fixture
def night(runner: Runner) -> Night:
    return Night(runner)


def test_one_issue_is_opened_updated_and_closed_once_all_is_well(night: Night) -> None:
    assert night.tell(dev=0, production=0) == []
    (issue,) = night.tell(dev=0, production=3)
    assert issue["body"].startswith(f"{MARKER}\n## dev ended with 0\n## production ended with 3\n")
    assert issue["body"].count(MARKER) == 1
    (issue,) = night.tell(dev=3, production=3)
    assert "dev ended with 3" in issue["body"]
    (issue,) = night.tell(dev=0, production=0)
    assert not issue["open"]
    assert len(night.tell(dev=3, production=0)) == 2
    assert night.asked == [
        *("label create", "issue create", "issue edit", "issue close", "label create", "issue create")
    ]


def test_an_environment_that_could_not_be_looked_at_closes_nothing_and_hides_nothing(night: Night) -> None:
    night.tell(dev=3, production=0)
    (issue,) = night.tell(looked="failure", dev=0, production=1)
    assert issue["open"]
    assert "dev ended with 3" in issue["body"]
    (issue,) = night.tell(looked="failure", dev=3, production=1)
    assert "production ended with 1" in issue["body"]


@pytest.mark.parametrize(("status", "ends"), [(0, 0), (3, 0), (1, 1), (130, 130)])
def test_drift_is_told_and_only_an_environment_that_nobody_could_look_at_fails(
    runner: Runner, status: int, ends: int
) -> None:
    runner.stand_in("release", f"import sys\nprint(' '.join(sys.argv[1:]))\nsys.exit({status})\n")
    ran = runner.run("drift", "look", "Look", STACK="production", PULUMI_BACKEND_URL="s3://state")
    assert ran.status == ends
    assert (runner.work / "told" / "status").read_text() == f"{status}\n"
    assert runner.file("SUMMARY") == "drift --stack production --markdown\n"
