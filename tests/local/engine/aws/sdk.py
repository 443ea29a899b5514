"""What Pulumi's AWS SDK for Python says about a type: the truth that the bridge's names are held against."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pulumi_aws
from pulumi import _types

ROOT = Path(pulumi_aws.__file__).parent


@dataclass(frozen=True)
class Property:
    """`many`: a list. `members`: of the object, or of each object in the list or map; None for anything else."""

    many: bool
    members: dict[str, Property] | None


def resource(token: str) -> dict[str, Property]:
    """Inputs and outputs of a resource type such as `lb/listener:Listener`, by Pulumi name."""
    module = _module(token)
    name = token.partition(":")[2]
    outputs = _members(getattr(module, name))
    # Where `NameArgs` is an object of another type's inputs, the SDK calls the resource's own `NameInitArgs`.
    inputs = _members(getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args"))
    return _merge(outputs, inputs)


def function(token: str) -> dict[str, Property]:
    """Results and arguments of a function such as `ec2/getAmi:getAmi`, by Pulumi name."""
    module = _module(token)
    path = Path(str(module.__file__))
    name = token.partition(":")[2]
    tree = ast.parse(path.read_text())
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    definition = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == snake)
    arguments = set(re.findall(r"__args__\['(\w+)'\]", ast.unparse(definition)))
    results = _members(getattr(module, f"{name[0].upper()}{name[1:]}Result"))
    return results | {argument: Property(False, None) for argument in arguments - set(results)}


def provider() -> dict[str, Property]:
    return _members(pulumi_aws.ProviderArgs)


@cache
def _files() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        for token in re.findall(r"'aws:(\w+/\w+:\w+)'", path.read_text()):
            if _snake(token.partition(":")[2]) == path.stem:
                found[token] = path
    return found


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _module(token: str) -> ModuleType:
    relative = _files()[token].relative_to(ROOT).with_suffix("")
    return importlib.import_module("pulumi_aws." + ".".join(relative.parts))


def _members(cls: type, depth: int = 0) -> dict[str, Property]:
    """Through the getters that carry a Pulumi name, as the SDK's own serializer does."""
    return {name: _property(hint, cls, depth) for name, hint in _getters(cls)}


def _getters(cls: type) -> Iterator[tuple[str, Any]]:
    for _, member in inspect.getmembers(cls, lambda value: isinstance(value, property)):
        name = getattr(member.fget, "_pulumi_name", None)
        if name is not None:
            scope = {**vars(sys.modules[cls.__module__]), "Output": pulumi.Output, "T": Any}
            yield name, typing.get_type_hints(member.fget, globalns=scope).get("return")


def _property(hint: Any, cls: type, depth: int) -> Property:
    many = False
    while True:
        origin = typing.get_origin(hint)
        arguments = typing.get_args(hint)
        if origin is typing.Union:
            hint = _chosen(arguments)
        elif origin is not None and "Output" in str(origin):
            hint = arguments[0]
        elif origin is not None and ("Sequence" in str(origin) or origin is list):
            many, hint = True, arguments[0]
        elif origin is not None:
            return Property(many, None)
        else:
            break
    if depth < 12 and inspect.isclass(hint) and (_types.is_input_type(hint) or _types.is_output_type(hint)):
        return Property(many, _members(hint, depth + 1))
    return Property(many, None)


def _chosen(arguments: tuple[Any, ...]) -> Any:
    """Of a union of a class, its dictionary form, awaitables and outputs: the class, or the plainest type."""
    present = [argument for argument in arguments if argument is not type(None)]
    classes = [
        argument for argument in present if inspect.isclass(argument) and _types.is_input_type(argument)
    ]
    plain = [argument for argument in present if not re.search("Output|Awaitable", str(argument)[:40])]
    return (classes or plain or present)[0]


def _merge(left: dict[str, Property], right: dict[str, Property]) -> dict[str, Property]:
    merged = dict(left)
    for name, other in right.items():
        mine = merged.get(name)
        if mine and mine.members is not None and other.members is not None:
            merged[name] = Property(mine.many, _merge(mine.members, other.members))
        elif mine is None or mine.members is None:
            merged[name] = other if mine is None or other.members is not None else mine
    return merged
