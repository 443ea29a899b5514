"""Every error that a run of the migrator can end with.

MigratorError
├── RequestError        the request on stdin isn't one
├── BundleUnreadable    the bundle's migrations aren't what its own list says
├── StatementError      a revision's text holds what cannot be run here
├── SecretsError        the `aws` command did not give or take a secret
├── DatabaseError       the database cannot be reached, or refused for a reason of its own
│   └── ConnectionLost  it was reached, and is gone: what it committed is in the ledger
├── OrderError          what is asked for doesn't fit what the database holds
│   ├── ChecksumChanged an applied revision isn't the one that was applied
│   ├── Gap             a revision is missing between two
│   ├── TwoHeads        two revisions claim the same place
│   └── UnknownRevision the database holds a revision that this release cannot live with, or lacks one
├── LockHeld            another migrator is at work
├── LockTimeout         a statement waited for another session longer than the limit
├── DeadlineOver        a backfill has more rows than time
├── StatementFailed     PostgreSQL refused a statement
└── SessionsLeft        an old release still has sessions, so its schema stays

Stopped is not among them: it is a signal's or a lost terminal's way to end a run (see `migrator.stopping`).
"""

from __future__ import annotations

import textwrap
from typing import ClassVar


class MigratorError(Exception):
    """What went wrong, said so that the reader knows what to do.

    `what` is one line. The other four are optional, in plain words, with numbers and their limits: what was
    `expected`, what was `seen`, the `state` that traffic and data are in now, and the `next` command to type.
    `str()` is the whole text, several lines. It holds no secret and none of the application's data. The last line names
    the page of the project's repository that tells more, docs/runbooks/`runbook`.md.
    """

    runbook: ClassVar[str] = ""

    def __init_subclass__(cls, *, runbook: str = "") -> None:
        """A class without a `runbook` is never raised itself."""
        cls.runbook = runbook

    def __init__(
        self, what: str, *, expected: str = "", seen: str = "", state: str = "", next: str = ""
    ) -> None:
        super().__init__(what, expected, seen, state, next)
        self.what = what
        self.expected = expected
        self.seen = seen
        self.state = state
        self.next = next

    def __str__(self) -> str:
        labelled = (
            ("expected", self.expected),
            ("seen", self.seen),
            ("now", self.state),
            ("next", self.next),
            ("runbook", self.runbook and f"docs/runbooks/{self.runbook}.md"),
        )
        return "\n".join([self.what, *(_labelled(label, text) for label, text in labelled if text)])


def _labelled(label: str, text: str) -> str:
    margin = " " * len("  expected: ")
    return f"  {label + ':':<10}" + textwrap.indent(text, margin)[len(margin) :]


class RequestError(MigratorError, runbook="migrator-request"):
    """The request on stdin isn't one."""


class BundleUnreadable(MigratorError, runbook="migrations-unreadable"):
    """The bundle's migrations aren't what its own list says."""


class StatementError(MigratorError, runbook="migration-statement"):
    """A revision's text holds what cannot be run here."""


class SecretsError(MigratorError, runbook="migrator-secrets"):
    """The `aws` command did not give or take a secret."""


class DatabaseError(MigratorError, runbook="database-refused"):
    """The database cannot be reached, or refused for a reason of its own."""


class ConnectionLost(DatabaseError, runbook="database-lost"):
    """The database was reached, and is gone: what it committed is in the ledger."""


class OrderError(MigratorError, runbook="migration-order"):
    """What is asked for doesn't fit what the database holds."""


class ChecksumChanged(OrderError, runbook="migration-changed"):
    """An applied revision isn't the one that was applied."""


class Gap(OrderError, runbook="migration-gap"):
    """A revision is missing between two."""


class TwoHeads(OrderError, runbook="migration-two-heads"):
    """Two revisions claim the same place."""


class UnknownRevision(OrderError, runbook="migration-unknown"):
    """The database holds a revision that this release cannot live with, or lacks one."""


class LockHeld(MigratorError, runbook="migration-lock-held"):
    """Another migrator is at work."""


class LockTimeout(MigratorError, runbook="migration-lock-timeout"):
    """A statement waited for another session longer than the limit."""


class DeadlineOver(MigratorError, runbook="backfill-unfinished"):
    """A backfill has more rows than time."""


class StatementFailed(MigratorError, runbook="migration-failed"):
    """PostgreSQL refused a statement."""


class SessionsLeft(MigratorError, runbook="sessions-left"):
    """An old release still has sessions, so its schema stays."""
