"""Every error that a user of `release`, of the program or of the provider can meet.

UneventfulError
├── SettingsError          a stack's configuration holds something that cannot be used
├── BundleError            the application's folder cannot be made into a bundle
├── StoreError             the bundle bucket did not answer, or not as a bucket does
│   ├── VersionTaken       the version names other bytes already
│   ├── VersionUnknown     the bucket holds no such version
│   ├── BundleGone         the bundle is not there any more
│   └── DigestMismatch     the bytes are not those that the digest names
├── LedgerError            the ledger in the stack's outputs cannot be read or would become untrue
├── PlanError              what is wanted cannot be planned
│   ├── StaleRelease       the wanted version was live before the present one
│   ├── ReleaseUnknown     the ledger holds no release of that id
│   ├── QueueUnknown       a schedule of the release sends to a queue that the environment lacks
│   ├── SchemaOvertaken    a contract has taken away what the wanted release needs
│   ├── ContractRefused    the contract that is wanted cannot be applied now
│   ├── ReleaseFrozen      nothing is released here at this time
│   └── PromotionRefused   the version has not shown elsewhere what it must
├── BalancerError          the load balancer's API refused or did not answer
│   └── BalancerBusy       it throttled, failed or was silent: trying again may help
├── ScalingError           EC2 Auto Scaling's API refused or did not answer
│   └── Shrunk             a warm release has no instances any more: its time is over
├── SchedulerError         EventBridge Scheduler's API refused or did not answer
├── WorkersError           the instances of workers, or their queues, could not be asked or told
├── GateError              a release did not prove that it can serve; it has no traffic
├── ShiftError             traffic did not move, or was put back
│   ├── ShiftRefused       measured, and bad
│   ├── CannotMeasure      not measured, which counts as bad
│   ├── ShiftCancelled     told to stop, or whoever drives the update is gone
│   ├── RollbackUnrecorded a rollback moved the traffic, and no update says so yet
│   └── WeightsNotRestored the weights could not be put back: the one that needs a person
├── LeaseError             the right to write weights is not held
│   ├── LeaseHeld          another writer has it
│   └── LeaseLost          a newer writer took it
└── CommandError           a command cannot run here: no project folder, no stack, no engine
"""

from __future__ import annotations

import textwrap
from typing import Self


class UneventfulError(Exception):
    """What went wrong, said so that the reader knows what to do.

    `what` is one line. The other four are optional, in plain words, with numbers and their limits: what was
    `expected`, what was `seen`, the `state` that traffic and data are in now, and the `next` command to type.
    `str()` is the whole text, several lines, without colours or a stack trace.
    """

    def __init__(
        self, what: str, *, expected: str = "", seen: str = "", state: str = "", next: str = ""
    ) -> None:
        super().__init__(what, expected, seen, state, next)
        self.what = what
        self.expected = expected
        self.seen = seen
        self.state = state
        self.next = next

    def now(self, state: str, next: str = "") -> Self:
        """The same error with the `state` as it is now; its own `next` stays, where it has one."""
        return type(self)(
            self.what, expected=self.expected, seen=self.seen, state=state, next=self.next or next
        )

    def __str__(self) -> str:
        labelled = (
            ("expected", self.expected),
            ("seen", self.seen),
            ("now", self.state),
            ("next", self.next),
        )
        return "\n".join([self.what, *(_labelled(label, text) for label, text in labelled if text)])


def _labelled(label: str, text: str) -> str:
    margin = " " * len("  expected: ")
    return f"  {label + ':':<10}" + textwrap.indent(text, margin)[len(margin) :]


class SettingsError(UneventfulError):
    """A stack's configuration holds something that cannot be used."""


class BundleError(UneventfulError):
    """The application's folder cannot be made into a bundle."""


class StoreError(UneventfulError):
    """The bundle bucket did not answer, or not as a bucket does."""


class VersionTaken(StoreError):
    """The version names other bytes already, and a version never changes."""


class VersionUnknown(StoreError):
    """The bucket holds no such version."""


class BundleGone(StoreError):
    """A bundle that was published is not there any more."""


class DigestMismatch(StoreError):
    """The bytes are not those that the digest names."""


class LedgerError(UneventfulError):
    """The ledger in the stack's outputs cannot be read, or would become untrue."""


class PlanError(UneventfulError):
    """What is wanted cannot be planned."""


class StaleRelease(PlanError):
    """The wanted version was live before the present one: most likely a checkout that is not up to date."""


class ReleaseUnknown(PlanError):
    """The ledger holds no release of that id."""


class QueueUnknown(PlanError):
    """A schedule of the wanted release sends to a queue that the environment does not have."""


class SchemaOvertaken(PlanError):
    """A contract has taken away what the wanted release needs: there is no way back to it."""


class ContractRefused(PlanError):
    """The contract that is wanted cannot be applied now, or there is none."""


class ReleaseFrozen(PlanError):
    """Nothing is released here at this time, but for a reason that is given."""


class PromotionRefused(PlanError):
    """The version has not shown in the other environment what it must before it may come here."""


class BalancerError(UneventfulError):
    """The load balancer's API refused, or did not answer."""


class BalancerBusy(BalancerError):
    """The API throttled, failed or was silent: whether a write came true is not known, trying again may help."""


class WorkersError(UneventfulError):
    """The instances of workers, or their queues, could not be asked or told."""


class ScalingError(UneventfulError):
    """EC2 Auto Scaling's API refused, or did not answer."""


class Shrunk(ScalingError):
    """A warm release has no instances any more, since its time is over: it must boot again."""


class SchedulerError(UneventfulError):
    """EventBridge Scheduler's API refused, or did not answer."""


class GateError(UneventfulError):
    """A release did not prove that it can serve; it has no traffic."""


class ShiftError(UneventfulError):
    """Traffic did not move, or was put back."""


class ShiftRefused(ShiftError):
    """Measured, and bad: the weights are back where they were."""


class CannotMeasure(ShiftError):
    """Not measured, which counts as bad: the weights are back where they were."""


class ShiftCancelled(ShiftError):
    """Told to stop, or whoever drives the update is gone: the weights are back where they were."""


class RollbackUnrecorded(ShiftError):
    """A rollback gave the traffic to a release, and the stack's state does not say so yet."""


class WeightsNotRestored(ShiftError):
    """The weights could not be put back, or not proven to be: the one error that needs a person at once."""


class LeaseError(UneventfulError):
    """The right to write weights is not held."""


class LeaseHeld(LeaseError):
    """Another writer holds the lease."""


class LeaseLost(LeaseError):
    """A newer writer took the lease; this one must not write any more."""


class CommandError(UneventfulError):
    """A command cannot run here: no project folder, no such stack, no engine on PATH."""
