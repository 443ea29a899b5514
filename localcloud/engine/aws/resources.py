"""A resource's life: check, diff, create, read, update and delete, in plain values, by way of Terraform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from localcloud.engine.aws import record
from localcloud.engine.aws.autonames import DEFAULTS, Autonaming, autoname, has_fixed_name
from localcloud.engine.aws.canonical import canonical
from localcloud.engine.aws.catalog import Kind
from localcloud.engine.aws.checks import Failure, missing, not_carried, other_region, pulumi_path
from localcloud.engine.aws.convert import AssetPath, to_terraform
from localcloud.engine.aws.difference import Difference, difference
from localcloud.engine.aws.errors import OperationError
from localcloud.engine.aws.ignored import keep_ignored
from localcloud.engine.aws.proposed import proposed_new
from localcloud.engine.aws.record import Record
from localcloud.engine.aws.refresh import imported_inputs, refreshed_inputs
from localcloud.engine.aws.terraform import Diagnostic, Planned, State, Terraform, errors, raise_errors
from localcloud.engine.aws.timeouts import private_with_limit, with_limit, without_limits
from localcloud.engine.aws.unknown import Tree

Warn = Callable[[str], None]
"""Shows a warning of the provider beside the resource."""


class PartlyDoneError(OperationError):
    """The operation failed, and AWS has something of it: `identity` and `properties` must be recorded."""

    def __init__(self, reasons: Sequence[str], identity: str, properties: Tree, inputs: Tree) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)
        self.identity = identity
        self.properties = properties
        self.inputs = inputs


@dataclass(frozen=True)
class Verdict:
    """`delete_first`: old and new cannot exist side by side."""

    difference: Difference
    delete_first: bool


@dataclass(frozen=True)
class Reading:
    """What AWS has of a resource; `identity` is empty when it has nothing."""

    identity: str = ""
    properties: Tree | None = None
    inputs: Tree | None = None


@dataclass(frozen=True)
class Resources:
    """All operations may run at the same time, on different resources. `region` is the provider's own."""

    terraform: Terraform
    provider: str
    region: str
    asset_path: AssetPath

    def check(
        self, kind: Kind, olds: Tree, news: Tree, naming: Autonaming, warn: Warn
    ) -> tuple[Tree, list[Failure]]:
        """Inputs with an automatic name, and everything that is wrong with them."""
        tree = kind.structure
        failures = [
            *other_region(tree, news, self.region, self.provider),
            *not_carried(tree, news, kind.terraform, self.provider),
        ]
        inputs = autoname(kind.terraform, tree, olds, news, naming)
        config = to_terraform(tree, inputs, self.asset_path)
        failures += missing(tree, config)
        if not failures:
            said = self.terraform.validate(kind.terraform, config)
            _warnings(said, warn)
            failures += [Failure(pulumi_path(tree, told.path), told.text) for told in said if told.error]
        return inputs, failures

    def diff(self, kind: Kind, olds: Tree, news: Tree, ignored: Sequence[str], warn: Warn) -> Verdict:
        """What an update to these inputs changes."""
        prior = self._recorded(kind, olds)
        config = self._config(kind, news, olds, ignored)
        planned = self._plan(kind, prior, config, warn)
        found = difference(kind.structure, prior.state, _state(planned), config, planned.replace)
        fixed = has_fixed_name(kind.terraform, kind.structure, olds, news)
        return Verdict(found, delete_first=bool(found.replaces) and fixed)

    def create(
        self, kind: Kind, name: str, news: Tree, seconds: float, preview: bool, warn: Warn
    ) -> tuple[str, Tree]:
        """(identity, properties); in a preview what is known of them."""
        config = to_terraform(kind.structure, news, self.asset_path)
        config = with_limit(kind.structure, config, "create", seconds)
        planned = self._plan(kind, None, config, warn)
        if preview:
            return "", self._written(kind, Record(_state(planned)))
        done = self.terraform.apply(kind.terraform, None, planned.value, config, planned.private)
        state = self._finished(kind, done, name, news, warn)
        return _identity(state, name), self._written(kind, Record(state, done.private))

    def update(
        self,
        kind: Kind,
        identity: str,
        olds: Tree,
        news: Tree,
        ignored: Sequence[str],
        seconds: float,
        preview: bool,
        warn: Warn,
    ) -> Tree:
        """The new properties. Nothing is applied when nothing is left to change."""
        prior = self._recorded(kind, olds)
        config = with_limit(kind.structure, self._config(kind, news, olds, ignored), "update", seconds)
        planned = self._plan(kind, prior, config, warn)
        if preview:
            return self._written(kind, Record(_state(planned), planned.private))
        if canonical(kind.structure, prior.state) == canonical(kind.structure, planned.value):
            return self._written(kind, prior)
        done = self.terraform.apply(kind.terraform, prior.state, planned.value, config, planned.private)
        state = self._finished(kind, done, identity, news, warn)
        return self._written(kind, Record(state, done.private))

    def delete(self, kind: Kind, properties: Tree, seconds: float, warn: Warn) -> None:
        """A resource that AWS has no more counts as deleted."""
        known = self._recorded(kind, properties)
        private = private_with_limit(kind.structure, known.private, seconds)
        planned = self.terraform.plan(kind.terraform, known.state, None, None, private)
        _warnings(planned.diagnostics, warn)
        raise_errors(planned.diagnostics)
        private = private_with_limit(kind.structure, planned.private or private, seconds)
        done = self.terraform.apply(kind.terraform, known.state, None, None, private)
        _warnings(done.diagnostics, warn)
        if errors(done.diagnostics) and not self._is_gone(kind, known):
            raise_errors(done.diagnostics)

    def _is_gone(self, kind: Kind, known: Record) -> bool:
        """Not every deletion by the provider accepts that somebody else was faster."""
        now = self.terraform.read(kind.terraform, known.state, known.private)
        return now.value is None and not errors(now.diagnostics)

    def read(self, kind: Kind, identity: str, properties: Tree, inputs: Tree, warn: Warn) -> Reading:
        """The present state of a recorded resource, or of one to import by its identity."""
        recorded = record.is_recorded(properties)
        known = self._recorded(kind, properties) if recorded else None
        if known is None:
            found = self.terraform.import_(kind.terraform, identity)
            raise_errors(found.diagnostics)
            if found.value is None:
                return Reading()
            known = Record(found.value, found.private)
        now = self.terraform.read(kind.terraform, known.state, known.private)
        _warnings(now.diagnostics, warn)
        raise_errors(now.diagnostics)
        if now.value is None:
            return Reading()
        state = without_limits(now.value)
        if recorded:
            inputs = refreshed_inputs(kind.structure, inputs, known.state, state)
        else:
            inputs = imported_inputs(kind.structure, state) | {DEFAULTS: []}
        return Reading(_identity(state, identity), self._written(kind, Record(state, now.private)), inputs)

    def _recorded(self, kind: Kind, properties: Tree) -> Record:
        """The recorded state, in the provider's present form."""
        known = record.read(kind, properties)
        if known.version == kind.version:
            return known
        upgraded = self.terraform.upgrade(kind.terraform, known.version, known.state)
        raise_errors(upgraded.diagnostics)
        return replace(known, state=without_limits(_state(upgraded)), version=kind.version)

    def _config(self, kind: Kind, news: Tree, olds: Tree, ignored: Sequence[str]) -> Tree:
        tree = kind.structure
        return to_terraform(tree, keep_ignored(tree, news, olds, ignored), self.asset_path)

    def _plan(self, kind: Kind, prior: Record | None, config: Tree, warn: Warn) -> Planned:
        state = prior.state if prior else None
        proposed = proposed_new(kind.structure, state, config)
        private = prior.private if prior else b""
        planned = self.terraform.plan(kind.terraform, state, proposed, config, private)
        _warnings(planned.diagnostics, warn)
        raise_errors(planned.diagnostics)
        return planned

    def _finished(self, kind: Kind, done: State, identity: str, inputs: Tree, warn: Warn) -> Tree:
        """The state of a successful apply; a failed one that left something is a `PartlyDoneError`."""
        _warnings(done.diagnostics, warn)
        said = errors(done.diagnostics)
        if said and done.value is not None and done.value.get("id"):
            left = Record(without_limits(done.value), done.private)
            identity = _identity(left.state, identity)
            raise PartlyDoneError(said, identity, self._written(kind, left), inputs)
        raise_errors(done.diagnostics)
        return without_limits(_state(done))

    def _written(self, kind: Kind, known: Record) -> Tree:
        return record.write(kind, known, self.region)


def _warnings(said: Sequence[Diagnostic], warn: Warn) -> None:
    for told in said:
        if not told.error:
            warn(told.text)


def _state(answer: State) -> Tree:
    if answer.value is None:
        raise OperationError("the Terraform provider gave no state where one was expected")
    return answer.value


def _identity(state: Tree, otherwise: str) -> str:
    return str(state.get("id") or state.get("arn") or otherwise)
