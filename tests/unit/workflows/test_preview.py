"""The steps of preview.yml: what a pull request is told, and by whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.workflows.workflow import ROOT, Runner

MARKER = "<!-- uneventful:preview -->"

GH = '''
"""Plays GitHub's comments of one pull request."""
import json, pathlib, sys
here = pathlib.Path(__file__).parent
asked, comments = here / "asked.json", here / "comments.json"
calls = json.loads(asked.read_text()) if asked.exists() else []
known = json.loads(comments.read_text()) if comments.exists() else []
arguments = sys.argv[1:]
method = arguments[arguments.index("--method") + 1] if "--method" in arguments else "GET"
if method == "GET":
    if (here / "down").exists():
        sys.exit("gh: HTTP 502")
    # What the query selects, said once more.
    query = arguments[arguments.index("--jq") + 1]
    assert 'user.login == "github-actions[bot]"' in query and "startswith" in query, query
    for each in known:
        if each["user"] == "github-actions[bot]" and each["body"].startswith("<!-- uneventful:preview -->"):
            print(each["id"])
else:
    body = pathlib.Path(arguments[arguments.index("-F") + 1].removeprefix("body=@")).read_text()
    path = next(each for each in arguments if each.startswith("repos/"))
    if method == "PATCH":
        next(each for each in known if each["id"] == int(path.rpartition("/")[2]))["body"] = body
    else:
        known.append({"id": len(known) + 1, "user": "github-actions[bot]", "body": body})
    calls.append([method, path])
asked.write_text(json.dumps(calls))
comments.write_text(json.dumps(known))
'''

TOLD = {"GH_TOKEN": "token", "PULL_REQUEST": "7", "VERSION": "pr-7-77"}
COMMENT = "Write the comment, or update the one that is there"


@pytest.fixture
def comment(runner: Runner) -> Callable[[str], list[dict[str, str]]]:
    runner.stand_in("gh", GH)
    (runner.work / "told" / "preview-_settings").mkdir(parents=True)
    (runner.work / "told" / "preview-_settings" / "preview.md").write_text("where the settings differ\n")

    def write(text: str) -> list[dict[str, str]]:
        for stack in ("dev", "production"):
            (runner.work / "told" / f"preview-{stack}").mkdir(exist_ok=True)
            told = runner.work / "told" / f"preview-{stack}" / "preview.md"
            told.write_text(f"{MARKER}\n## {stack}\n{text}\n")
        ran = runner.run("preview", "comment", COMMENT, **TOLD)
        assert ran.status == 0, ran.output
        comments: list[dict[str, str]] = json.loads((runner.bin / "comments.json").read_text())
        return comments

    return write


def test_one_comment_is_made_and_then_updated_in_place_and_somebody_else_s_is_left_alone(
    runner: Runner, comment: Callable[[str], list[dict[str, str]]]
) -> None:
    foreign = {"id": 1, "user": "mallory", "body": f"{MARKER}\nmine"}
    (runner.bin / "comments.json").write_text(json.dumps([foreign]))
    (former, made) = comment("one `$(touch stolen)` ${{ github.token }}")
    assert former == foreign
    assert made["body"].count(MARKER) == 1
    assert made["body"].startswith(f"{MARKER}\n## dev\none `$(touch stolen)` ")
    assert "## production" in made["body"]
    assert made["body"].endswith("where the settings differ\n")
    (_, updated) = comment("two")
    assert updated["id"] == made["id"]
    assert "two" in updated["body"]
    assert "one" not in updated["body"]
    assert json.loads((runner.bin / "asked.json").read_text()) == [
        ["POST", "repos/team/shop/issues/7/comments"],
        ["PATCH", "repos/team/shop/issues/comments/2"],
    ]
    assert not (runner.work / "stolen").exists()


def test_a_text_that_github_would_not_take_is_cut_off_and_says_so(
    comment: Callable[[str], list[dict[str, str]]],
) -> None:
    (made,) = comment("ä" * 50_000)
    assert len(made["body"].encode()) < 65_536
    assert "https://github.example/team/shop/actions/runs/77" in made["body"]


def test_where_github_cannot_be_asked_there_is_no_second_comment(runner: Runner) -> None:
    runner.stand_in("gh", GH)
    (runner.bin / "down").touch()
    ran = runner.run("preview", "comment", COMMENT, **TOLD)
    assert ran.status != 0
    assert not (runner.bin / "comments.json").exists()


def test_a_preview_that_is_refused_fails_and_its_reason_is_in_the_comment(runner: Runner) -> None:
    runner.stand_in(
        "release",
        "import sys\n"
        f"print('{MARKER}')\n"
        "print(' '.join(sys.argv[1:]))\n"
        "sys.exit('error: releases are frozen until Monday')\n",
    )
    told = {"STACK": "production", "VERSION": "pr-7-77", "PULUMI_BACKEND_URL": "s3://state"}
    ran = runner.run("preview", "preview", "Preview", **told)
    assert ran.status == 1
    text = (runner.work / "told" / "preview.md").read_text()
    assert text.startswith(MARKER)
    assert "preview --stack production --version pr-7-77 --bundle bundles --markdown" in text
    assert "error: releases are frozen until Monday" in text
    assert text in runner.file("SUMMARY")


def test_without_credentials_the_application_is_built_and_all_settings_are_checked(
    runner: Runner, tmp_path: Path
) -> None:
    application = tmp_path / "application"
    application.mkdir()
    (application / "Procfile").write_text("web: serve\n")
    names = {"VERSION": "pr-7-77", "APPLICATION": str(application)}
    ran = runner.run("preview", "check", "Build the application and lint its migrations", **names)
    assert ran.status == 0, ran.output
    assert list((runner.work / "bundles").glob("pr-7-77-*.tar.gz"))

    (runner.work / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    for stack in ("production", "staging"):
        (runner.work / f"Pulumi.{stack}.yaml").write_text((ROOT / f"Pulumi.{stack}.yaml").read_text())
    settings = "Check each environment's settings, and where they differ"
    ran = runner.run("preview", "check", settings, VERSION="pr-7-77")
    assert ran.status == 0, ran.output
    assert "production and staging: settings that differ" in runner.file("SUMMARY")

    (runner.work / "Pulumi.staging.yaml").write_text("config:\n  uneventful:windwo: 1\n")
    (runner.work / "told" / "preview.md").unlink()
    (runner.work / "told").rmdir()
    ran = runner.run("preview", "check", settings, VERSION="pr-7-77")
    assert ran.status == 1
    assert "windwo" in runner.file("SUMMARY")
