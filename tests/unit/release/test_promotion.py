import pytest

from release.errors import PromotionRefused
from release.ledger import Ledger, Terms, promote
from release.model import freeze
from release.promotion import promotion, refuse_other
from tests.unit.release.releases import manifest, migrating, release

AT = "2026-11-20T10:00:00Z"


def ledger_of(*versions: str, baked: int = 300) -> Ledger:
    ledger = Ledger()
    for version in versions:
        ledger = promote(ledger, release(version), 1, AT, Terms(baked=baked, by="anna"))
    return ledger


def test_the_evidence_names_who_when_how_long_the_bytes_and_the_schema() -> None:
    two = migrating("2", "e1 b2")
    ledger = promote(ledger_of("1"), two, 1, AT, Terms(baked=300, by="anna"))
    found = promotion("2", "staging", ledger)
    assert found.manifest == two.manifest
    assert found.evidence == (
        f"live in staging since {AT}, by anna, baked for 300 s and live now: "
        f"release {two.id}, bundle {two.manifest.digest[:12]}, migrated to b2"
    )


def test_a_version_that_was_left_again_is_told_as_such() -> None:
    assert "baked for 300 s and warm now" in promotion("1", "staging", ledger_of("1", "2")).evidence
    assert "baked for 300 s and left now" in promotion("1", "staging", ledger_of("1", "2", "3")).evidence


def test_what_was_never_live_there_is_refused_with_what_was_and_what_to_type() -> None:
    with pytest.raises(PromotionRefused, match="version 3 was never live in staging") as caught:
        promotion("3", "staging", ledger_of("1", "2"))
    assert caught.value.expected == "one that was: 2, 1"
    assert caught.value.next == "release deploy 3 --stack staging"


def test_what_nobody_watched_with_all_the_traffic_is_refused() -> None:
    with pytest.raises(PromotionRefused, match="nobody watched it there"):
        promotion("2", "staging", ledger_of("1", "2", baked=0))


def test_a_ledger_of_yesterday_proves_nothing_about_a_bake() -> None:
    stored = ledger_of("1").dump()
    del stored["entries"][0]["baked"]
    with pytest.raises(PromotionRefused):
        promotion("1", "staging", Ledger.parse(stored))


def test_one_release_of_the_version_that_was_baked_speaks_for_its_bytes_whatever_its_variables() -> None:
    ledger = promote(Ledger(), release("2", COLOUR="red"), 1, AT, Terms(baked=60))
    ledger = promote(ledger, release("2", COLOUR="blue"), 1, AT)
    assert promotion("2", "staging", ledger).entry.release == release("2", COLOUR="red")


def test_no_bake_of_other_bytes_speaks_for_those_that_are_there_now() -> None:
    other = freeze(manifest("2", port=9090), {})
    ledger = promote(promote(Ledger(), other, 1, AT, Terms(baked=60)), release("2"), 1, AT)
    with pytest.raises(PromotionRefused):
        promotion("2", "staging", ledger)


def test_another_content_of_the_version_where_it_is_to_go_is_refused() -> None:
    wanted = manifest("2", migrations="e1")
    refuse_other(wanted, None, "production")
    refuse_other(wanted, wanted, "production")
    with pytest.raises(PromotionRefused, match="production has another version 2") as caught:
        refuse_other(wanted, manifest("2", migrations="e1 c2"), "production")
    assert "migrations e1, c2" in caught.value.seen
