"""The report of a release: its numbers are those of the timeline, and what is not known is said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from release.ledger import Ledger, Terms, promote
from release.report.chart import chart
from release.report.page import render
from release.report.report import NO_TIMELINE, UNFINISHED, Stack, report
from release.report.stories import stories
from release.schema import Run
from release.timeline import Event, Timeline
from tests.unit.release.releases import migrating
from tests.unit.release.report.told import told
from tests.unit.release.world import NEW, World, behaving

NOTHING = Stack("dev", "shop", Ledger(), (), ())


def good() -> Timeline:
    return told(World())[0]


def bad() -> Timeline:
    return told(behaving(World(), NEW, errors=0.05))[0]


def of(*timelines: Timeline, stack: Stack = NOTHING) -> dict[str, Any]:
    return report(stack, "c0ffee12", "v2", stories(timelines))


def test_weights_phases_and_requests_of_a_good_release_are_told_in_order() -> None:
    found = of(good())
    assert (found["source"], found["kind"], found["outcome"]) == ("timeline", "release", "live")
    assert [each["share"] for each in found["weights"]] == [0, 1, 5, 25, 50, 100]
    assert [each["name"] for each in found["phases"]] == ["gate", "1 %", "5 %", "25 %", "50 %", "100 %"]
    assert all(
        before["ended"] <= after["began"]
        for before, after in zip(found["phases"], found["phases"][1:], strict=False)
    )
    # A thousand requests a second are sent, whoever answers them.
    middle = found["rates"][len(found["rates"]) // 2]
    assert middle["new"] + middle["old"] == pytest.approx(1000, rel=0.15)
    assert found["totals"]["new"]["errors"] == 0
    verdicts = {each["verdict"] for each in found["decisions"]}
    assert verdicts == {"passed"}
    assert any(
        "p50 at most" in each["needed"] and "% failed" in each["needed"] for each in found["decisions"]
    )
    assert found["error"] == ""


def test_a_refused_release_tells_which_numbers_refused_it_and_its_whole_error() -> None:
    found = of(bad())
    assert found["outcome"] == "refused"
    refused = [each for each in found["decisions"] if each["verdict"] == "refused"]
    assert len(refused) == 1
    assert refused[0]["needed"].startswith("at most")
    assert re.search(r"\d+ of \d+ failed \([\d.]+ %\) on the new release", refused[0]["seen"])
    assert found["weights"][-1]["share"] == 0
    assert found["phases"][-1]["name"] == "back"
    assert found["totals"]["new"]["errors"] >= 2
    for line in ("expected:", "seen:", "now:", "100 % on v1 (ab12cd34), proven by"):
        assert line in found["error"]
    page = render(found)
    assert "v2 (c0ffee12) is worse than the release before it" in page
    assert "refused" in page


def test_one_that_was_killed_is_told_as_far_as_is_known() -> None:
    whole = good()
    cut = replace(whole, ended="", outcome="", events=whole.events[: len(whole.events) // 2])
    found = of(cut)
    assert UNFINISHED in found["unknown"]
    assert "unfinished" in render(found)


def test_a_rollback_and_the_update_that_records_it_are_one_story() -> None:
    def event(second: int, kind: str, text: str = "", **data: Any) -> Event:
        return Event(f"2026-01-01T10:00:{second:02}.000Z", kind, text, data)

    rollback = Timeline(
        "c0ffee12", "v2", "v3", "2026-01-01T10:00:00.000Z", "2026-01-01T10:00:02.000Z", "live",
        (
            event(0, "rollback", "from v3: prices"),
            event(1, "written", "100 % on v2", share=100, seconds=0.4),
            event(2, "proven", "served", share=100, seconds=0.6, probes=40),
            event(2, "live", "100 %"),
        ),
    )  # fmt: skip
    update = Timeline(
        "c0ffee12", "v2", "", "2026-01-01T10:00:20.000Z", "2026-01-01T10:00:30.000Z", "live",
        (
            event(20, "shift", back=True, limits={"errors": 0.01, "latency": 3}),
            event(21, "recorded", "100 % by rollback"),
            event(22, "handover"),
            event(30, "live", "all of it"),
        ),
    )  # fmt: skip
    found = of(update, rollback)
    assert (found["kind"], found["outcome"], found["others"]) == ("rollback", "live", [])
    assert [each["share"] for each in found["weights"]] == [100]
    assert [each["name"] for each in found["phases"]] == ["rollback", "100 %", "handover"]
    assert "Rollback to version v2" in render(found)
    # An update of a day later is another story, and one that moved nothing.
    later = replace(update, started="2026-01-02T10:00:20.000Z", ended="2026-01-02T10:00:30.000Z", events=())
    assert len(of(later, rollback)["others"]) == 1


def test_a_release_from_before_there_were_timelines_is_told_by_the_ledger_and_says_so() -> None:
    one = migrating("1", "e1")
    seen = "100 % on 1: errors 1 of 3607, 7 ms; proven by 200 probes in 2.2 s"
    ledger = promote(Ledger(), one, 1, "2026-01-01T10:01:42Z", Terms(by="anna on laptop", observed=seen))
    updates = [
        {
            "kind": "update",
            "startTime": "2026-01-01T10:01:00.000Z",
            "endTime": "2026-01-01T10:01:50.000Z",
            "message": "first one",
            "environment": {"git.committer": "Anna"},
            "config": {"uneventful:release": {"value": "1"}},
            "result": "succeeded",
        }
    ]
    run = Run(
        "migrate", one.id, "anna", ("e1",), "[   6.0 s] e1, statement 1 of 1: X\n[   6.4 s] e1: applied"
    )
    found = report(Stack("dev", "shop", ledger, updates, (run,)), one.id, "", ())
    assert (found["source"], found["by"], found["approver"]) == ("ledger", "anna on laptop", "Anna")
    assert (found["update"], found["steps"]) == (50.0, [seen])
    assert found["migrations"] == [{"revision": "e1", "kind": "expand", "by": "anna", "seconds": 0.4}]
    assert found["unknown"][0] == NO_TIMELINE
    page = render(found)
    assert "<svg" not in page
    assert "errors 1 of 3607" in page


def test_the_page_is_whole_asks_for_nothing_and_every_text_in_it_is_escaped() -> None:
    whole = bad()
    events = (*whole.events[:-1], replace(whole.events[-1], text="<script>alert(1)</script> & more"))
    page = render(of(replace(whole, events=events, former="<i>v1</i>")))
    assert "<script" not in page
    assert "&lt;i&gt;v1&lt;/i&gt;" in page
    assert not re.search(r"""(?:src|href|url|@import)\s*[=(]\s*["']?(?:https?:|//)""", page)
    assert "{{" not in page
    svg = page[page.index("<svg") : page.index("</svg>") + 6]
    drawn = ElementTree.fromstring(svg)
    assert drawn.tag == "svg"
    assert "NaN" not in svg
    assert "inf" not in svg.replace("info", "")


def test_every_mark_of_the_figure_stands_within_it() -> None:
    for whole in (good(), bad()):
        figure = chart(of(whole))
        assert figure is not None
        for left, top, _ in figure["moments"]:
            assert 0 <= left <= figure["width"]
            assert 0 <= top <= figure["height"]
        for phase in figure["phases"]:
            assert phase["left"] + phase["width"] <= figure["right"] + 0.2


def test_the_report_is_jsons_own() -> None:
    assert json.loads(json.dumps(of(good())))["format"] == 1
