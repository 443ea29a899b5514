"""What `--json` prints is what docs/json.md shows, in shape; and stdout has nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from release.ledger import Ledger
from tests.unit.release.cli.test_deploy import ledger_of, releases_of
from tests.unit.release.cli.test_rollback import two_live

PAGE = (Path(__file__).parents[4] / "docs" / "json.md").read_text(encoding="utf-8")
SHAPES = {
    name: json.loads(text)
    for name, text in re.findall(r"^```json (\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
}
BY_DATA = ("served", "values")
"""Objects whose keys are data."""


def must_be_like(seen: Any, shown: Any, where: str = "") -> None:
    """Raise AssertionError where `seen` has other keys, or types, than what is `shown`; null fits everywhere."""
    if isinstance(shown, dict) and seen is not None:
        assert isinstance(seen, dict), where
        if not where.endswith(BY_DATA):
            assert seen.keys() == shown.keys(), where
            for key in shown:
                must_be_like(seen[key], shown[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(seen, list), where
        for each in seen if shown else ():
            must_be_like(each, shown[0], f"{where}[]")
    elif seen is not None and shown is not None:
        numbers = isinstance(shown, (int, float)) and not isinstance(shown, bool)
        assert isinstance(seen, (int, float) if numbers else type(shown)), f"{where}: {seen!r}"


def told(world: Any, *arguments: str, status: int = 0) -> Any:
    """The one object on stdout."""
    ended, out, error = world.run(*arguments, "--json")
    assert ended == status, error
    return json.loads(out)


def test_a_release_and_what_one_asks_after_it_are_told_as_documented(world: Any) -> None:
    one, two = releases_of(world, "1", "2")
    world.serving[:] = [two.id]
    world.weigh(**{f"r{two.id}": 100})
    after = world.state(ledger_of(one, two), moment="now")
    world.begin(world.state(ledger_of(one)), {"status": 0, "state": after})

    must_be_like(told(world, "publish", "2", "--stack", "dev"), SHAPES["publish"])
    deployed = told(world, "deploy", "2", "--stack", "dev", "--yes")
    must_be_like(deployed, SHAPES["deploy"])
    assert (deployed["live"], deployed["served"]) == (two.id, {two.id: 100})
    assert [each["id"] for each in deployed["warm"]] == [one.id]
    status = told(world, "status", "--stack", "dev")
    must_be_like(status, SHAPES["status"])
    assert {each["id"] for each in status["releases"]} == {one.id, two.id}
    must_be_like(told(world, "ps", "--stack", "dev"), SHAPES["ps"])


def test_a_build_and_the_history_are_told_as_documented(world: Any) -> None:
    world.begin(world.state(Ledger()))
    (world.engine / "history.json").write_text(
        json.dumps([{"startTime": "2026-01-31T12:00:00.000Z", "result": "succeeded", "message": "first"}])
    )
    application = world.folder / "application"
    application.mkdir()
    (application / "Procfile").write_text("web: serve\n")

    must_be_like(told(world, "build", str(application), "--version", "1"), SHAPES["build"])
    history = told(world, "history", "--stack", "dev")
    must_be_like(history, SHAPES["history"])
    assert len(history["updates"]) == 1


def test_a_rollback_is_told_as_a_release_is_and_the_engine_says_nothing_on_stdout(world: Any) -> None:
    one, two = two_live(world)
    world.serving[:] = [one.id]
    back = world.state(ledger_of(one, two, one), moment="now")
    world.begin(world.state(ledger_of(one, two)), {"status": 0, "state": back})

    went = told(world, "rollback", "--stack", "dev", "--yes")

    must_be_like(went, SHAPES["deploy"])
    assert went["live"] == one.id


def test_a_refused_release_is_an_error_in_json_with_the_same_exit_status(world: Any) -> None:
    one, _ = releases_of(world, "1", "2")
    world.serving[:] = [one.id]
    world.weigh(**{f"r{one.id}": 100})
    state = world.state(ledger_of(one))
    world.begin(state, {"status": 255, "state": world.state(ledger_of(one), moment="failed")})

    refused = told(world, "deploy", "2", "--stack", "dev", "--yes", status=1)

    must_be_like(refused, SHAPES["error"])
    assert refused["error"]["kind"]
    assert refused["error"]["runbook"].startswith("docs/runbooks/")


def test_a_command_line_that_makes_no_sense_is_an_error_in_json_too(world: Any) -> None:
    must_be_like(told(world, "publish", "--stack", "dev", status=2), SHAPES["error"])


def test_without_aws_there_is_still_one_object_only(world: Any) -> None:
    one, _ = releases_of(world, "1", "2")
    world.begin(world.state(ledger_of(one)))
    world.forget_credentials()

    status = told(world, "status", "--stack", "dev", status=1)

    must_be_like(status, SHAPES["status"])
    assert status["asked"] is False


def test_the_doctor_tells_of_a_project_and_of_none_and_ends_with_1_where_something_is_bad(world: Any) -> None:
    world.begin(world.state(Ledger()))
    seen = told(world, "doctor", status=1)
    must_be_like(seen, SHAPES["doctor"])
    levels = {each["check"]: each["level"] for each in seen["findings"]}
    # The stand-in for Pulumi.yaml names no provider, the file of dev no account.
    assert (levels["provider"], levels["Pulumi.dev.yaml"], levels["python"]) == ("bad", "bad", "ok")
    (world.folder / "project" / "Pulumi.yaml").unlink()
    alone = told(world, "doctor", "--stack", "dev", status=1)
    assert [each["level"] for each in alone["findings"] if each["check"] == "project"] == ["bad"]


@pytest.mark.parametrize("changed", [{"extra": 1}, {"size": "much"}, {"allowed": {}}])
def test_the_comparison_itself_notices_what_differs(changed: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        must_be_like({**SHAPES["build"], **changed}, SHAPES["build"])
