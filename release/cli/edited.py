"""One value of a YAML file changed as a person would: every other letter, comments too, stays. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from release.errors import SettingsError

_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]|\Z")
_NULL = "tag:yaml.org,2002:null"


def edited(text: str, path: Sequence[str], values: Mapping[str, int]) -> str:
    """`text` with these numbers in the mapping that `path` leads to, which is made where it is not there yet.

    Raises SettingsError where that cannot be done by changing these places alone: anchors, keys that occur twice.
    """
    changed = text
    try:
        if isinstance(_at(text, path), yaml.MappingNode):
            for name, value in values.items():
                changed = _put(changed, path, name, str(value))
        else:
            changed = _made(text, path, values)
        wanted = _read(text)
        inner = wanted
        for key in path:
            # Where there was nothing yet; whatever else is no mapping is an error.
            inner[key] = {} if inner.get(key) in (None, "", "~", "null") else inner[key]
            inner = inner[key]
        inner.update({name: str(value) for name, value in values.items()})
        done = _read(changed) == wanted
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        done = False
    if not done:
        raise SettingsError(
            f"{'.'.join(path[1:])} cannot be changed here without changing something else",
            expected="plain mappings, in braces or in rows, without anchors, each key once",
            seen=f"{'.'.join(path)}, in a form that only a person understands",
            state="nothing was changed",
            next=f"write {', '.join(f'{name}: {value}' for name, value in values.items())} there yourself, "
            "then pulumi up",
        )
    return changed


def _made(text: str, path: Sequence[str], values: Mapping[str, int]) -> str:
    """The text with the missing part of the path, in braces."""
    *before, name = path
    parent = _at(text, before) if before else _root(text)
    inside = "{" + ", ".join(f"{key}: {value}" for key, value in values.items()) + "}"
    while not isinstance(parent, yaml.MappingNode):
        inside = "{" + f"{name}: {inside}" + "}"
        *before, name = before
        parent = _at(text, before) if before else _root(text)
    return _put(text, before, name, inside)


def _put(text: str, path: Sequence[str], name: str, value: str) -> str:
    """The text with `value` at `name` of the mapping at `path`, which is there."""
    parent = _at(text, path) if path else _root(text)
    assert isinstance(parent, yaml.MappingNode)
    for key, held in parent.value:
        if key.value == name:
            begin, end = held.start_mark.index, held.end_mark.index
            blank = " " if held.tag == _NULL and begin == end and text[begin - 1] == ":" else ""
            return text[:begin] + blank + value + text[end:]
    if parent.flow_style:
        if not parent.value:
            begin = parent.start_mark.index + 1
            return f"{text[:begin]}{name}: {value}{text[begin:]}"
        end = parent.value[-1][1].end_mark.index
        return f"{text[:end]}, {name}: {value}{text[end:]}"
    return _row(text, parent, f"{name}: {value}")


def _row(text: str, parent: yaml.MappingNode, row: str) -> str:
    """The text with one more row at the end of a mapping in rows; comments that follow it stay behind it."""
    last = _last(parent)
    found = _LINE_END.search(text, last.end_mark.index)
    assert found is not None
    # A block of text ends where the next row begins.
    at = last.end_mark.index if last.end_mark.column == 0 else found.end()
    line_end = (_LINE_END.search(text) or found)[0] or "\n"
    before = text[:at] if not at or _LINE_END.fullmatch(text[at - 1]) else text[:at] + line_end
    return f"{before}{' ' * parent.start_mark.column}{row}{line_end}{text[at:]}"


def _last(node: yaml.Node) -> yaml.Node:
    """The node in which the last row of a node ends."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(last[1] if isinstance(last, tuple) else last)
    return node


def _at(text: str, path: Sequence[str]) -> yaml.Node | None:
    node: yaml.Node | None = _root(text)
    for name in path:
        entries = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in entries if key.value == name), None)
    return node


def _root(text: str) -> yaml.Node:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise KeyError
    return root


def _read(text: str) -> dict[str, Any]:
    """All values as text, so that nothing is the same that is written differently; none is shared by an anchor."""
    read: dict[str, Any] = json.loads(json.dumps(yaml.load(text, Loader=yaml.BaseLoader)))
    return read
