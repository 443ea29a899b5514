"""`release report` finds what is meant, also what was refused and is gone, and says where nothing is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from release.timeline import Event, Timeline, dump, key
from tests.unit.release.cli.conftest import BUCKET
from tests.unit.release.cli.test_deploy import ledger_of, releases_of
from tests.unit.release.cli.test_rollback import two_live

REFUSED = Timeline(
    "deadbeef",
    "9",
    "version 2",
    "2026-01-01T10:00:00.000Z",
    "2026-01-01T10:00:09.000Z",
    "refused",
    (
        Event("2026-01-01T10:00:00.000Z", "gate"),
        Event("2026-01-01T10:00:09.000Z", "refused", "9 was not seen"),
    ),
    "anna on laptop",
)


def keep(world, timeline: Timeline) -> None:
    world.client("s3").put_object(Bucket=BUCKET, Key=key("dev", timeline), Body=dump(timeline))


def test_a_rollback_leaves_a_timeline_and_it_is_what_is_told_first(world) -> None:
    one, two = two_live(world)
    world.serving[:] = [one.id]
    back = world.state(ledger_of(one, two, one), moment="now")
    world.begin(world.state(ledger_of(one, two)), {"status": 0, "state": back})
    assert world.run("rollback", "--stack", "dev", "--yes", "--reason", "prices are wrong")[0] == 0
    status, out, error = world.run("report", "--stack", "dev", "--json")
    assert (status, error) == (0, "")
    found = json.loads(out)
    assert (found["kind"], found["outcome"], found["release"]["id"]) == ("rollback", "live", one.id)
    assert [each["share"] for each in found["weights"]] == [100]
    assert f"version 2 ({two.id})" in found["former"]
    assert any("prices are wrong" in each["text"] for each in found["events"])


def test_a_refused_release_is_found_by_its_version_when_its_fleet_is_gone(world, tmp_path: Path) -> None:
    one, two, _ = releases_of(world, "1", "2", "3")
    world.begin(world.state(ledger_of(one, two)))
    keep(world, REFUSED)
    earlier = replace(REFUSED, started="2026-01-01T08:00:00.000Z", ended="2026-01-01T08:00:09.000Z")
    keep(world, earlier)
    status, out, _ = world.run("report", "9", "--stack", "dev", "--out", str(nine := tmp_path / "nine.html"))
    assert status == 0, out
    assert "nine.html: release of 9, refused; from its timeline" in out
    assert "9 was not seen" in nine.read_text()
    status, out, _ = world.run("report", "deadbeef", "--stack", "dev", "--at", "2026-01-01T08", "--json")
    assert json.loads(out)["started"] == earlier.started

    status, out, _ = world.run(
        "report", "1", "--stack", "dev", "--out", str(one_file := tmp_path / "one.json")
    )
    assert "from the ledger, since it has no timeline" in out
    assert json.loads(one_file.read_text())["source"] == "ledger"


def test_what_nobody_has_heard_of_is_refused_and_nothing_is_written(world) -> None:
    one, two, _ = releases_of(world, "1", "2", "3")
    world.begin(world.state(ledger_of(one, two)))
    for typed, said in (
        (("7", "--out", "x.html"), "nothing is known of a release '7' of dev"),
        (("2",), "no report was made"),
        (("2", "--out", "x.pdf"), "a file that ends in .html or .htm or .json"),
        (("2", "--out", "x.html", "--at", "2030"), "it has no timeline"),
    ):
        status, _, error = world.run("report", *typed, "--stack", "dev")
        assert (status, said in error) == (1, True), error
    assert not list(world.folder.rglob("x.*"))
