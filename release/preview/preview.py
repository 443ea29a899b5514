"""A preview of one or several environments as values: what `--json` prints, and what pages are made of."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Outcome = Literal["ready", "refused", "failed"]
"""An update would begin; it would be refused; or nobody could find out."""


class Value(BaseModel):
    """Frozen, and named in JSON as all that this command line prints: in camel case."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Resource(Value):
    """One resource that an update changes: the engine's word for what is done, its type and its name.

    `because` are the properties that make the engine replace it. `loses` says what is gone with it, empty where
    nothing is that anybody would miss; `part` whether it belongs to one release and comes and goes with it.
    """

    operation: str
    kind: str
    name: str
    because: tuple[str, ...] = ()
    loses: str = ""
    part: bool = False


class Changes(Value):
    """How many resources there are of each of the engine's operations, and those that do not stay as they are."""

    counts: dict[str, int] = {}
    resources: tuple[Resource, ...] = ()


class Step(Value):
    """A migration that the update brings, and the exceptions that it asks the linter for, each with its reason."""

    revision: str
    kind: str
    allowed: tuple[str, ...] = ()


class Rehearsal(Value):
    """What came of trying the migrations on a scratch database. `passed` is None where nobody tried: then `told` says
    why, and `next` is what to type for it.
    """

    passed: bool | None
    told: str
    next: str = ""


class Schedules(Value):
    """What becomes of the schedules, a line for each."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Planned(Value):
    """The release plan in words.

    `text` is as the update shows it. The rest is the same plan in its parts, `known` where it could be made from the
    state once more: `former` and `wanted` are releases as people know them, empty for none; `rollback_before` is what
    going back costs now, `rollback_after` once the update is done, `lost` are the releases that leave the rollback
    window, each with how. `api` is what changes for clients, a line each.
    """

    text: str
    known: bool = False
    action: str = ""
    headline: str = ""
    former: str = ""
    wanted: str = ""
    steps: tuple[str, ...] = ()
    migrations: tuple[Step, ...] = ()
    schedules: Schedules = Schedules()
    stays_warm: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    rollback_before: str = ""
    rollback_after: str = ""
    overridden: str = ""
    api: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether the update does anything about releases."""
        return self.action not in ("", "nothing")


class Estimate(Value):
    """How long the release takes, in seconds. By `history` it is the median of `releases` that went live here; by
    `settings` what they prescribe to wait, so no less than that. `parts` say where it comes from.
    """

    seconds: float
    basis: Literal["history", "settings"]
    releases: int = 0
    parts: tuple[str, ...] = ()


class Environment(Value):
    """The preview of one stack. `error` is the whole of it, where the outcome is not ready; `seconds` what it took."""

    stack: str
    outcome: Outcome
    error: str = ""
    warnings: tuple[str, ...] = ()
    planned: Planned | None = None
    changes: Changes = Changes()
    estimate: Estimate | None = None
    rehearsal: Rehearsal | None = None
    seconds: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether the update could be run, by all that is known."""
        return self.outcome == "ready" and (self.rehearsal is None or self.rehearsal.passed is not False)


class Row(Value):
    """A setting that two stacks have differently, in the words of a stack file."""

    key: str
    first: str
    second: str


class Differences(Value):
    """Where the settings of two stacks differ; `unread` says why nobody could tell."""

    first: str
    second: str
    rows: tuple[Row, ...] = ()
    identical: int = 0
    warning: str = ""
    unread: str = ""


class Preview(Value):
    """`wanted` is the version that was asked for, empty where the stacks' own files say it."""

    environments: tuple[Environment, ...]
    differences: Differences | None = None
    wanted: str = ""

    @property
    def fine(self) -> bool:
        return all(each.fine for each in self.environments)
