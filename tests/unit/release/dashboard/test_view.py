"""What a person on call reads: the worst first, and nothing claimed that was not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release.cli.remarks import remarks
from release.dashboard.pages import Pages
from release.dashboard.sight import CALM, LONGEST, MOVING, Past, Sight
from release.dashboard.view import Column, columns, headline
from tests.unit.release.dashboard.environment import LINE, WORKER, failed, fleet, told

NOW = datetime(2026, 1, 1, 1, 35, tzinfo=UTC)


def sight(stack: str = "production", **other: Any) -> Sight:
    return Sight(stack, made=True).read(told(stack, **other), NOW)


def column(seen: Sight, now: datetime = NOW) -> Column:
    (shown,) = columns([seen], now)
    return shown


@pytest.mark.parametrize(
    ("other", "standing", "next_word"),
    [
        ({}, "well", ""),
        ({"failures": "503 ×12"}, "bad", "release rollback"),
        ({"failures": "503 ×12", "locks": ["process 7"]}, "bad", "release abort"),
        ({"alarms": ["errors"]}, "bad", "release logs"),
        ({"queues": [{"queue": "jobs", "waiting": 0, "taken": 0, "dead": 3}]}, "watch", "release logs"),
        ({"drift": ["weights: x"]}, "watch", "pulumi up"),
        ({"locks": ["process 7"]}, "moving", "release unlock"),
        ({"unknown": ["queues: refused"]}, "unknown", "release status"),
        ({"freeze": "until Monday"}, "well", ""),
        ({"live": None, "releases": []}, "none", ""),
    ],
)
def test_an_environment_stands_as_its_worst_remark_and_says_what_to_type(
    other: dict[str, Any], standing: str, next_word: str
) -> None:
    shown = column(sight(**other))
    first = headline([shown])
    assert shown.standing == standing
    assert first.next.startswith(next_word)
    assert bool(first.next) is bool(next_word)


@pytest.mark.parametrize(
    ("live", "level"),
    [
        ({"healthy": 0}, "bad"),
        ({"healthy": 1}, "watch"),
        ({"workers": [WORKER | {"healthy": 0}]}, "watch"),
        ({"workers": [WORKER | {"turn": "resting"}]}, "watch"),
    ],
)
def test_missing_instances_are_seen(live: dict[str, Any], level: str) -> None:
    (remark,) = remarks(told(releases=[fleet("22222222", "2", "live", **live)]))
    assert remark.level == level


def test_the_headline_is_the_worst_of_all_environments_and_counts_the_others() -> None:
    shown = columns(
        [sight("dev", drift=["a", "b"]), sight("staging"), sight("production", failures="503 ×12")], NOW
    )
    first = headline(shown)
    assert (first.stack, first.standing) == ("production", "bad")
    assert first.more == "and 2 more, also in dev"


def test_one_that_fails_keeps_what_was_known_and_says_of_when_it_is_and_why() -> None:
    seen = sight().read(failed(), NOW + timedelta(seconds=20))
    shown = column(seen, NOW + timedelta(seconds=20))
    assert shown.at == "2026-01-01T01:35:00Z"
    assert [each.weight for each in shown.fleets] == ["100 %", ""]
    assert shown.standing == "unknown"
    assert "ExpiredToken" in shown.remarks[0].text
    assert "ExpiredToken" in shown.error
    assert column(seen.read(told(), NOW)).standing == "well"


def test_one_that_was_never_read_shows_the_state_alone_and_claims_nothing_more() -> None:
    shown = column(Sight("production", made=True).read(failed(), NOW))
    assert [each.version for each in shown.fleets] == ["2", "1"]
    assert {each.weight + each.served + each.healthy for each in shown.fleets} == {""}
    assert (shown.facts, shown.told, shown.served) == ((), (), ())
    assert len(shown.remarks) == 1


def test_what_one_service_did_not_tell_is_not_shown_as_none() -> None:
    facts = dict(column(sight(unknown=["queues: refused", "alarms: refused"], queues=[])).facts)
    assert facts["Queues"] == facts["Alarms"] == ("not known",)


def test_what_is_old_says_so() -> None:
    seen = sight()
    late = NOW + seen.old_after + timedelta(seconds=1)
    assert column(seen, NOW + seen.old_after).standing == "well"
    assert column(seen, late).standing == "unknown"
    assert "old" in headline(columns([seen], late)).text


def test_a_rollback_says_what_it_costs_now() -> None:
    assert "instant until 2026-01-01 02:13:00 UTC, 38 min more" in column(sight()).rollback
    assert "minutes" in column(sight(), NOW + timedelta(hours=1)).rollback
    alone = column(sight(releases=[fleet("22222222", "2", "live")]))
    assert "must boot" in alone.rollback
    assert alone.rollback_command == ""


def test_bars_are_parts_of_all_weights_whatever_their_sum() -> None:
    fleets = [
        fleet("2" * 8, "2", "live", weight=75, served=0.5),
        fleet("3" * 8, "3", "candidate", weight=125),
    ]
    shown = column(sight(releases=fleets))
    assert [(each.begin, each.size) for each in shown.told] == [(0, 37.5), (37.5, 62.5)]
    assert [(each.begin, each.size) for each in shown.served] == [(0, 50)]


def test_the_last_releases_link_to_their_report_where_there_is_one() -> None:
    refused = LINE | {"move": "refused", "result": "failed", "report": "", "id": ""}
    seen = sight().recalled(Past((LINE, refused)), NOW)
    good, bad = column(seen).moves
    assert (good.what, good.outcome, good.report) == ("1 → 2", "live", "22222222/2026-01-01T01:00:10")
    assert (bad.what, bad.outcome, bad.report) == ("2 refused, 1 stayed", "refused", "")


def test_reading_is_slower_the_longer_aws_does_not_answer_and_never_faster_than_its_pace() -> None:
    seen, paces = sight(), []
    assert (seen.pace, sight(alarms=["x"]).pace) == (CALM, MOVING)
    for _ in range(5):
        seen = seen.read(failed(), NOW)
        paces.append(seen.pace)
    assert paces == [15, 30, 60, LONGEST, LONGEST]
    throttled = sight(unknown=["queues: 9 tries in 20 s, the last: Throttling"])
    assert throttled.read(throttled.told, NOW).pace > CALM


def test_the_last_releases_are_read_again_once_an_update_ended() -> None:
    seen = sight().recalled(Past((LINE,)), NOW)
    assert not seen.forgetful(NOW)
    assert seen.read(told(locks=["process 7"]), NOW).forgetful(NOW)
    assert seen.forgetful(NOW + timedelta(minutes=10))
    assert seen.recalled(Past(unknown="no answer"), NOW).past.lines == (LINE,)


def test_everything_that_was_said_is_escaped() -> None:
    hostile = '"><script>alert(1)</script>'
    seen = sight(
        alarms=[hostile],
        url=f"javascript:{hostile}",
        queues=[{"queue": hostile, "waiting": 0, "taken": 0, "dead": 1}],
        schema={"revision": hostile, "by": hostile, "contractsWaiting": [hostile]},
        releases=[fleet(hostile, hostile, "live"), fleet(hostile, hostile, "warm")],
        freeze=hostile,
        unknown=[hostile],
    ).recalled(Past(({**LINE, "reason": hostile, "wanted": hostile},), hostile), NOW)
    seen = replace(seen.read({**failed(), "error": hostile}, NOW), stack=hostile)
    page = Pages(hostile).whole([seen], NOW)
    assert "<script>" not in page.replace('<script src="/live.js" defer></script>', "")
    assert "javascript:" not in page
    assert "&lt;script&gt;" in page
