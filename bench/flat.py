"""The same resources without any program around them: what a preview costs at the least. Pure.

From a stack's exported state come the state of another project and the list that its program declares. That program
has no components, no settings, no conditions and no references: every input is a literal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PROJECT = "flat"
STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDERS = "pulumi:providers:"
_OF_A_RESOURCE = ("type", "custom", "id", "inputs", "outputs", "protect", "created", "modified")


@dataclass(frozen=True)
class Flat:
    """`state` is for `pulumi stack import`, `declared` what the program reads; both are JSON, and hold the state's
    secrets in the clear where `exported` did."""

    state: Mapping[str, Any]
    declared: Mapping[str, Any]

    @property
    def resources(self) -> int:
        """How many bare resources are declared, providers left out."""
        return len(self.declared["resources"])


def flatten(exported: Mapping[str, Any]) -> Flat:
    """Raises `ValueError` for a state with two resources of one type and name, which only components can tell apart."""
    resources = exported["deployment"]["resources"]
    stack = next(one for one in resources if one["type"] == STACK_TYPE)["urn"].split("::")[0]
    bare = [one for one in resources if one["custom"] and not one.get("external") and not one.get("delete")]
    renamed = {one["urn"]: _urn(stack, one) for one in bare}
    if len(set(renamed.values())) < len(renamed):
        raise ValueError("two resources have the same type and name")
    root = f"{stack}::{PROJECT}::{STACK_TYPE}::{PROJECT}-{stack.removeprefix('urn:pulumi:')}"
    kept = [{"urn": root, "type": STACK_TYPE, "custom": False}]
    kept += [_moved(one, renamed, root) for one in bare]
    deployment = {**exported["deployment"], "resources": kept, "pending_operations": []}
    return Flat({**exported, "deployment": deployment}, _declared(bare))


def _urn(stack: str, resource: Mapping[str, Any]) -> str:
    return f"{stack}::{PROJECT}::{resource['type']}::{_name(resource)}"


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"].rsplit("::", 1)[1])


def _moved(resource: Mapping[str, Any], renamed: Mapping[str, str], root: str) -> dict[str, Any]:
    moved = {key: resource[key] for key in _OF_A_RESOURCE if key in resource}
    moved["urn"] = renamed[resource["urn"]]
    if not resource["type"].startswith(PROVIDERS):
        moved["parent"] = root
    if provider := resource.get("provider"):
        urn, _, id_ = provider.rpartition("::")
        moved["provider"] = f"{renamed[urn]}::{id_}"
    return moved


def _declared(bare: list[Mapping[str, Any]]) -> dict[str, Any]:
    providers = {one["urn"]: one for one in bare if one["type"].startswith(PROVIDERS)}
    explicit = {urn: one for urn, one in providers.items() if not _name(one).startswith("default")}
    return {
        "providers": [
            {
                "package": one["type"].removeprefix(PROVIDERS),
                "name": _name(one),
                "inputs": {key: value for key, value in _written(one.get("inputs", {})) if key != "version"},
                "version": one.get("inputs", {}).get("version"),
                "protect": one.get("protect", False),
            }
            for one in explicit.values()
        ],
        "resources": [
            {
                "type": one["type"],
                "name": _name(one),
                "inputs": dict(_written(one.get("inputs", {}))),
                "protect": one.get("protect", False),
                **_served(one, providers, explicit),
            }
            for one in bare
            if one["urn"] not in providers
        ],
    }


def _served(
    one: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]], explicit: Mapping[str, Any]
) -> dict[str, Any]:
    urn = one.get("provider", "").rpartition("::")[0]
    if urn in explicit:
        return {"provider": _name(explicit[urn]), "version": None}
    return {
        "provider": None,
        "version": providers[urn].get("inputs", {}).get("version") if urn in providers else None,
    }


def _written(inputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """`inputs` without what a provider notes among them for itself."""
    for key, value in inputs.items():
        if not key.startswith("__"):
            yield key, _bare(value)


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(_written(value))
    return [_bare(item) for item in value] if isinstance(value, list) else value
