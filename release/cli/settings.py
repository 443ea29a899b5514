"""A stack's settings from its file alone: no engine, no state and no credentials are asked.

The file is read as the engine reads it, with Go's yaml.v3: a plain value keeps the letters that it was written
in (a release 1.10 stays 1.10), and `on`, `12:30` and dates are text. A secret is told apart and never decrypted.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from infra import configuration
from infra.errors import EnvironmentRefused
from infra.settings import Settings
from release.cli.project import Project
from release.errors import SettingsError

SECRET = "[secret]"
"""What stands for an encrypted value, in the engine's words."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "merge": ("<<", "<"),
}  # what an unquoted value is, and the letters that it begins with


def stacks_of(folder: Path) -> tuple[str, ...]:
    """The stacks that have a file in the project's folder."""
    files = sorted(path.name for path in folder.glob("Pulumi.*.yaml"))
    return tuple(name.removeprefix("Pulumi.").removesuffix(".yaml") for name in files)


def read_settings(project: Project) -> Settings:
    """The settings that an update of the stack would have, but for values that only the engine can decrypt.

    Raises SettingsError as `settings_in` does.
    """
    try:
        text = project.configuration
    except UnicodeDecodeError as error:
        raise _unreadable(project.stack_file.name, error) from None
    return settings_in(text, project.stack_file.name)


def settings_in(text: str, file: str) -> Settings:
    """The settings in the text of a stack's file, which is called `file`.

    Raises SettingsError with everything that is wrong with it, in the words of an update; encrypted values are not
    quoted.
    """
    try:
        written = _configuration(text)
    except (yaml.YAMLError, ValueError, KeyError) as error:
        raise _unreadable(file, error) from None
    encrypted = {key for key, value in written.items() if _is_secret(value)}
    told = {
        key: SECRET if key in encrypted else value
        for key, value in written.items()
        if key not in encrypted or not key.startswith(configuration.OWN)
    }
    try:
        return configuration.parse(
            file.removeprefix("Pulumi.").removesuffix(".yaml"),
            {key: value if isinstance(value, str) else json.dumps(value) for key, value in told.items()},
            encrypted,
        )
    except EnvironmentRefused as error:
        raise SettingsError(error.said) from None


def _unreadable(file: str, error: Exception) -> SettingsError:
    return SettingsError(
        f"{file} cannot be read",
        expected="YAML in UTF-8",
        seen=_seen(error),
        state="nothing was touched",
        next=f"edit {file}, then run the same command again",
    )


def value_in(project: Project, key: str) -> Any:
    """What the stack file has under a key of its configuration; None where it has nothing, or cannot be read."""
    try:
        return _configuration(project.configuration).get(key)
    except (yaml.YAMLError, ValueError, KeyError):
        return None


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 the base class's own attribute
    yaml_constructors = {  # noqa: RUF012
        tag: constructor
        for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_TAG) in ("null", "bool", "int", "float", "str", "seq", "map")
    }


for _name, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(
        f"{_TAG}{_name}", re.compile(rf"^(?:{_pattern})$"), [*_first, *([""] if _name == "null" else [])]
    )


def _configuration(text: str) -> dict[str, Any]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        config = next((value for key, value in pairs if key.value == "config"), None)
        if not isinstance(config, yaml.MappingNode):
            return {}
        loader.flatten_mapping(config)
        return {str(key.value): _value(loader, value) for key, value in config.value}
    finally:
        loader.dispose()


def _value(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag == f"{_TAG}null" else str(node.value)
    return loader.construct_object(node, deep=True)


def _is_secret(value: Any) -> bool:
    """The engine takes a mapping of nothing but `secure` for a secret, at any depth."""
    if isinstance(value, dict):
        alone = value.keys() == {"secure"} and isinstance(value["secure"], str)
        return alone or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))


def _seen(error: Exception) -> str:
    """Without the line itself, which may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return f"{error.problem or error.context}{line}"
    if isinstance(error, (yaml.YAMLError, UnicodeDecodeError)):
        return str(error)
    return "a value that is not of the type of its tag"
