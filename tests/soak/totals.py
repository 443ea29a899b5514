"""What became of the deeds, and of the jobs, ticks and migrations meanwhile; told, and judged. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.soak.order import Deed

BATCH = 10
"""Jobs that a killed worker can have had in its hands: as many as it takes from the queue at once."""


@dataclass(frozen=True)
class Row:
    """One deed. `lost` of `sent` requests failed, without what a refused version answered itself and without `killed`:
    those that failed while something was killed that served requests. `statuses` are the exit statuses of its commands,
    `wrong` how many of them were not what they must be. `complaint` is empty where all was well.
    """

    deed: Deed
    seconds: float
    sent: int
    lost: int
    killed: int
    statuses: tuple[int, ...]
    wrong: int
    complaint: str = ""

    @property
    def good(self) -> bool:
        return not (self.complaint or self.lost or self.wrong)

    def __str__(self) -> str:
        killed = f", {self.killed} in the hands of what was killed" if self.killed else ""
        bad = (
            ""
            if self.good
            else f"\n      BAD: {self.complaint or 'requests were lost, or a status was wrong'}"
        )
        return (
            f"{self.deed.number:>4} {self.deed!s:<28} {self.seconds:>5.0f} s  "
            f"exit {','.join(map(str, self.statuses)) or '-':<6} {self.sent:>7} sent, {self.lost} lost{killed}{bad}"
        )


@dataclass(frozen=True)
class Account:
    """`jobs` were ordered, `done` of them done, `again` done more than once. `ticks` by the time they were due: how
    often each was done. `migrations` by outcome, `expected` were made by the deeds."""

    jobs: int
    done: int
    again: int
    ticks: dict[datetime, int]
    migrations: dict[str, int]
    expected: int

    @property
    def lost(self) -> int:
        return self.jobs - self.done

    @property
    def ticks_missed(self) -> int:
        """Minutes of the schedules' time between the first tick and the last for which there is none."""
        gaps = (other - one for one, other in pairwise(sorted(self.ticks)))
        return sum(gap // timedelta(minutes=1) - 1 for gap in gaps)

    @property
    def ticks_again(self) -> int:
        return sum(count - 1 for count in self.ticks.values())


def verdict(rows: Sequence[Row], books: Account | None) -> tuple[str, ...]:
    """What is not as it must be; empty where all is."""
    found = [f"deed {row.deed.number}, {row.deed}: {row.complaint}" for row in rows if row.complaint]
    if lost := sum(row.lost for row in rows):
        found.append(f"{lost} requests lost")
    if wrong := sum(row.wrong for row in rows):
        found.append(f"{wrong} wrong exit statuses")
    if books is None:
        return (*found, "the books could not be read")
    repeatable = BATCH * sum(row.deed.may_repeat for row in rows)
    if books.lost:
        found.append(f"{books.lost} jobs lost")
    if books.again > repeatable:
        found.append(
            f"{books.again} jobs done again, at most {repeatable} were in the hands of killed workers"
        )
    if books.ticks_missed:
        found.append(f"{books.ticks_missed} ticks missed")
    if books.ticks_again > repeatable:
        found.append(f"{books.ticks_again} ticks done again")
    done = books.migrations.get("applied", 0)
    if set(books.migrations) - {"applied"} or done < books.expected:
        found.append(f"migrations {books.migrations}, expected {books.expected} or more that are applied")
    return tuple(found)


def told(rows: Sequence[Row], books: Account | None, seed: int) -> str:
    """All totals, a line each."""
    kinds = Counter(row.deed.kind for row in rows)
    lines = [
        f"seed {seed}: {len(rows)} deeds in {sum(row.seconds for row in rows) / 60:.0f} minutes: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        f"requests:      {sum(row.sent for row in rows):,} sent, {sum(row.lost for row in rows)} lost, "
        f"{sum(row.killed for row in rows)} in the hands of killed web processes",
        f"exit statuses: {sum(len(row.statuses) for row in rows)}, {sum(row.wrong for row in rows)} wrong",
    ]
    if books:
        lines += [
            f"jobs:          {books.jobs:,} ordered, {books.lost} lost, {books.again} done again",
            f"ticks:         {len(books.ticks):,} due, {books.ticks_missed} missed, {books.ticks_again} done again",
            f"migrations:    {books.migrations}, {books.expected} of them made by the deeds",
        ]
    return "\n".join(lines)
