"""What runs where: one line for each environment, and what needs a look."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from release.cli import drift
from release.cli.groups import GroupFacts
from release.cli.overview import WIDTH, row, show
from release.cli.remarks import remarks
from release.cli.state import Group

WORKERS = {"process": "worker", "turn": "working", "healthy": 12, "wanted": 12, "least": 1, "most": 20}


def told(**other: Any) -> dict[str, Any]:
    warm = {"id": "0" * 8, "version": "2024.11.30-rc.1", "state": "warm", "workers": []}
    today = datetime.now(UTC).replace(hour=23, minute=59).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "stack": "production-eu",
        "asked": True,
        "live": "f" * 8,
        "releases": [
            {
                "id": "f" * 8,
                "version": "2024.12.01-rc.12",
                "state": "live",
                "weight": 100,
                "served": 1.0,
                "healthy": 24,
                "targets": 24,
                "wanted": 24,
                "warmUntil": None,
                "workers": [WORKERS],
            },
            warm | {"warmUntil": today, "weight": None},
        ],
        "sampled": 200,
        "failures": "",
        "schema": {"revision": "20241201_0815", "by": "f" * 8, "contractsWaiting": []},
        "queues": [{"queue": "jobs", "waiting": 120000, "taken": 12, "dead": 0}],
        "alarms": [],
        "drift": [],
        "lease": None,
        "locks": [],
        "freeze": "",
        "unknown": [],
    } | other


def test_the_widest_of_environments_fits_a_hundred_columns() -> None:
    written = io.StringIO()
    show([told(), told(alarms=["a", "b"])], Console(file=written, width=1000, soft_wrap=True))
    lines = written.getvalue().splitlines()
    assert max(len(line) for line in lines if not line.startswith("production-eu ")) <= WIDTH
    assert row(told())[2].endswith("23:59")


def test_a_warm_release_that_shrinks_another_day_says_which() -> None:
    other = told()
    other["releases"][1]["warmUntil"] = (datetime.now(UTC) + timedelta(days=40)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
    assert row(other)[2].split()[-1] == (datetime.now(UTC) + timedelta(days=40)).strftime("%m-%d")


def test_an_environment_that_was_not_asked_claims_nothing_that_only_aws_knows() -> None:
    unasked = told(asked=False, error="no answer\n  seen: x")
    assert row(unasked)[1].startswith("2024.12.0")
    assert row(unasked)[3:] == ("?", "?", "?", "202412…", "?", "?")
    assert [str(each) for each in remarks(unasked)] == ["could not be asked: no answer: x"]
    (refused,) = remarks(unasked | {"unknown": ["lease: refused", "queues: refused"]})
    assert (refused.level, str(refused)) == ("unknown", "could not be asked: lease: refused")
    assert set(row({"stack": "dev", "asked": False, "error": "x"})[2:]) == {"?"}
    unmade = {"stack": "dev", "asked": False, "made": False}
    assert (row(unmade)[1], list(remarks(unmade))) == ("not made yet", [])


@pytest.mark.parametrize(("section", "cell"), [("instance groups", 5), ("queues", 7), ("alarms", 8)])
def test_what_one_service_did_not_tell_is_not_claimed_to_be_well(section: str, cell: int) -> None:
    assert row(told())[cell] != "?"
    assert row(told(unknown=[f"{section}: refused"]))[cell] == "?"


def test_everything_that_needs_a_look_is_said() -> None:
    bad = told(
        alarms=["errors"],
        drift=["weights: x"],
        locks=["process 1"],
        unknown=["queues: refused"],
        lease={"alive": True, "who": "anna"},
        queues=[{"queue": "jobs", "waiting": 0, "taken": 0, "dead": 3}],
    )
    bad["releases"][0]["workers"] = [WORKERS | {"turn": "resting"}]
    assert len(list(remarks(bad))) == 7
    assert list(remarks(told())) == []


@pytest.mark.parametrize(
    ("told_weights", "drifts"),
    [
        ({"a": 100}, False),
        ({"a": 100, "b": 0}, False),
        ({"a": 99, "b": 1}, True),
        ({}, True),
        ({"b": 1}, True),
    ],
)
def test_weights_drift_when_anybody_but_the_live_release_has_some(
    told_weights: dict[str, int], drifts: bool
) -> None:
    assert bool(drift.of_weights(told_weights, "a")) is drifts
    assert drift.of_weights(told_weights, "") == ()


def test_sizes_drift_unless_a_warm_release_has_shrunk_as_it_should() -> None:
    group = Group("web-1", "1", "1", "web", 2, 4)
    same, less, more = (GroupFacts(group, least=n, most=m) for n, m in ((2, 4), (0, 0), (2, 8)))
    assert drift.of_sizes([same]) == ()
    assert drift.of_sizes([less], shrunk=["1"]) == ()
    assert [bool(drift.of_sizes([each])) for each in (less, more)] == [True, True]
    assert drift.of_sizes([more], shrunk=["1"])
    assert "gone" in drift.of_sizes([GroupFacts(group, there=False)])[0]


def test_a_schedule_drifts_by_name_when_it_is_missing_more_changed_or_disabled() -> None:
    nightly = {"name": "nightly", "expression": "cron(0 3 * * ? *)", "timezone": "UTC", "input": "{}"}
    assert drift.of_schedules([nightly], [nightly]) == ()
    hourly = nightly | {"name": "hourly"}
    found = drift.of_schedules([nightly, hourly], [nightly | {"input": "x"}, nightly | {"name": "z"}], ["z"])
    assert [line.split()[1].strip(":") for line in found] == ["hourly", "z", "nightly", "z"]
