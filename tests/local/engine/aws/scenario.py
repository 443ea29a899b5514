"""A type's whole life through the bridge, checked at each step against what AWS then has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import UNKNOWN, BridgeProcess, Resource

Inputs = dict[str, Any]
NONE = provider_pb2.DiffResponse.DIFF_NONE
SOME = provider_pb2.DiffResponse.DIFF_SOME


@dataclass(frozen=True)
class Scenario:
    """`seen` asks AWS for what tells the states apart, None when the resource is gone.

    `inputs` gives the program's inputs, and `changes` what an update adds to them; `drift` changes the property
    `drifted` behind the program's back; `replacing` holds inputs of which each alone forces a replacement.
    A `variant` is another shape of the same type. `imported_by` gives the identity for an import, where it is not the
    resource's id; `silent` are properties that AWS cannot tell, so that an import shows them; `renamed_by_import`:
    Terraform makes up another id then. What `lingers` is a setting that AWS has for ever once it was made;
    what `lasts` goes only with what it belongs to.
    """

    type: str
    inputs: Callable[[AwsSide], Inputs]
    seen: Callable[[AwsSide, Resource], Any]
    created: Any
    changes: Callable[[AwsSide], Inputs] | None = None
    changed: Any = None
    drift: Callable[[AwsSide, Resource], Any] | None = None
    drifted: str = ""
    replacing: Callable[[AwsSide], Inputs] | None = None
    imported_by: Callable[[AwsSide, Resource], str] | None = None
    importable: bool = True
    silent: frozenset[str] = field(default_factory=frozenset)
    renamed_by_import: bool = False
    lingers: bool = False
    lasts: bool = False
    variant: str = ""

    @property
    def name(self) -> str:
        return self.type.rpartition(":")[2] + self.variant

    @property
    def key(self) -> str:
        return f"{self.type} {self.variant}".rstrip()


def live(scenario: Scenario, bridge: BridgeProcess, aws: AwsSide) -> None:
    """Create, no-change, refresh, update, drift, replacement, import and delete, in this order."""
    inputs = scenario.inputs(aws)
    resource = _created(scenario, bridge, aws, inputs)
    _nothing_to_do(bridge, resource, inputs)
    if scenario.changes:
        changes = scenario.changes(aws)
        inputs = inputs | changes
        resource = _updated(scenario, bridge, aws, resource, inputs, set(changes))
    if scenario.drift:
        resource = _mended(scenario, bridge, aws, resource, inputs)
    if scenario.replacing:
        _replaced(bridge, resource, inputs, scenario.replacing(aws))
    if scenario.importable:
        _imported(scenario, bridge, aws, resource, inputs)
    _deleted(scenario, bridge, aws, resource)


def read_back(scenario: Scenario, bridge: BridgeProcess, aws: AwsSide, identity: str, inputs: Inputs) -> None:
    """What is known without waiting for the provider: the plan for a new one, and an existing one read and compared.

    `identity` is that of one which the API made as the inputs say.
    """
    assert bridge.preview_create(scenario.type, scenario.name, inputs)
    imported = bridge.import_(scenario.type, scenario.name, identity)
    assert scenario.seen(aws, imported) == scenario.created
    assert set(bridge.diff(imported, inputs).diffs) <= scenario.silent
    if scenario.changes:
        changes = scenario.changes(aws)
        diff = bridge.diff(imported, inputs | changes)
        assert set(changes) <= set(diff.diffs)
        assert not diff.replaces
    for name, value in scenario.replacing(aws).items() if scenario.replacing else ():
        assert name in bridge.diff(imported, inputs | {name: value}).replaces


def _created(scenario: Scenario, bridge: BridgeProcess, aws: AwsSide, inputs: Inputs) -> Resource:
    preview = bridge.preview_create(scenario.type, scenario.name, inputs)
    resource = bridge.create(scenario.type, scenario.name, inputs)
    assert resource.id, "a created resource has an id"
    assert scenario.seen(aws, resource) == scenario.created
    for name, value in preview.items():
        known = isinstance(value, str | int) and value != UNKNOWN and name != "__meta"
        # The older half of Terraform's provider plans a zero where nothing was given.
        known = known and (name in inputs or bool(value))
        assert not known or resource.properties.get(name) == value, f"the preview promised {name} = {value}"
    return resource


def _nothing_to_do(bridge: BridgeProcess, resource: Resource, inputs: Inputs) -> None:
    assert bridge.check(resource.type, resource.name, inputs, resource.inputs) == resource.inputs
    _unchanged(bridge, resource, inputs, "right after it was made")
    refreshed = bridge.read(resource)
    assert refreshed.id == resource.id
    assert refreshed.inputs == resource.inputs, "a refresh without drift leaves the inputs alone"
    _unchanged(bridge, refreshed, inputs, "after a refresh without drift")
    updated = bridge.update(resource, inputs)
    assert _plain(updated.outputs) == _plain(resource.outputs), "an update without changes changes nothing"


def _plain(outputs: struct_pb2.Struct) -> Mapping[str, Any]:
    return {name: value for name, value in outputs.items() if name != "__meta"}


def _unchanged(bridge: BridgeProcess, resource: Resource, inputs: Inputs, when: str) -> None:
    diff = bridge.diff(resource, inputs)
    assert diff.changes == NONE, f"{when}, a difference in {dict(diff.detailedDiff)}"


def _updated(
    scenario: Scenario,
    bridge: BridgeProcess,
    aws: AwsSide,
    resource: Resource,
    inputs: Inputs,
    names: set[str],
) -> Resource:
    diff = bridge.diff(resource, inputs)
    assert diff.changes == SOME
    assert not diff.replaces, f"an update in place, but {diff.replaces} would replace"
    assert names <= set(diff.diffs), f"only {diff.diffs} is shown"
    bridge.update(resource, inputs, preview=True)
    assert scenario.seen(aws, resource) == scenario.created, "a preview changes nothing"
    resource = bridge.update(resource, inputs)
    assert scenario.seen(aws, resource) == scenario.changed
    _nothing_to_do(bridge, resource, inputs)
    return resource


def _mended(
    scenario: Scenario, bridge: BridgeProcess, aws: AwsSide, resource: Resource, inputs: Inputs
) -> Resource:
    assert scenario.drift is not None
    before = scenario.seen(aws, resource)
    scenario.drift(aws, resource)
    refreshed = bridge.read(resource)
    top = scenario.drifted
    assert refreshed.inputs.get(top) != resource.inputs.get(top), f"the refreshed {top} shows no drift"
    rest = {name for name in resource.inputs if name != top}
    assert {name: refreshed.inputs.get(name) for name in rest} == {
        name: resource.inputs[name] for name in rest
    }
    diff = bridge.diff(refreshed, inputs)
    assert top in diff.diffs, f"the drift of {top} is not shown by name, only {diff.diffs}"
    assert not diff.replaces
    mended = bridge.update(refreshed, inputs)
    assert scenario.seen(aws, mended) == before, "the drift was not mended"
    _nothing_to_do(bridge, mended, inputs)
    return mended


def _replaced(bridge: BridgeProcess, resource: Resource, inputs: Inputs, replacing: Inputs) -> None:
    for name, value in replacing.items():
        diff = bridge.diff(resource, inputs | {name: value})
        assert list(diff.replaces) == [name], f"{name} should replace, but {list(diff.replaces)} does"
        kinds = {change.kind for path, change in diff.detailedDiff.items() if path.startswith(name)}
        assert kinds <= {
            provider_pb2.PropertyDiff.UPDATE_REPLACE,
            provider_pb2.PropertyDiff.ADD_REPLACE,
            provider_pb2.PropertyDiff.DELETE_REPLACE,
        }
        assert kinds


def _imported(
    scenario: Scenario, bridge: BridgeProcess, aws: AwsSide, resource: Resource, inputs: Inputs
) -> None:
    identity = scenario.imported_by(aws, resource) if scenario.imported_by else resource.id
    imported = bridge.import_(resource.type, resource.name, identity)
    assert imported.id
    assert imported.id == resource.id or scenario.renamed_by_import
    named = {name: value for name, value in resource.inputs.items() if not name.startswith("__")}
    diff = bridge.diff(imported, named)
    assert set(diff.diffs) <= scenario.silent, f"an import differs in {list(diff.diffs)}"


def _deleted(scenario: Scenario, bridge: BridgeProcess, aws: AwsSide, resource: Resource) -> None:
    bridge.delete(resource)
    if scenario.lasts:
        return
    assert scenario.seen(aws, resource) is None
    assert scenario.lingers or bridge.read(resource).id == "", "a refresh drops what AWS has no more"
    bridge.delete(resource)
