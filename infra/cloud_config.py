"""Cloud-configs as text: what all user data of this project is. Pure.

Source: cloud-init's module reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def body(config: Mapping[str, Any]) -> str:
    """The YAML below the header, in which a file's lines are lines: a person reads it on the machine."""
    return yaml.dump(config, Dumper=_Readable, sort_keys=False, width=2**30, allow_unicode=True)


def file(path: str, permissions: str, content: str) -> dict[str, str]:
    """One entry of `write_files`; `permissions` are octal."""
    return {"path": path, "permissions": permissions, "content": content}


class _Readable(yaml.SafeDumper):
    pass


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _represent)
