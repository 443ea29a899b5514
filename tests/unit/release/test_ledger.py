import base64
import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from release.errors import LedgerError
from release.folding import IN_FULL, PACK, pack, unfolded
from release.ledger import Ledger, Terms, promote
from tests.unit.release.releases import release
from tests.unit.spent import counted


def ledger_of(*versions: str, window: int = 1) -> Ledger:
    ledger = Ledger()
    for number, version in enumerate(versions):
        ledger = promote(ledger, release(version), window, f"2026-01-01T00:00:{number:02}Z")
    return ledger


def states(ledger: Ledger) -> dict[str, str]:
    return {entry.release.version: entry.state for entry in ledger.entries}


def test_the_one_before_stays_warm_and_the_one_before_that_retires() -> None:
    assert states(ledger_of("1", "2", "3")) == {"1": "retired", "2": "warm", "3": "live"}


def test_a_wider_window_keeps_more_warm_the_latest_first() -> None:
    ledger = ledger_of("1", "2", "3", "4", window=2)
    assert [entry.release.version for entry in ledger.warm] == ["3", "2"]


def test_going_back_moves_the_entry_to_the_front_and_forgets_nothing() -> None:
    ledger = ledger_of("1", "2", "1")
    assert states(ledger) == {"1": "live", "2": "warm"}
    assert [entry.sequence for entry in ledger.entries] == [2, 3]


def test_promoting_what_is_live_changes_nothing_not_even_the_moment() -> None:
    ledger = ledger_of("1", "2")
    assert promote(ledger, release("2"), 1, "2030-01-01T00:00:00Z") == ledger


def test_a_narrower_window_retires_without_a_release() -> None:
    ledger = promote(ledger_of("1", "2", "3", window=2), release("3"), 1, "")
    assert states(ledger) == {"1": "retired", "2": "warm", "3": "live"}


def test_a_wider_window_brings_nobody_back_who_is_gone() -> None:
    assert states(promote(ledger_of("1", "2", "3"), release("3"), 5, ""))["1"] == "retired"


def test_an_absent_output_is_an_empty_ledger() -> None:
    assert Ledger.parse(None) == Ledger()
    assert Ledger.parse(Ledger().dump()) == Ledger()


def test_what_is_dumped_is_json_and_comes_back_also_as_the_engine_gives_it() -> None:
    ledger = ledger_of("1", "2", "3")
    text = json.dumps(ledger.dump())
    assert Ledger.parse(json.loads(text)) == ledger
    as_floats = json.loads(text, parse_int=float)
    assert Ledger.parse(as_floats) == ledger
    assert json.dumps(Ledger.parse(as_floats).dump()) == text


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (lambda d: d | {"format": 4}, "format 4"),
        (lambda d: d["entries"], "list"),
        (lambda d: d | {"entries": d["entries"][::-1]}, "2, 1"),
        (lambda d: d | {"entries": [e | {"state": "live"} for e in d["entries"]]}, r"live: \[1, 2\]"),
        (lambda d: d | {"entries": [e | {"state": "warm"} for e in d["entries"]]}, r"live: \[\]"),
        (lambda d: d | {"entries": d["entries"][:1] * 2}, "1, 1"),
        (lambda d: d | {"entries": [d["entries"][0], d["entries"][1] | {"state": "gone"}]}, "state"),
        (
            lambda d: (
                d | {"entries": [d["entries"][0] | {"state": "warm"}, d["entries"][0] | {"sequence": 9}]}
            ),
            "twice",
        ),
        (lambda d: d | {"entries": ["x"]}, "'x'"),
        (lambda d: d | {"entries": ["[]"]}, "valid"),
    ],
)
def test_a_ledger_that_cannot_be_true_is_refused_with_what_was_seen(broken, seen) -> None:
    with pytest.raises(LedgerError, match=seen) as caught:
        Ledger.parse(broken(ledger_of("1", "2").dump()))
    assert "untouched" in caught.value.state


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(LedgerError, match="window"):
        promote(Ledger(), release("1"), -1, "")


def test_a_thousand_releases_are_read_promoted_and_written_in_a_moment() -> None:
    dumped = ledger_of("0").dump()
    template = dumped["entries"][0]
    dumped["entries"] = []
    for number in range(1, 1001):
        frozen = release(f"v{number}").model_dump(mode="json")
        state = "live" if number == 1000 else "retired"
        dumped["entries"].append(template | {"sequence": number, "state": state, "release": frozen})
    with counted() as spent:
        ledger = promote(Ledger.parse(dumped), release("next"), 1, "")
        again = ledger.dump()
    assert len(list(unfolded(again["entries"]))) == 1001
    assert spent.seconds < 2, "half of one on a machine that does nothing else"


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after_two(warm: int = 3600) -> Ledger:
    """1 stopped being live at noon."""
    first = promote(Ledger(), release("1"), 1, "2026-01-01T00:00:00Z", Terms(NOON, warm))
    return promote(first, release("2"), 1, "2026-01-01T12:00:00Z", Terms(NOON, warm))


