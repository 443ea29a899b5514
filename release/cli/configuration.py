"""A stack's configuration file with a wanted release in it, for one update. Pure.

Worked on as YAML's nodes, not values: whatever else the file holds reads afterwards exactly as before.
"""

from __future__ import annotations

import yaml

RELEASE = "uneventful:release"

_TEXT = "tag:yaml.org,2002:str"


def with_release(text: str, release: str | None) -> str:
    """The same configuration, wanting `release`; with None, wanting none: then what is live stays."""
    root = _mapping(text)
    config = _child(root, "config")
    config.value = [(key, value) for key, value in config.value if key.value != RELEASE]
    if release is not None:
        config.value.append((_scalar(RELEASE), _scalar(release)))
    return yaml.serialize(root)


def value_of(text: str, key: str) -> str | None:
    """The plain value of a key of the configuration, or None."""
    for name, value in _child(_mapping(text), "config").value:
        if name.value == key and isinstance(value, yaml.ScalarNode):
            return str(value.value)
    return None


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
