"""An environment in which nothing is released at this time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.recording import Recording, World, run
from tests.program.test_release import AFTER_V2, V1, plan, states, wanting

NOW = [{"from": "2020-01-01", "to": "2090-12-31", "timezone": "Europe/Berlin", "reason": "the season"}]
PAST = [{"from": "2020-01-01", "to": "2020-12-31"}]


def frozen(wish: str | None, windows: Any = NOW, **also: str) -> World:
    changes = {"uneventful:freeze": windows, **{f"uneventful:{key}": value for key, value in also.items()}}
    world = wanting(wish, ledger=AFTER_V2) if wish else World(ledger=AFTER_V2)
    return World(
        published=world.published, ledger=AFTER_V2, changes={**world.changes, **changes}, preview=True
    )


def refused(recording: Recording) -> bool:
    return recording.exit_status == 32 and recording.resources == []


def test_a_release_is_refused_in_the_preview_with_the_reason_the_end_and_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(frozen("3"), monkeypatch)
    assert refused(recording)
    assert "frozen until 2091-01-01 00:00 Europe/Berlin: the season" in recording.errors
    assert 'release deploy 3 --stack dev --override-freeze "WHY"' in recording.errors
    assert "serves as before; nothing was changed" in recording.errors


def test_a_reason_overrides_it_and_is_shown_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(frozen("3", override="the prices are wrong"), monkeypatch)
    assert recording.exit_status == 0
    assert "  overridden:    frozen until 2091-01-01 00:00" in plan(recording)
    assert "; but the prices are wrong" in plan(recording)


@pytest.mark.parametrize("wish", [None, "2", f"id:{V1.id}"])
def test_a_way_back_and_an_update_that_releases_nothing_are_never_held_back(
    wish: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = run(frozen(wish), monkeypatch)
    assert recording.exit_status == 0
    assert "overridden" not in plan(recording)


def test_a_freeze_that_is_over_holds_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(frozen("3", PAST), monkeypatch).exit_status == 0


def test_what_allowed_a_release_to_come_here_is_kept_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = wanting("3", ledger=AFTER_V2)
    said = World(
        published=world.published,
        ledger=AFTER_V2,
        changes={**world.changes, "uneventful:evidence": "live in staging for a week"},
    )
    recording = run(said, monkeypatch)
    assert states(recording)["3"] == "live"
    assert recording.outputs["ledger"]["entries"][-1]["evidence"] == "live in staging for a week"
