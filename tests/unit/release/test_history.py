"""Any sequence of releases, failures, ways back and plain updates keeps the ledger true and the fleets
right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from release.errors import StaleRelease
from release.ledger import Ledger, promote
from release.model import Release
from release.plan import make_plan, resolve
from tests.unit.release.releases import manifest


@dataclass(frozen=True)
class Update:
    """One `up`: a wish (a version, a place in the ledger to go back to, or none), and whether it succeeds."""

    wish: str | int | None
    colour: str
    window: int
    succeeds: bool


UPDATES = st.lists(
    st.builds(
        Update,
        wish=st.none() | st.sampled_from("12345") | st.integers(0, 4),
        colour=st.sampled_from(["red", "blue"]),
        window=st.integers(0, 3),
        succeeds=st.booleans(),
    ),
    max_size=25,
)


@dataclass
class Stack:
    """The engine's part, as it is documented: it deletes what is no longer declared only at the end of an
    update that succeeded, and a failed update keeps the outputs.
    """

    ledger: Ledger = field(default_factory=Ledger)
    fleets: set[Release] = field(default_factory=set)
    serving: Release | None = None

    def up(self, update: Update) -> None:
        outputs = Ledger.parse(self.ledger.dump())
        wish = self.in_words(update.wish)
        before = self.serving
        try:
            wanted = resolve(outputs, wish, manifest, {"COLOUR": update.colour})
        except StaleRelease:
            assert wish in {entry.release.version for entry in self.ledger.entries[:-1]}
            return
        plan = make_plan(outputs, wanted, update.window, web_min=1)
        assert len(set(plan.fleets)) == len(plan.fleets)
        assert before is None or before in {*plan.fleets, *plan.leaving}
        assert not set(plan.fleets) & set(plan.leaving)
        self.fleets |= set(plan.fleets)
        if not update.succeeds or plan.wanted is None:
            return
        assert plan.wanted in plan.fleets
        self.ledger = promote(outputs, plan.wanted, update.window, "2026-01-01T00:00:00Z")
        self.serving = plan.wanted
        self.fleets = set(plan.fleets)

    def in_words(self, wish: str | int | None) -> str | None:
        if isinstance(wish, int):
            entries = self.ledger.entries
            return f"id:{entries[wish].release.id}" if wish < len(entries) else None
        return wish


@settings(max_examples=300)
@given(UPDATES)
def test_any_sequence_of_releases_and_failures_keeps_the_ledger_true(updates: list[Update]) -> None:
    stack = Stack()
    ever_live: set[Release] = set()
    for update in updates:
        former = stack.ledger
        stack.up(update)
        live = stack.ledger.live
        warm = {entry.release for entry in stack.ledger.warm}
        ever_live |= {live.release} if live else set()

        assert (live.release if live else None) == stack.serving
        assert sum(entry.state == "live" for entry in stack.ledger.entries) <= 1
        assert {entry.release for entry in stack.ledger.entries} == ever_live
        assert Ledger.parse(stack.ledger.dump()) == stack.ledger
        assert warm <= stack.fleets
        assert stack.serving is None or stack.serving in stack.fleets
        if not update.succeeds:
            assert stack.ledger == former
        elif stack.ledger != former:
            assert len(warm) <= update.window
        if former.live and live and live.release != former.live.release:
            assert live.sequence > max(entry.sequence for entry in former.entries)


@settings(max_examples=200)
@given(UPDATES, st.integers(0, 3))
def test_a_plain_update_after_anything_leaves_what_serves_and_the_next_one_has_nothing_to_do(
    updates: list[Update], window: int
) -> None:
    stack = Stack()
    for update in updates:
        stack.up(update)
    serving = stack.serving
    plain = Update(wish=None, colour="red", window=window, succeeds=True)
    stack.up(plain)
    assert stack.serving == serving
    if serving:
        running = {entry.release for entry in (*stack.ledger.warm, stack.ledger.live) if entry}
        assert stack.fleets == running
    settled = (stack.ledger, set(stack.fleets), make_plan(stack.ledger, None, window, 1).leaving)
    stack.up(plain)
    assert (stack.ledger, stack.fleets, ()) == settled
