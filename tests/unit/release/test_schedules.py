"""Schedules that belong to a release: what the plan says of them, what is refused, what the scheduler is to hold."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from release.errors import QueueUnknown
from release.ledger import Ledger, promote
from release.model import Manifest, Release, Schedule, freeze
from release.plan import make_plan, render
from release.scheduler import Entry
from release.schedules import differences, entries, refuse_unknown_queues
from tests.unit.release.releases import manifest, release

TICK = Schedule(name="tick", expression="rate(1 minute)", queue="jobs", message="tick")
TIDY = Schedule(
    name="tidy", expression="cron(0 3 * * ? *)", timezone="Europe/Berlin", command="python3 -m shop.tidy"
)


def scheduling(version: str, *schedules: Schedule) -> Release:
    return freeze(manifest(version).model_copy(update={"schedules": schedules}), {})


def live(*releases: Release) -> Ledger:
    ledger = Ledger()
    for each in releases:
        ledger = promote(ledger, each, window=1, at="")
    return ledger


def shown(ledger: Ledger, wanted: Release) -> list[str]:
    lines = render(make_plan(ledger, wanted, window=1, web_min=2)).splitlines()
    return [line.strip() for line in lines if "schedule" in line]


def test_a_release_with_schedules_is_another_one_and_one_without_has_the_id_it_ever_had() -> None:
    assert scheduling("1").id == release("1").id
    assert len({release("1").id, scheduling("1", TICK).id, scheduling("1", TIDY).id}) == 3
    words = scheduling("1").model_dump(mode="json")
    del words["manifest"]["schedules"]
    assert Release.model_validate(words) == release("1")


def test_the_order_of_schedules_means_nothing() -> None:
    words = manifest("1").model_dump()
    both = [Manifest.model_validate(words | {"schedules": each}) for each in ([TICK, TIDY], [TIDY, TICK])]
    assert both[0] == both[1]
    with pytest.raises(ValidationError, match="no schedule twice"):
        Manifest.model_validate(words | {"schedules": [TICK, TICK]})


@pytest.mark.parametrize(
    "words",
    [
        {"queue": "jobs"},
        {"message": "tick"},
        {"command": "x", "queue": "jobs", "message": "tick"},
        {"command": "x", "message": "tick"},
        {},
    ],
)
def test_a_schedule_sends_or_runs_and_never_neither_or_both(words: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Schedule(name="x", expression="rate(1 minute)", **words)


def test_the_plan_names_what_is_added_changed_and_removed_forward_and_back() -> None:
    slower = TICK.model_copy(update={"expression": "rate(5 minutes)"})
    one, two = scheduling("1", TICK, TIDY), scheduling("2", slower)
    assert shown(Ledger(), one) == [
        f"4. the schedules become those of {one} (tick, tidy), each time that is due once",
        "schedule:      tick is added: rate(1 minute), to the queue jobs: tick",
        "schedule:      tidy is added: cron(0 3 * * ? *) in Europe/Berlin, runs python3 -m shop.tidy",
    ]
    assert shown(live(one), two)[1:] == [
        "schedule:      tick changes from rate(1 minute), to the queue jobs: tick; "
        "to rate(5 minutes), to the queue jobs: tick",
        "schedule:      tidy is removed: cron(0 3 * * ? *) in Europe/Berlin, runs python3 -m shop.tidy",
    ]
    back = shown(live(one, two), one)
    assert "tidy is added" in back[1]
    assert "tick changes from rate(5 minutes)" in back[2]
    assert shown(live(one), one) == []


def test_a_release_without_schedules_ends_those_of_the_former_one() -> None:
    one, two = scheduling("1", TICK), release("2")
    assert shown(live(one), two) == [
        f"4. the schedules of {one} end (tick)",
        "schedule:      tick is removed: rate(1 minute), to the queue jobs: tick",
    ]
    assert shown(live(two), release("3")) == []


def test_a_queue_that_the_environment_lacks_is_refused_by_name() -> None:
    refuse_unknown_queues(scheduling("1", TICK, TIDY), ["jobs"], "")
    with pytest.raises(QueueUnknown, match="mails") as refused:
        refuse_unknown_queues(
            scheduling("1", TICK.model_copy(update={"queue": "mails"}), TIDY), ["jobs"], "version 0 serves"
        )
    assert refused.value.seen == "schedule tick: rate(1 minute), to the queue mails: tick"
    assert "jobs" in refused.value.expected
    assert refused.value.state == "version 0 serves"


def test_entries_send_a_message_as_it_is_and_a_command_as_an_order_for_the_operations_host() -> None:
    tick, tidy = entries(
        scheduling("1", TICK, TIDY),
        {"jobs": "arn:jobs"},
        "arn:commands",
        "arn:role",
        lambda schedule: {"command": schedule.command, "by": schedule.name},
    )
    assert tick == Entry("tick", "rate(1 minute)", "UTC", "arn:jobs", "arn:role", "tick")
    assert (tidy.target_arn, tidy.timezone) == ("arn:commands", "Europe/Berlin")
    assert json.loads(tidy.input) == {"by": "tidy", "command": "python3 -m shop.tidy"}
    assert asdict(tidy)["usual"]


_schedule = st.builds(
    Schedule,
    name=st.sampled_from("abcd"),
    expression=st.sampled_from(["rate(1 minute)", "rate(2 minutes)"]),
    queue=st.just("jobs"),
    message=st.sampled_from("xy"),
)
_schedules = st.lists(_schedule, unique_by=lambda each: each.name).map(tuple)


@given(_schedules, _schedules)
def test_what_is_removed_changed_and_added_makes_the_one_into_the_other(
    before: tuple[Schedule, ...], after: tuple[Schedule, ...]
) -> None:
    found = differences(before, after)
    held = set(before) - set(found.removed) - {old for old, _ in found.changed}
    assert held | set(found.added) | {new for _, new in found.changed} == set(after)
    assert len(found.lines()) == len({line.split()[0] for line in found.lines()})
