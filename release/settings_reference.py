"""`python -m release.settings_reference`: writes docs/settings.md from the models that read what it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.configuration import key_of
from infra.settings import Settings
from release.application import Options

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """\
# Settings

All that can be set, with types, limits and defaults. This page is written by `make settings` from the models that read
the files; a test compares the two.

- [A stack's file](#a-stacks-file), `Pulumi.STACK.yaml`: what differs between environments
- [`release.toml`](#releasetoml) and [`Procfile`](#procfile): what an application says about itself
"""

_STACK = """\
## A stack's file

Keys stand under `config:`. A value that cannot be used is refused before anything is touched, by its key, with what is
allowed and an example. `release compare staging production` lists what differs between two files. Times are in seconds.
"""

_APPLICATION = """\
## release.toml

In the application's folder, beside its `Procfile`; all of it is optional. `release build` refuses a key that does not
exist.
"""

_PROCFILE = """\
## Procfile

A line for each kind of process, `NAME: COMMAND`, the command as a shell reads it; lines that begin with `#` are left
out. One of them is `web`: it gets the traffic. The others are workers.
"""

_UNITS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}

_BAR = r"\|"

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """A heading, what it is about, and its own keys: name and schema."""

    name: str
    about: str
    keys: tuple[tuple[str, Schema, bool], ...]


def page() -> str:
    """All of docs/settings.md."""
    stack = Settings.model_json_schema()
    stack["properties"].pop("stack")
    stack["properties"] = {key_of(name): value for name, value in stack["properties"].items()}
    stack["required"] = [key_of(name) for name in stack["required"]]
    parts = [_HEAD, _STACK, *_tables("Of the environment", stack, ".")]
    parts += [
        _APPLICATION,
        *_tables("Of the application", Options.model_json_schema(), ".", toml=True),
        _PROCFILE,
    ]
    return "\n".join(parts)


def _tables(name: str, schema: Schema, between: str, *, toml: bool = False) -> Iterator[str]:
    for group in _groups(name, schema, schema.get("$defs", {}), "", between):
        heading = f"`{_bracketed(group)}`" if toml and group.name != name else group.name
        rows = [_row(key, value, required) for key, value, required in group.keys]
        yield "\n".join(
            [
                f"### {heading if toml or group.name == name else f'`{group.name}`'}",
                "",
                *([_plain(group.about), ""] if group.about and group.name != name else []),
                "| key | value | default | what it is |",
                "|---|---|---|---|",
                *rows,
                "",
            ]
        )


def _bracketed(group: Group) -> str:
    return f"[[{group.name[:-2]}]]" if group.name.endswith("[]") else f"[{group.name}]"


def _groups(name: str, schema: Schema, defs: Schema, prefix: str, between: str) -> Iterator[Group]:
    """The group of a model, then those of the models in it."""
    required = schema.get("required", [])
    own, inner = [], []
    for key, value in schema["properties"].items():
        reached = _model(value, defs)
        if reached is None:
            own.append((key, value, key in required))
        else:
            suffix, model = reached
            named = {"description": f"{value['description']}."} if suffix and "description" in value else {}
            inner.append((f"{prefix}{key}{suffix}", {**model, **named}))
    if own:
        yield Group(name, str(schema.get("description", "")), tuple(own))
    for path, model in inner:
        yield from _groups(path, model, defs, f"{path}{between}", between)


def _model(value: Schema, defs: Schema) -> tuple[str, Schema] | None:
    """The model that a value is, or each value of a mapping or a list, and what of it the path says."""
    for schema in (value, *value.get("anyOf", ())):
        each = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
        for suffix, place in (("", schema), *((".NAME", one) for one in each), ("[]", schema.get("items"))):
            if isinstance(place, Mapping) and "$ref" in place:
                return suffix, defs[str(place["$ref"]).rsplit("/", 1)[-1]]
    return None


def _row(key: str, value: Schema, required: bool) -> str:
    cells = (f"`{key}`", _kind(value), _default(value, required), _plain(str(value.get("description", ""))))
    return f"| {' | '.join(cell.replace('|', _BAR) for cell in cells)} |"


def _kind(value: Schema) -> str:
    told = [each for each in value.get("anyOf", [value]) if each.get("type") != "null"]
    return " or ".join(_one_kind(each) for each in told)


def _one_kind(value: Schema) -> str:
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(value['items'])}"
    if value.get("type") == "object":
        patterns = value.get("patternProperties") or {"": value.get("additionalProperties", {})}
        return f"mapping of names to {' or '.join(_kind(each) for each in patterns.values())}"
    if value.get("format") == "ipv4network":
        return "IPv4 range"
    return " ".join([_UNITS[str(value["type"])], *_limits(value)])


def _limits(value: Schema) -> Iterator[str]:
    least, most = value.get("minimum"), value.get("maximum")
    if least is not None and most is not None:
        yield (
            f"from {least:g} to {most:,g}".replace(",", "")
            if most < 1e6
            else f"from {least:g} to {int(most)}"
        )
    elif least is not None:
        yield f"from {least:g}"
    elif most is not None:
        yield f"up to {most:g}"
    if "exclusiveMinimum" in value:
        yield f"above {value['exclusiveMinimum']:g}"
    if "exclusiveMaximum" in value:
        yield f"below {value['exclusiveMaximum']:g}"
    if "pattern" in value:
        yield f"like `{value['pattern']}`"
    if "maxLength" in value:
        yield f"of {value['maxLength']} characters at most"


def _default(value: Schema, required: bool) -> str:
    if required:
        return "**required**"
    default = value.get("default")
    return "" if default in (None, "", [], {}) else f"`{json.dumps(default, ensure_ascii=False)}`"


def _plain(text: str) -> str:
    """A docstring or a description as one paragraph, without the heading that it begins with."""
    said = re.sub(r"\s+", " ", re.sub(r"^`\[.*?\]`: ", "", text)).strip()
    return said[:1].upper() + said[1:] if said != text else said


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
