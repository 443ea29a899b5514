"""`release run`: which release it is that a command belongs to."""

from __future__ import annotations

import pytest

from release.cli.run import choose
from release.errors import CommandError
from release.ledger import Ledger, promote
from tests.unit.release.releases import release

V1, V2, V3 = release("1"), release("2"), release("3")


def ledger() -> Ledger:
    """Version 3 is live, 2 warm, 1 retired."""
    made = Ledger()
    for one in (V1, V2, V3):
        made = promote(made, one, 1, "2026-01-01T00:00:00Z")
    return made


LOGINS = {V2.id: "arn:2", V3.id: "arn:3"}


def test_it_is_the_live_one_unless_a_warm_one_is_named() -> None:
    assert choose(ledger(), "", LOGINS, "dev") == V3
    assert choose(ledger(), "2", LOGINS, "dev") == V2
    assert choose(ledger(), V2.id, LOGINS, "dev") == V2


@pytest.mark.parametrize("wanted", ["1", V1.id, "4"])
def test_one_that_does_not_run_is_refused_and_those_that_do_are_named(wanted: str) -> None:
    with pytest.raises(CommandError) as refused:
        choose(ledger(), wanted, LOGINS, "dev")
    assert str(V2) in refused.value.expected
    assert str(V1) not in refused.value.expected


def test_where_nothing_is_live_there_is_nothing_to_run() -> None:
    with pytest.raises(CommandError, match="no release is live"):
        choose(Ledger(), "", {}, "dev")
