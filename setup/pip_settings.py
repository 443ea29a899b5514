"""What the user told pip about package indexes, told to uv."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

_SECTIONS = ("global", "install", ":env:")
"""pip's own order: a later one wins."""

_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def for_uv(lines: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for uv out of what `pip config list` prints (`global.cert='/etc/…'`); what `environ` has, it keeps.

    Hashes decide what is installed, so the order in which indexes are asked does not matter.
    """
    told: dict[str, str] = {}
    settings = [parsed for line in lines if (parsed := _parse(line))]
    for section in _SECTIONS:
        told.update({key: value for where, key, value in settings if where == section})
    result = {_VARIABLES[key]: " ".join(value.split()) for key, value in told.items() if key in _VARIABLES}
    result |= {"UV_SYSTEM_CERTS": "true", "UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_PROGRESS": "true"}
    return {name: value for name, value in result.items() if name not in environ}


def _parse(line: str) -> tuple[str, str, str] | None:
    name, equals, value = line.strip().partition("=")
    section, dot, key = name.rpartition(".")
    if not equals or not dot:
        return None
    try:
        return section, key, str(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return None
