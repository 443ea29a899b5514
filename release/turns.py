"""Turns: whose workers take jobs. The instances of workers boot with their fleet, and work only when they are told to.

An instance obeys its tag; one without a tag, which its group has launched since, obeys the list in the bundle bucket.
Each reports in its boot's log what it does: `turn: ready`, `turn: working` once its process has run for some seconds,
`turn: starting again after …` when that ended, `turn: resting after 2.3 s`, `turn: failed: …`, or `boot failed: …`.
Pure.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Turn = Literal["working", "resting"]
Doing = Literal["ready", "starting", "working", "resting", "failed", "unbooted"]

_TURN, _BOOT_FAILED = "turn: ", "boot failed: "
_OBEDIENT = b"uneventful-turn"
_PACKED = b"\x1f\x8b"
_WORDS: Mapping[str, Doing] = {
    "ready": "ready",
    "starting": "starting",
    "working": "working",
    "resting": "resting",
    "failed:": "failed",
}
_SKEW_MS = 5000
"""What an instance says bears its own clock's time, which may differ from this one's by as much."""


@dataclass(frozen=True)
class Team:
    """The instances of one worker process of one release (its id): their auto-scaling group, and where they report."""

    release: str
    process: str
    group: str
    log_group: str


@dataclass(frozen=True)
class Crew:
    """What a group has: its instances, and how many it keeps at least."""

    least: int = 0
    instances: tuple[str, ...] = ()


@dataclass(frozen=True)
class Post:
    """One instance of a team."""

    team: Team
    instance: str

    def __str__(self) -> str:
        return f"{self.team.process} on {self.instance}"


@dataclass(frozen=True)
class Report:
    """The last thing that an instance said of its turn: `at` in ms since 1970, by its own clock."""

    at: int
    said: str

    @property
    def doing(self) -> Doing:
        return doing(self.said) or "ready"


class Instances(Protocol):
    """The instances of workers. Every method raises WorkersError when AWS refuses, or is silent for too long."""

    async def announce(self, working: Sequence[str], *, settled: bool) -> None:
        """Let the list say that the workers of these releases (ids) work, and no others. `settled`: everybody does as
        the list says.
        """

    async def announced(self) -> tuple[str, ...] | None:
        """The releases that the list names, if it was settled; None where it was not, or where there is no list."""

    async def crews(self, groups: Sequence[str]) -> Mapping[str, Crew]:
        """What each group has now; a group that is gone has nobody. Instances that leave are left out."""

    async def tell(self, instances: Sequence[str], turn: Turn) -> None:
        """Tag these instances."""

    async def reports(self, posts: Sequence[Post]) -> Mapping[str, Report]:
        """The latest report of each instance (id); those that have said nothing yet are left out."""

    async def last_words(self, post: Post, name: str, lines: int) -> tuple[str, ...]:
        """The last lines that the instance said as `name` (its process, or `boot`), oldest first."""


def doing(said: str) -> Doing | None:
    """What an instance does, by a line of its boot's log; None for a line that does not say."""
    if said.startswith(_BOOT_FAILED):
        return "unbooted"
    if not said.startswith(_TURN):
        return None
    return _WORDS.get(said.removeprefix(_TURN).split(" ")[0])


def obeys(user_data: str) -> bool:
    """Whether instances with this user data (base64, packed or not) wait for their turn. Others work from their boot
    to their end.
    """
    try:
        told = base64.b64decode(user_data)
        return _OBEDIENT in (gzip.decompress(told) if told.startswith(_PACKED) else told)
    except (ValueError, OSError, EOFError, zlib.error):
        return False


def teams(groups: Mapping[str, Mapping[str, str]], log_groups: Mapping[str, str]) -> tuple[Team, ...]:
    """From the groups by release and process, and the log groups by process."""
    return tuple(
        Team(release, process, group, log_groups.get(process, ""))
        for release, named in groups.items()
        for process, group in named.items()
    )


@dataclass(frozen=True)
class Seen:
    """What is known of everybody: crews by team, the latest reports by instance."""

    crews: Mapping[Team, Crew] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """How far a turn is taken: who failed, whom one waits for, in words, and how many do what they were told."""

    failed: tuple[Post, ...]
    waiting: tuple[str, ...]
    working: int
    resting: int

    @property
    def done(self) -> bool:
        return not (self.failed or self.waiting)

    def __str__(self) -> str:
        told = f"{self.working} working, {self.resting} resting"
        return f"{told}; waiting for {', '.join(self.waiting[:3])}" if self.waiting else told


def standing(seen: Seen, working: Collection[str], since: int) -> Standing:
    """Who does as the releases in `working` were told.

    A failure counts that was told after `since` (ms), and a boot that failed at any time. Whoever was to rest and has
    said nothing has never begun; whoever boots yet, beside as many as there must be, joins them by itself.
    """
    failed, waiting, numbers = list[Post](), list[str](), {"working": 0, "resting": 0}
    for team, crew in seen.crews.items():
        turn: Turn = "working" if team.release in working else "resting"
        does = {i: seen.reports[i].doing for i in crew.instances if i in seen.reports}
        fine, booting = [i for i in crew.instances if does.get(i) == turn], list[str]()
        if turn == "resting":
            fine += [i for i in crew.instances if does.get(i, "unbooted") == "unbooted"]
        else:
            failed += [
                Post(team, i)
                for i in crew.instances
                if does.get(i) == "unbooted"
                or (does.get(i) == "failed" and seen.reports[i].at >= since - _SKEW_MS)
            ]
            enough = len(fine) >= max(1, crew.least)
            booting = [i for i in crew.instances if enough and i not in does]
            if len(crew.instances) < crew.least:
                waiting.append(
                    f"{crew.least - len(crew.instances)} of {team.process} ({team.release}) to boot"
                )
        numbers[turn] += len(fine)
        waiting += [f"{Post(team, i)} ({turn})" for i in crew.instances if i not in (*fine, *booting)]
    return Standing(tuple(failed), tuple(waiting), numbers["working"], numbers["resting"])
