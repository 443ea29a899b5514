"""Every error that a user of `release`, of the program or of the provider can meet.

UneventfulError
├── SettingsError          a stack's configuration holds something that cannot be used
├── BundleError            the application's folder cannot be made into a bundle
│   ├── BuildFailed        its build command ended badly
│   ├── BootTooLong        what an instance must be told does not fit into its user data
│   ├── MigrationUnusable  a file of the migrations cannot be one, or has no place in their order
│   ├── LintRefused        a migration would be noticed
│   ├── RehearsalFailed    a migration, a dump or the code did not work on the scratch database
│   └── ToolMissing        what builds or rehearses is not on this machine
├── StoreError             the bundle bucket or Secrets Manager did not answer, or not as it should
│   ├── SecretsUnusable    the secret variables are not what `release secrets` can keep
│   ├── ManifestUnreadable what a version is cannot be read in the bucket
│   ├── VersionTaken       the version names other bytes already
│   ├── VersionUnknown     the bucket holds no such version
│   ├── BundleGone         the bundle is not there any more
│   └── DigestMismatch     the bytes are not those that the digest names
├── LedgerError            the ledger in the stack's outputs cannot be read or would become untrue
├── PlanError              what is wanted cannot be planned
│   ├── StaleRelease       the wanted version was live before the present one
│   ├── ReleaseUnknown     the ledger holds no release of that id
│   ├── NoWayBack          there is nothing to roll back, or nothing to go back to
│   ├── QueueUnknown       a schedule of the release sends to a queue that the environment lacks
│   ├── SchemaOvertaken    a contract has taken away what the wanted release needs
│   ├── ContractRefused    the contract that is wanted cannot be applied now
│   │   └── ContractFailed it was begun, and is not known to be done
│   ├── ReleaseFrozen      nothing is released here at this time
│   ├── ApiBroken          the wanted release breaks the clients of the live one
│   ├── ApiNotCompared     nobody can say whether it does
│   └── PromotionRefused   the version has not shown elsewhere what it must
├── BalancerError          the load balancer's API refused or did not answer
│   └── BalancerBusy       it throttled, failed or was silent: trying again may help
├── ScalingError           EC2 Auto Scaling's API refused or did not answer
│   └── Shrunk             a warm release has no instances any more: its time is over
├── SchedulerError         EventBridge Scheduler's API refused or did not answer
├── WorkersError           the instances of workers, or their queues, could not be asked or told
├── GateError              a release did not prove that it can serve; it has no traffic
├── ShiftError             traffic did not move, or was put back
│   ├── NotReleased        the whole release was refused, for a reason that was told before
│   ├── NotServing         an update ended well, and what serves is something else
│   ├── WeightsTouched     somebody else changed the weights
│   ├── ProviderFault      the provider met what it does not know
│   ├── ShiftRefused       measured, and bad
│   │   ├── AlarmRang      an alarm rang during the shift
│   │   └── WorkersRefused its workers fail, or do nothing
│   ├── CannotMeasure      not measured, which counts as bad
│   │   ├── MetricsSilent  the load balancer's metrics could not be had
│   │   ├── AlarmRinging   an alarm rang before anything began
│   │   ├── AlarmUnknown   an alarm that should be watched does not exist
│   │   ├── ProbesLost     the data plane does not answer, or not as the API says
│   │   ├── NoneHealthy    the release has no healthy instance (any more)
│   │   └── WorkersLate    the workers did not all take their turn in time
│   ├── ShiftCancelled     told to stop, or whoever drives the update is gone
│   ├── RollbackUnrecorded a rollback moved the traffic, and no update says so yet
│   └── WeightsNotRestored the weights could not be put back: the one that needs a person
├── LeaseError             the right to write weights is not held
│   ├── LeaseHeld          another writer has it
│   └── LeaseLost          a newer writer took it
└── CommandError           a command cannot run here
    ├── CommandRefused     not as it was typed
    ├── NoProject          no project folder, or no `pulumi`
    ├── StateUnreadable    the stack's state, or an output of it, could not be read
    ├── AwsUnanswered      AWS did not answer a command that only looks
    ├── EnvironmentUnmade  no update has made the environment, or this part of it
    ├── StackBusy          somebody else changes the stack, or its lock cannot be had
    ├── HostUnreachable    the operations host did not answer, or something else did
    ├── SizesNotApplied    `release scale` ended badly
    └── RestartStopped     `release restart` ended badly
"""

from __future__ import annotations

import textwrap
from typing import ClassVar, Self


