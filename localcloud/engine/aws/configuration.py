"""The provider's own configuration: `aws:*` of the stack, or the arguments of an `aws.Provider`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from localcloud.engine.aws.checks import Failure
from localcloud.engine.aws.convert import to_terraform
from localcloud.engine.aws.types import Field, Primitive, Structure
from localcloud.engine.aws.unknown import UNKNOWN, Tree, Value

_ENGINE_KEYS = frozenset({"version", "pluginDownloadURL"})
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def provider_config(structure: Structure, arguments: Tree) -> Tree:
    """The Terraform configuration. Anything but a string arrives as JSON text; an empty string is not set."""
    given = {field.pulumi: _value(field, arguments.get(field.pulumi)) for field in structure.fields}
    return to_terraform(structure, given, str)


def own_region(arguments: Tree, environ: Mapping[str, str] | None = None) -> str:
    """The region that the provider will work in, or "" where only AWS's files or services tell."""
    environ = os.environ if environ is None else environ
    region = arguments.get("region")
    if isinstance(region, str) and region:
        return region
    return next((environ[name] for name in _REGION_VARIABLES if environ.get(name)), "")


def failures(structure: Structure, arguments: Tree, provider: str) -> list[Failure]:
    """A failure for each argument that this provider lacks."""
    return [
        Failure(name, f"aws:{name} is not carried: {provider}, which stands in for the AWS plugin, lacks it")
        for name in arguments
        if name not in structure.by_pulumi and name not in _ENGINE_KEYS and not name.startswith("__")
    ]


def changed(olds: Tree, news: Tree) -> list[str]:
    """Arguments with another value; none of them replaces the provider and so its resources."""
    return sorted(
        name
        for name in {*olds, *news}
        if olds.get(name) != news.get(name) and name not in _ENGINE_KEYS and not name.startswith("__")
    )


def _value(field: Field, value: Value) -> Value:
    if value is None or value is UNKNOWN or value == "":
        return None if value == "" else value
    if isinstance(value, str) and field.type != Primitive("string"):
        return json.loads(value)
    return str(value).lower() if isinstance(value, bool) and field.type == Primitive("string") else value