def test_who_stops_being_live_is_told_until_when_it_stays_and_that_moment_never_moves() -> None:
    ledger = after_two()
    assert [entry.warm_until for entry in ledger.entries] == ["2026-01-01T13:00:00Z", ""]
    longer = promote(ledger, release("2"), 1, "", Terms(NOON + timedelta(minutes=59), warm=86400))
    assert longer == ledger


def test_the_update_after_its_time_retires_it_and_the_one_a_second_before_does_not() -> None:
    end = NOON + timedelta(hours=1)
    for now, state in ((end - timedelta(seconds=1), "warm"), (end, "retired")):
        assert states(promote(after_two(), release("2"), 1, "", Terms(now, 3600)))["1"] == state


def test_who_is_over_leaves_the_window_to_those_who_are_in_time() -> None:
    ledger = promote(
        after_two(), release("3"), 2, "2026-01-01T12:30:00Z", Terms(NOON + timedelta(minutes=30), 3600)
    )
    later = promote(ledger, release("3"), 1, "", Terms(NOON + timedelta(minutes=70), 3600))
    assert states(later) == {"1": "retired", "2": "warm", "3": "live"}


def test_going_back_to_one_that_has_shrunk_boots_new_groups_and_to_a_warm_one_the_old_ones() -> None:
    back = "2026-01-01T14:00:00Z"
    for minutes, boot in ((59, 1), (60, 2)):
        ledger = promote(
            after_two(), release("1"), 1, back, Terms(NOON + timedelta(minutes=minutes), warm=3600)
        )
        assert ledger.live
        assert (ledger.live.boot, ledger.live.warm_until) == (boot, "")
        assert Ledger.parse(json.loads(json.dumps(ledger.dump()), parse_int=float)) == ledger


def test_the_bake_and_the_evidence_of_a_release_stay_its_own_on_a_way_back() -> None:
    ledger = promote(Ledger(), release("1"), 1, "", Terms(baked=300, evidence="as in staging"))
    ledger = promote(promote(ledger, release("2"), 1, "", Terms(baked=5)), release("1"), 1, "", Terms())
    assert ledger.live
    assert (ledger.live.baked, ledger.live.evidence) == (300, "as in staging")


def test_a_ledger_of_yesterday_is_read_and_written_as_it_was_and_no_time_ends_its_warmth() -> None:
    yesterday = ledger_of("1", "2", "3").dump()
    assert set(yesterday["entries"][0]) == {"sequence", "state", "liveAt", "release"}
    far = Terms(NOON + timedelta(days=9999), warm=1)
    assert promote(Ledger.parse(yesterday), release("3"), 1, "", far).dump() == yesterday


def test_a_retired_release_is_looked_at_when_somebody_asks_and_refused_when_its_words_were_changed() -> None:
    dumped = ledger_of("1", "2", "3").dump()
    dumped["entries"][0]["release"]["manifest"]["port"] = 9999
    ledger = Ledger.parse(dumped)
    assert ledger.live
    assert [entry.release.version for entry in (ledger.live, *ledger.warm)] == ["3", "2"]
    assert ledger.find(release("2").id) == ledger.of_version("2")[0]
    for ask in (lambda: ledger.entries[0], ledger.dump, lambda: ledger.of_version("1")):
        with pytest.raises(LedgerError, match="were changed"):
            ask()


def test_what_was_observed_and_by_whom_stays_with_the_release_and_is_told_anew_when_it_comes_back() -> None:
    terms = [Terms(by=name, observed=f"100 % seen by {name}") for name in ("anna", "ben", "carla")]
    ledger = Ledger()
    for version, each in zip(("1", "2", "1"), terms, strict=True):
        ledger = promote(ledger, release(version), 1, "2026-01-01T00:00:00Z", each)
    seen = {e.release.version: (e.by, e.observed) for e in Ledger.parse(ledger.dump()).entries}
    assert seen == {"2": ("ben", "100 % seen by ben"), "1": ("carla", "100 % seen by carla")}
    assert not {"by", "observed"} & ledger_of("1").dump()["entries"][0].keys()


