"""What is wrong with inputs before Terraform's provider is asked: properties it lacks, and ones it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.engine.aws.convert import TIMEOUTS
from localcloud.engine.aws.terraform import Path
from localcloud.engine.aws.types import Collection, Structure, innermost, is_sequence
from localcloud.engine.aws.unknown import UNKNOWN, Tree, Value

REGION = "region"


@dataclass(frozen=True)
class Failure:
    """`property` is Pulumi's path; empty for the resource as a whole."""

    property: str
    reason: str


def not_carried(structure: Structure, inputs: Tree, kind: str, provider: str) -> Iterator[Failure]:
    """A failure for every property, at any depth, that this Terraform provider does not have."""
    for path in _strangers(structure, inputs):
        if path == REGION:
            continue
        yield Failure(
            path,
            f"'{path}' is not carried: {provider}, which stands in for the AWS plugin, has no such property "
            f"of {kind}. Leave it out, or set UNEVENTFUL_TERRAFORM_AWS to a newer provider that has it.",
        )


def other_region(structure: Structure, inputs: Tree, region: str, provider: str) -> Iterator[Failure]:
    """A failure when a resource wants another region than the provider's, and this provider has only one."""
    wanted = inputs.get(REGION)
    if has_region(structure) or wanted is None or wanted is UNKNOWN or wanted == region:
        return
    yield Failure(
        REGION,
        f"region {wanted} is not carried: {provider}, which stands in for the AWS plugin, works in one region "
        f"({region}). Give this resource an aws.Provider of its own for {wanted}.",
    )


def missing(structure: Structure, config: Tree) -> Iterator[Failure]:
    """A failure for every required property, at any depth, without a value in the Terraform configuration."""
    for path in _missing(structure, config, ""):
        yield Failure(path, f"missing required property '{path}'")


def has_region(structure: Structure) -> bool:
    """Whether the resource has a region of its own (from version 6 of the Terraform provider)."""
    field = structure.by_pulumi.get(REGION)
    return field is not None and field.settable


def pulumi_path(structure: Structure, path: Path) -> str:
    """Terraform's path in Pulumi's words, as far as it can be followed."""
    text = ""
    inside: object = structure
    flat = False
    for step in path:
        if isinstance(inside, Structure):
            field = inside.by_terraform.get(str(step))
            if field is None:
                break
            text += f".{field.pulumi}" if text else field.pulumi
            inside, flat = field.type, field.flat
        elif isinstance(inside, Collection):
            if not (flat and is_sequence(inside)):
                text += f"[{step}]" if isinstance(step, int) else f".{step}"
            inside, flat = inside.element, False
    return text


def _strangers(structure: Structure, inputs: Tree, path: str = "") -> Iterator[str]:
    for name, value in inputs.items():
        if name.startswith("__"):
            continue
        field = structure.by_pulumi.get(name)
        if field is None or field.terraform == TIMEOUTS:
            yield f"{path}{name}"
            continue
        inside = innermost(field.type)
        if isinstance(inside, Structure):
            for place, element in _elements(value, f"{path}{name}"):
                yield from _strangers(inside, element, f"{place}.")


def _elements(value: Value, path: str) -> Iterator[tuple[str, Tree]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for place, element in enumerate(value):
            if isinstance(element, dict):
                yield f"{path}[{place}]", element


def _missing(structure: Structure, config: Tree, path: str) -> Iterator[str]:
    for field in structure.fields:
        value = config.get(field.terraform)
        if field.required and value in (None, []):
            yield f"{path}{field.pulumi}"
        inside = innermost(field.type)
        if field.block and isinstance(inside, Structure) and field.terraform != TIMEOUTS:
            elements = value if isinstance(value, list) else [value]
            for element in elements:
                if isinstance(element, dict):
                    yield from _missing(inside, element, f"{path}{field.pulumi}.")
