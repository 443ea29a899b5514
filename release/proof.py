"""Proof that the data plane serves what the API says, from the answers to tagged probes. Pure.

The weight that the API reports is not yet the weight that is served, and no bound is published for the delay
(argo-rollouts #4433, #4595). So a step counts only when probes on fresh connections show it: the count of the new
release's answers in a sliding window must be likely for the wanted share, and next to impossible for the former one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil, log, sqrt

from release.binomial import at_least, at_most

IMPOSSIBLE = 1e-4
"""A count less likely than this under the former share shows that the former share is no longer served."""
UNLIKELY = 1e-2
"""A count less likely than this under the wanted share does not show that share."""
QUIET_PROBES = 200
"""The fewest answers in a row, none by the release that should get nothing, which prove an end of 0 or 100 %."""
QUIET_SECONDS = 1.9
"""The shortest time that those answers must span: 200 answers within an instant say nothing about the next."""
SHORTEST_WINDOW = 20
LONGEST_WINDOW = 6000


@dataclass(frozen=True)
class Tally:
    """Answers in the window: by the new release, and in all; `seconds` from the first to the last of them."""

    new: int
    total: int
    seconds: float

    @property
    def old(self) -> int:
        return self.total - self.new


class Window:
    """The last `size` answers, newest last."""

    def __init__(self, size: int) -> None:
        self._answers: deque[tuple[float, bool]] = deque(maxlen=size)

    def add(self, at: float, is_new: bool) -> None:
        """An answer seen `at` (s, any steady clock), by the new release or by another one."""
        self._answers.append((at, is_new))

    def tally(self) -> Tally:
        if not self._answers:
            return Tally(0, 0, 0.0)
        new = sum(is_new for _, is_new in self._answers)
        return Tally(new, len(self._answers), self._answers[-1][0] - self._answers[0][0])


def window_for(share: int, before: int) -> int:
    """How many answers the window holds so that the wanted share, once served, is told from the former one.

    Shares in percent. Nine times in ten a full window is enough; otherwise a later one is.
    """
    if share in (0, 100):
        return quiet_probes(share, before)
    size = SHORTEST_WINDOW
    while size < LONGEST_WINDOW and not served(_usual(share, size, rising=share >= before), share, before):
        size = size * 5 // 4
    return min(size, LONGEST_WINDOW)


def tellable(share: int, before: int) -> bool:
    """Whether probes can tell the two shares apart within the longest window."""
    return share == before or window_for(share, before) < LONGEST_WINDOW


def _usual(share: int, size: int, *, rising: bool) -> Tally:
    """The count that nine windows in ten reach (or stay under, on the way down)."""
    mean, spread = size * share / 100, sqrt(size * share / 100 * (1 - share / 100))
    if rising:
        count = max(0, int(mean - 4 * spread))
        while at_most(count, size, share / 100) < 0.1:
            count += 1
    else:
        count = min(size, ceil(mean + 4 * spread))
        while at_least(count, size, share / 100) < 0.1:
            count -= 1
    return Tally(count, size, 0.0)


def quiet_probes(share: int, before: int) -> int:
    """How many answers in a row without the leaving release prove that it gets nothing any more.

    While the former weights are still served, the leaving release answers with its former share; the number is such
    that its silence is then next to impossible.
    """
    leaving = before if share == 0 else 100 - before
    if not 0 < leaving < 100:
        return QUIET_PROBES
    return min(LONGEST_WINDOW, max(QUIET_PROBES, ceil(log(IMPOSSIBLE) / log(1 - leaving / 100))))


def served(tally: Tally, share: int, before: int) -> bool:
    """Whether the answers prove that the new release is served `share` percent, and no longer `before`.

    At 0 and 100 that takes `quiet_probes` answers over `QUIET_SECONDS`, none by the release that should get nothing.
    """
    if share in (0, 100):
        silent = tally.new if share == 0 else tally.old
        return silent == 0 and tally.total >= quiet_probes(share, before) and tally.seconds >= QUIET_SECONDS
    if tally.total == 0 or tally.new == 0:
        return False
    wanted, former = share / 100, before / 100
    likely = (
        at_least(tally.new, tally.total, wanted) >= UNLIKELY
        and at_most(tally.new, tally.total, wanted) >= UNLIKELY
    )
    if share == before:
        return likely and tally.total >= 100
    moved = at_least if share > before else at_most
    return likely and moved(tally.new, tally.total, former) <= IMPOSSIBLE