def test_a_thousand_retired_releases_cost_a_reader_next_to_nothing() -> None:
    dumped = ledger_of("1").dump()
    frozen = [release(f"v{number}").model_dump(mode="json") for number in range(1000)]
    dumped["entries"] = [
        dumped["entries"][0] | {"sequence": number + 1, "state": "retired", "release": each}
        for number, each in enumerate(frozen)
    ]
    dumped["entries"][-1]["state"] = "live"
    with counted() as spent:
        ledger = Ledger.parse(dumped)
        assert (ledger.warm, ledger.live and ledger.live.release.version) == ((), "v999")
    assert spent.seconds < 0.05, "5 ms on a machine that does nothing else"


def long_ago(count: int) -> Ledger:
    """A ledger of so many releases, each live once."""
    ledger = Ledger()
    for number in range(count):
        ledger = promote(ledger, release(f"v{number}"), 1, f"2026-01-01T00:00:{number % 60:02}Z")
    return ledger


def test_what_is_long_ago_is_kept_as_one_text_each_and_read_back_as_it_was() -> None:
    ledger = long_ago(IN_FULL + 20)
    dumped = ledger.dump()
    assert dumped["format"] == 2
    assert [type(entry) for entry in dumped["entries"]] == [str] * 20 + [dict] * IN_FULL
    again = Ledger.parse(json.loads(json.dumps(dumped), parse_int=float))
    assert again == ledger
    assert again.dump() == dumped
    assert again.find(release("v3").id) == ledger.entries[3]
    assert long_ago(IN_FULL).dump()["format"] == 1


def test_many_of_long_ago_are_one_text_together_and_read_back_as_they_were() -> None:
    ledger = long_ago(PACK + 5 + IN_FULL)
    dumped = ledger.dump()
    assert dumped["format"] == 3
    assert [type(entry) for entry in dumped["entries"]] == [str] * (1 + 5) + [dict] * IN_FULL
    again = Ledger.parse(json.loads(json.dumps(dumped), parse_int=float))
    assert again == ledger
    assert again.find(release("v3").id) == ledger.entries[3]
    following = promote(again, release("next"), 1, "2026-01-02T00:00:00Z").dump()
    assert following["entries"][0] == dumped["entries"][0]


def test_what_nobody_has_changed_is_told_as_the_state_has_it_also_where_another_zlib_would_pack_it_otherwise() -> (
    None
):
    dumped = long_ago(PACK + IN_FULL).dump()
    told = zlib.decompress(base64.b64decode(dumped["entries"][0].removeprefix("zlib:")))
    dumped["entries"][0] = "zlib:" + base64.b64encode(zlib.compress(told, 0)).decode()
    ledger = Ledger.parse(dumped)
    assert ledger.live
    assert promote(ledger, ledger.live.release, 1, "2026-01-02T00:00:00Z").dump() == dumped


@pytest.mark.parametrize("text", ["zlib:AAAA", "zlib:", "zlib:%", pack([])[:-4]])
def test_packed_entries_that_cannot_be_read_are_refused(text: str) -> None:
    dumped = long_ago(PACK + IN_FULL).dump()
    dumped["entries"][0] = text
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger.parse(dumped)


def test_a_release_of_long_ago_that_is_live_again_is_in_full_again() -> None:
    ledger = Ledger.parse(long_ago(PACK + IN_FULL).dump())
    back = promote(ledger, release("v3"), 1, "2026-01-02T00:00:00Z")
    told = back.dump()["entries"]
    assert told[-1]["release"]["version"] == "v3"
    assert [one["release"]["version"] for one in unfolded(told)].count("v3") == 1
    assert Ledger.parse(back.dump()).live == back.live


@pytest.mark.parametrize("count", [IN_FULL + 20, PACK + IN_FULL])
def test_one_that_waits_at_its_full_size_is_in_full_however_long_ago_it_was_live(count: int) -> None:
    dumped = long_ago(count).dump()
    dumped["entries"] = list(unfolded(dumped["entries"]))
    dumped["entries"][0] |= {"state": "warm"}
    following = promote(Ledger.parse(dumped), release("next"), 9, "2026-01-02T00:00:00Z").dump()
    assert isinstance(following["entries"][0], dict)
    assert isinstance(following["entries"][1], str)


def test_a_text_that_was_edited_is_refused_when_its_release_is_asked_for() -> None:
    dumped = long_ago(IN_FULL + 20).dump()
    dumped["entries"][2] = dumped["entries"][2].replace('"port":8080', '"port":9999')
    ledger = Ledger.parse(dumped)
    assert ledger.live
    with pytest.raises(LedgerError, match="their id is another one"):
        ledger.entries[2]