class UneventfulError(Exception):
    """What went wrong, said so that the reader knows what to do.

    `what` is one line. The other four are optional, in plain words, with numbers and their limits: what was
    `expected`, what was `seen`, the `state` that traffic and data are in now, and the `next` command to type.
    `str()` is the whole text, several lines, without colours or a stack trace. The last line names the page of this
    repository that tells more, docs/runbooks/`runbook`.md; each class that is raised has a page of its own.
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
            ("runbook", self.runbook and page(self.runbook)),
        )
        return "\n".join([self.what, *(_labelled(label, text) for label, text in labelled if text)])


def page(runbook: str) -> str:
    """Where a runbook is in the repository."""
    return f"docs/runbooks/{runbook}.md"


def _labelled(label: str, text: str) -> str:
    margin = " " * len("  expected: ")
    return f"  {label + ':':<10}" + textwrap.indent(text, margin)[len(margin) :]


class SettingsError(UneventfulError, runbook="settings-refused"):
    """A stack's configuration holds something that cannot be used."""


class BundleError(UneventfulError, runbook="application-refused"):
    """The application's folder cannot be made into a bundle."""


class BuildFailed(BundleError, runbook="build-failed"):
    """The application's own build command ended badly."""


class BootTooLong(BundleError, runbook="boot-too-long"):
    """What an instance must be told to boot the release does not fit into its user data."""


class MigrationUnusable(BundleError, runbook="migration-unusable"):
    """A file of the migrations cannot be one, or has no place in their order."""


class LintRefused(BundleError, runbook="migration-lint"):
    """A migration would make people wait, or break the release that serves."""


class RehearsalFailed(BundleError, runbook="rehearsal-failed"):
    """A migration, a dump or the code did not work on the scratch database."""


class ToolMissing(BundleError, runbook="tool-missing"):
    """What builds or rehearses is not on this machine, or could not be fetched."""


class StoreError(UneventfulError, runbook="store-unanswered"):
    """The bundle bucket or Secrets Manager did not answer, or not as it should."""


class SecretsUnusable(StoreError, runbook="secret-variables"):
    """The secret variables are not what `release secrets` writes, or too long to be kept."""


class ManifestUnreadable(StoreError, runbook="manifest-unreadable"):
    """The bucket holds something else where a version's manifest should be."""


class VersionTaken(StoreError, runbook="version-taken"):
    """The version names other bytes already, and a version never changes."""


class VersionUnknown(StoreError, runbook="version-unknown"):
    """The bucket holds no such version."""


class BundleGone(StoreError, runbook="bundle-gone"):
    """A bundle that was published is not there any more."""


class DigestMismatch(StoreError, runbook="digest-mismatch"):
    """The bytes are not those that the digest names."""


class LedgerError(UneventfulError, runbook="ledger-unusable"):
    """The ledger in the stack's outputs cannot be read, or would become untrue."""


class PlanError(UneventfulError):
    """What is wanted cannot be planned."""


class StaleRelease(PlanError, runbook="stale-release"):
    """The wanted version was live before the present one: most likely a checkout that is not up to date."""


class ReleaseUnknown(PlanError, runbook="release-unknown"):
    """The ledger holds no release of that id."""


class NoWayBack(PlanError, runbook="no-way-back"):
    """What a rollback would lead to serves already, or there is nothing to go back to."""


class QueueUnknown(PlanError, runbook="queue-unknown"):
    """A schedule of the wanted release sends to a queue that the environment does not have."""


class SchemaOvertaken(PlanError, runbook="schema-overtaken"):
    """A contract has taken away what the wanted release needs: there is no way back to it."""


class ContractRefused(PlanError, runbook="contract-refused"):
    """The contract that is wanted cannot be applied now, or there is none."""


class ContractFailed(ContractRefused, runbook="contract-failed"):
    """A contract was begun, and the stack's state does not say that it is done."""


class ReleaseFrozen(PlanError, runbook="release-frozen"):
    """Nothing is released here at this time, but for a reason that is given."""


class ApiBroken(PlanError, runbook="api-broken"):
    """The wanted release changes its OpenAPI document so that clients of the live one would fail."""


class ApiNotCompared(PlanError, runbook="api-not-compared"):
    """The OpenAPI documents of the live release and of the wanted one cannot be compared here."""


class PromotionRefused(PlanError, runbook="promotion-refused"):
    """The version has not shown in the other environment what it must before it may come here."""


class BalancerError(UneventfulError, runbook="balancer-refused"):
    """The load balancer's API refused, or did not answer."""


