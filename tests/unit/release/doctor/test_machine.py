from __future__ import annotations

from pathlib import Path

import pytest

from release.doctor import machine, project


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10, 14), "bad"), ((3, 11, 0), "ok"), ((3, 14, 1), "ok"), ((4, 0, 0), "ok")]
)
def test_an_old_python_is_bad(version: tuple[int, ...], level: str) -> None:
    assert machine.python(version).level == level


@pytest.mark.parametrize(
    ("said", "level"),
    [
        (None, "bad"),
        ("v3.259.0\n", "ok"),
        ("v3.300.1-alpha.1", "ok"),
        ("3.100.9", "warn"),
        ("v2.9.0", "bad"),
        ("v4.0.0", "bad"),
        ("", "warn"),
        ("error: what?", "warn"),
    ],
)
def test_pulumi_must_be_there_and_of_a_version_that_was_tried(said: str | None, level: str) -> None:
    assert machine.pulumi(said).level == level


def test_a_missing_plugin_is_bad_only_where_the_engine_may_not_fetch_it() -> None:
    wanted, has = {"aws": "7.51.1"}, {"aws": frozenset({"7.50.0"})}

    assert machine.plugins(wanted, has, fetches=False).level == "bad"
    assert machine.plugins(wanted, has, fetches=False).next == "pulumi plugin install resource aws 7.51.1"
    assert machine.plugins(wanted, has, fetches=True).level == "ok"
    assert machine.plugins(wanted, {"aws": frozenset({"7.50.0", "7.51.1"})}, fetches=False).level == "ok"


def test_the_provider_is_looked_for_where_the_project_says_and_must_be_a_program(tmp_path: Path) -> None:
    named = {"plugins": {"providers": [{"name": "uneventful", "path": "bin"}]}}
    program = tmp_path / "bin" / "pulumi-resource-uneventful"

    assert machine.provider(tmp_path, {}).level == "bad"
    assert machine.provider(tmp_path, {"plugins": {"providers": "nonsense"}}).level == "bad"
    assert machine.provider(tmp_path, named).level == "bad"
    program.parent.mkdir()
    program.write_text("")
    assert machine.provider(tmp_path, named).next.startswith("chmod +x")
    program.chmod(0o755)
    assert machine.provider(tmp_path, named).level == "ok"


@pytest.mark.parametrize(
    ("skew", "level"), [(0.4, "ok"), (-9, "ok"), (11, "warn"), (-239, "warn"), (240, "bad"), (-4000, "bad")]
)
def test_a_clock_is_bad_before_aws_refuses_its_signatures(skew: float, level: str) -> None:
    assert machine.clock(skew).level == level


def test_a_clock_says_which_way_it_is_wrong() -> None:
    assert "60 s ahead of AWS's" in machine.clock(60).seen
    assert "60 s behind AWS's" in machine.clock(-60).seen


def test_a_stack_that_the_backend_lacks_is_to_be_made() -> None:
    assert project.backend("dev", ["staging"], "s3://states").next == "pulumi stack init dev"
    assert project.backend("", [], "s3://states").level == "ok"


def test_a_wrong_passphrase_is_told_apart_from_none_and_never_quoted() -> None:
    said = "error: failed to decrypt: incorrect passphrase"

    wrong = project.passphrase(said, {"PULUMI_CONFIG_PASSPHRASE": "hunter2"}, "dev")
    none = project.passphrase("passphrase must be set", {}, "dev")

    assert wrong.level == none.level == "bad"
    assert "hunter2" not in str(wrong)
    assert "PULUMI_CONFIG_PASSPHRASE is not the stack's" in wrong.seen
    assert "no passphrase" in none.seen
