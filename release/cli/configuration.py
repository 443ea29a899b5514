"""A stack's configuration file with something else in it. Pure.

Worked on as YAML's nodes, not values: whatever else the file holds reads afterwards exactly as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import yaml

RELEASE = "uneventful:release"
CONTRACT = "uneventful:contract"
WINDOW = "uneventful:window"
OVERRIDE = "uneventful:override"
ACCEPT_API = "uneventful:accept_api"
EVIDENCE = "uneventful:evidence"
SECRETS = "uneventful:secrets"
VARIABLES = "uneventful:variables"

_TEXT = "tag:yaml.org,2002:str"


def with_release(text: str, release: str | None, also: Mapping[str, str] = MappingProxyType({})) -> str:
    """The same configuration, wanting `release`; with None, wanting none: then what is live stays.

    `also` are other keys with their values, for this one update. What is true of one update alone (a contract, an
    override, an accepted change, evidence) is wanted only where it is among them.
    """
    root = _mapping(text)
    config = _child(root, "config")
    given = {**({} if release is None else {RELEASE: release}), **also}
    config.value = [
        (key, value)
        for key, value in config.value
        if key.value not in {RELEASE, CONTRACT, OVERRIDE, ACCEPT_API, EVIDENCE, *given}
    ]
    config.value += [(_scalar(key), _scalar(value)) for key, value in given.items()]
    return yaml.serialize(root)


def with_secrets(text: str, version: str) -> str:
    """The same text, comments and all, naming this version of the secret variables."""
    root = _mapping(text)
    config = next((value for key, value in root.value if key.value == "config"), None)
    line = f'{SECRETS}: "{version}"'
    if not isinstance(config, yaml.MappingNode) or not config.value:
        kept = "".join(row for row in text.splitlines(keepends=True) if not row.startswith("config:"))
        return f"config:\n  {line}\n{kept}"
    rows = text.splitlines(keepends=True)
    entries = {key.value: (key, value) for key, value in config.value}
    if SECRETS in entries:
        _, value = entries[SECRETS]
        return f'{text[: value.start_mark.index]}"{version}"{text[value.end_mark.index :]}'
    key, value = entries.get(VARIABLES, config.value[-1])
    last = _last_row(value)
    if not rows[last].endswith("\n"):
        rows[last] += "\n"
    return "".join([*rows[: last + 1], f"{' ' * key.start_mark.column}{line}\n", *rows[last + 1 :]])


def value_of(text: str, key: str) -> str | None:
    """The plain value of a key of the configuration, or None."""
    for name, value in _child(_mapping(text), "config").value:
        if name.value == key and isinstance(value, yaml.ScalarNode):
            return str(value.value)
    return None


def _last_row(node: yaml.Node) -> int:
    """The row in which a node ends, without the comments and blank rows that follow a block."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_row(last[1] if isinstance(last, tuple) else last)
    # A block of text ends where the next row begins.
    return int(node.end_mark.line) - int(node.end_mark.column == 0 and node.end_mark.index > 0)


def _mapping(text: str) -> yaml.MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return root if isinstance(root, yaml.MappingNode) else yaml.MappingNode("tag:yaml.org,2002:map", [])


def _child(root: yaml.MappingNode, name: str) -> yaml.MappingNode:
    for key, value in root.value:
        if key.value == name and isinstance(value, yaml.MappingNode):
            return value
    made = yaml.MappingNode("tag:yaml.org,2002:map", [], flow_style=False)
    root.value = [(key, value) for key, value in root.value if key.value != name]
    root.value.append((yaml.ScalarNode(_TEXT, name), made))
    return made


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TEXT, text, style='"')