class BalancerBusy(BalancerError, runbook="balancer-busy"):
    """The API throttled, failed or was silent: whether a write came true is not known, trying again may help."""


class ScalingError(UneventfulError, runbook="scaling-refused"):
    """EC2 Auto Scaling's API refused, or did not answer."""


class Shrunk(ScalingError, runbook="warm-release-shrunk"):
    """A warm release has no instances any more, since its time is over: it must boot again."""


class SchedulerError(UneventfulError, runbook="scheduler-refused"):
    """EventBridge Scheduler's API refused, or did not answer."""


class WorkersError(UneventfulError, runbook="workers-unasked"):
    """The instances of workers, or their queues, could not be asked or told."""


class GateError(UneventfulError, runbook="gate-refused"):
    """A release did not prove that it can serve; it has no traffic."""


class ShiftError(UneventfulError):
    """Traffic did not move, or was put back."""


class NotReleased(ShiftError, runbook="not-released"):
    """The release was refused as a whole, for a reason that was told before."""


class NotServing(ShiftError, runbook="not-serving"):
    """An update ended well, and what serves is not what it should have brought."""


class WeightsTouched(ShiftError, runbook="weights-touched"):
    """Somebody else changed the weights while they were ours."""


class ProviderFault(ShiftError, runbook="provider-fault"):
    """The provider met what it does not know: a fault of this project."""


class ShiftRefused(ShiftError, runbook="shift-refused"):
    """Measured, and bad: the weights are back where they were."""


class AlarmRang(ShiftRefused, runbook="alarm-rang"):
    """An alarm rang while traffic moved: the weights are back where they were."""


class WorkersRefused(ShiftRefused, runbook="workers-refused"):
    """The workers of a release fail, or do nothing: all is back where it was."""


class CannotMeasure(ShiftError):
    """Not measured, which counts as bad: the weights are back where they were."""


class MetricsSilent(CannotMeasure, runbook="metrics-silent"):
    """The load balancer's metrics could not be had in time."""


class AlarmRinging(CannotMeasure, runbook="alarm-ringing"):
    """An alarm rang before anything began, so it could not tell a bad release."""


class AlarmUnknown(CannotMeasure, runbook="alarm-unknown"):
    """An alarm that should be watched does not exist."""


class ProbesLost(CannotMeasure, runbook="probes-lost"):
    """The data plane does not answer probes, or does not serve what the API says."""


class NoneHealthy(CannotMeasure, runbook="none-healthy"):
    """The release that should get traffic has no healthy instance, or none any more."""


class WorkersLate(CannotMeasure, runbook="workers-late"):
    """The workers did not all take their turn in time."""


class ShiftCancelled(ShiftError, runbook="shift-cancelled"):
    """Told to stop, or whoever drives the update is gone: the weights are back where they were."""


class RollbackUnrecorded(ShiftError, runbook="rollback-unrecorded"):
    """A rollback gave the traffic to a release, and the stack's state does not say so yet."""


class WeightsNotRestored(ShiftError, runbook="weights-not-restored"):
    """The weights could not be put back, or not proven to be: the one error that needs a person at once."""


class LeaseError(UneventfulError, runbook="lease-unkept"):
    """The right to write weights is not held."""


class LeaseHeld(LeaseError, runbook="lease-held"):
    """Another writer holds the lease."""


class LeaseLost(LeaseError, runbook="lease-lost"):
    """A newer writer took the lease; this one must not write any more."""


class CommandError(UneventfulError):
    """A command cannot run here."""


class CommandRefused(CommandError, runbook="command-refused"):
    """What was typed names something that does not exist, or does not go together."""


class NoProject(CommandError, runbook="no-project"):
    """This is not inside a project, or there is no `pulumi` to ask."""


class StateUnreadable(CommandError, runbook="state-unreadable"):
    """The stack's state, or one of its outputs, could not be read."""


class AwsUnanswered(CommandError, runbook="aws-unanswered"):
    """AWS did not answer a command that only looks."""


class EnvironmentUnmade(CommandError, runbook="environment-unmade"):
    """No update has made the environment yet, or the part of it that is needed."""


class StackBusy(CommandError, runbook="stack-busy"):
    """Somebody else changes the stack, or holds its lock."""


class HostUnreachable(CommandError, runbook="operations-host"):
    """The operations host did not answer, was lost, or something else answered."""


class SizesNotApplied(CommandError, runbook="sizes-not-applied"):
    """The update that should have changed the sizes ended badly."""


class RestartStopped(CommandError, runbook="restart-stopped"):
    """A restart ended before all instances were replaced and gone."""
