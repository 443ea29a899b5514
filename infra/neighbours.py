"""The guard that keeps two environments from being one: no account and network may be those of two stack files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import yaml

from infra.errors import NeighbourError
from infra.reached import Network
from infra.settings import Settings


@dataclass(frozen=True)
class Place:
    """Where a stack's file puts its environment."""

    stack: str
    account_ids: tuple[str, ...]
    cidr: IPv4Network


def place_of(settings: Settings) -> Place:
    return Place(settings.stack, settings.account_ids, settings.network.cidr)


def place_in(stack: str, configuration: Mapping[str, object]) -> Place:
    """From a stack file's `config` as YAML has it, whatever else is wrong in it. Raises ValueError when it
    does not say where it is.
    """
    accounts = _value(configuration.get("aws:allowedAccountIds", []))
    network = _value(configuration.get("uneventful:network", {}))
    if not isinstance(accounts, list) or not isinstance(network, Mapping):
        raise ValueError(stack)
    return Place(
        stack, tuple(map(str, accounts)), IPv4Network(network.get("cidr", Network().cidr), strict=False)
    )


def places_in(folder: Path) -> tuple[tuple[Place, ...], tuple[str, ...]]:
    """Where the project's stack files put their environments, and a line about each that doesn't say it."""
    places: list[Place] = []
    warnings: list[str] = []
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        try:
            written = yaml.safe_load(file.read_bytes())
            places.append(place_in(stack, written["config"]))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
            warnings.append(
                f"{file.name} does not say where its environment is, so nobody knows if it is this one's place"
            )
    return tuple(places), tuple(warnings)


def clash(first: Place, second: Place) -> str:
    """A line about two environments in one account whose networks overlap, so that they can never be connected
    to each other or to a third one; empty where there is nothing to say."""
    accounts = sorted({*first.account_ids} & {*second.account_ids})
    if not accounts or not first.cidr.overlaps(second.cidr):
        return ""
    noun = "account" if len(accounts) == 1 else "accounts"
    return (
        f"{first.stack} and {second.stack} share {noun} {', '.join(accounts)} "
        f"and overlapping networks {first.cidr} and {second.cidr}"
    )


def check(own: Place, others: Iterable[Place]) -> None:
    """Return only if no other stack's place is this one's; else raise NeighbourError."""
    clashes = [line for line in (clash(own, other) for other in others if other.stack != own.stack) if line]
    if clashes:
        file = f"Pulumi.{own.stack}.yaml"
        raise NeighbourError(
            f"{file} names the place of another environment; nothing was touched\n"
            "  expected: an account, or a network range, of its own in each stack file\n"
            f"  seen:     {'; '.join(clashes)}\n"
            f"  next:     give {file} another uneventful:network.cidr, or another aws:allowedAccountIds"
        )


def _value(written: object) -> Any:
    """A mapping or a list may also be written as JSON in text."""
    return json.loads(written) if isinstance(written, str) else written
