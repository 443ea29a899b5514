"""What is done to the environment, in random order from a seed: the same seed gives the same order. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "release", "migration", "rollback", "bad 3", "bad 4", "bad 5",
    "kill web", "kill worker", "kill instance", "kill pulumi", "kill provider",
]  # fmt: skip

DECK: tuple[Kind, ...] = (
    *("release", "release", "migration", "rollback", "rollback"),
    *("bad 3", "bad 4", "bad 5"),
    *("kill web", "kill worker", "kill instance", "kill pulumi", "kill provider"),
)
"""What is shuffled, played and shuffled again: nothing is left out for long."""

PHASES = ("fleet", "gate", "10 %", "100 %", "bake")
"""In which a release is struck; as the kill matrix names them."""

MODULES = ("shop.web", "shop.worker")
"""On whose instance the one that is killed is found."""


@dataclass(frozen=True)
class Deed:
    """The `number`th from 1. `detail` says where it strikes: a phase, or a module; empty where there is no choice."""

    number: int
    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.detail})" if self.detail else self.kind

    @property
    def bad(self) -> str:
        """The look of a version that must be refused; empty for other deeds."""
        return self.kind.removeprefix("bad ") if self.kind.startswith("bad ") else ""

    @property
    def may_lose(self) -> bool:
        """Whether what it kills has requests in its hands."""
        return self.kind == "kill web" or (self.kind == "kill instance" and self.detail == "shop.web")

    @property
    def may_repeat(self) -> bool:
        """Whether what it kills may have done a job and not said so yet."""
        return self.kind == "kill worker" or (self.kind == "kill instance" and self.detail == "shop.worker")


def order(seed: int) -> Iterator[Deed]:
    """Without end."""
    chance, number = random.Random(seed), 0
    while True:
        for kind in chance.sample(DECK, len(DECK)):
            number += 1
            yield Deed(number, kind, _detail(kind, chance))


def _detail(kind: Kind, chance: random.Random) -> str:
    if kind in ("kill pulumi", "kill provider"):
        # The project's own provider has nothing to do before the gate, and may not be there yet.
        return chance.choice(PHASES if kind == "kill pulumi" else PHASES[1:])
    return chance.choice(MODULES) if kind == "kill instance" else ""
