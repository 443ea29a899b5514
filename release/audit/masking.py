"""What of an exported state is secret, and texts without it. Pure.

Pulumi writes a secret as a mapping with a signature and `ciphertext`, or `plaintext` where somebody exported with
`--show-secrets`; in its history as `[secret]`, or as a value that is said to be one (Pulumi v3.259.0,
`sdk/go/common/resource`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MASKED = "[secret]"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SHORTEST = 4
"""Characters: what is shorter occurs by chance in every text."""

_NAMES = r"password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization"
_NAMED = re.compile(_NAMES, re.IGNORECASE)
_LIKE_ONE = re.compile(
    r"""
    -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk_live_|rk_live_|pul-|AIza|npm_)[\w-]{10,}
    | \beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?
    | (?<![0-9A-Za-z])[0-9a-fA-F]{32}(?![0-9A-Za-z])
    | (?<![\w+/=-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*[0-9])[\w+/=-]{20,}
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_URL = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)")
_ASSIGNED = re.compile(rf"""([\w-]*(?:{_NAMES})[\w-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)""", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A property of a resource that holds a secret: the resource's type and name, and the path of the property."""

    kind: str
    name: str
    path: str


class Mask:
    """Texts without any of these values, and without what looks like a secret."""

    def __init__(self, known: Iterable[str]) -> None:
        long_enough = {value for value in known if len(value.strip()) >= _SHORTEST}
        # A secret that holds another one goes first, or its rest would stay.
        words = "|".join(
            re.escape(value) for value in sorted(long_enough, key=lambda each: (-len(each), each))
        )
        self._known = re.compile(words) if words else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(MASKED, text)
        text = _IN_URL.sub(rf"\1{MASKED}", text)
        text = _ASSIGNED.sub(rf"\1{MASKED}", text)
        return _LIKE_ONE.sub(MASKED, text)


def places(resources: Iterable[Mapping[str, Any]]) -> tuple[Place, ...]:
    """Every property that the engine keeps as a secret, by resource."""
    found = []
    for resource in resources:
        kind, name = str(resource.get("type", "")), str(resource.get("urn", "")).rpartition("::")[2]
        for part in ("inputs", "outputs"):
            found += [Place(kind, name, f"{part}.{path}") for path, _ in _secrets(resource.get(part) or {})]
    return tuple(sorted(set(found), key=lambda each: (each.kind, each.name, each.path)))


def values(exported: object) -> frozenset[str]:
    """The secret values that an export, or a history, holds in the clear: those of the engine's secrets, and those of
    properties whose name says what they are.
    """
    found = set[str]()
    for _, secret in _secrets(exported):
        found |= set(_texts(secret.get("plaintext"))) if isinstance(secret, Mapping) else set()
    found |= set(_told_by_name(exported))
    return frozenset(found - {MASKED})


def _secrets(value: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if _SIGNATURE in value or (value.get("secret") is True and "value" in value):
            secret = value if _SIGNATURE in value else {"plaintext": value["value"]}
            yield path, secret
            return
        for name, each in value.items():
            yield from _secrets(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _secrets(each, f"{path}[{number}]")


def _told_by_name(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(each, str):
                if _NAMED.search(str(name)) and _could_be_one(each):
                    yield from _texts(each)
            else:
                yield from _told_by_name(each)
    elif isinstance(value, list):
        for each in value:
            yield from _told_by_name(each)


def _could_be_one(text: str) -> bool:
    """Not a name of a secret, a word or a switch."""
    return len(text) >= 2 * _SHORTEST and not text.startswith(("arn:", "v1:", "urn:")) and not text.isalpha()


def _texts(value: object) -> Iterator[str]:
    """All texts of a value, and those in a text that is JSON; each as it is, and as it stands in JSON."""
    if isinstance(value, str):
        yield value
        yield json.dumps(value)[1:-1]
        try:
            inner = json.loads(value)
        except ValueError:
            return
        if not isinstance(inner, str) or inner != value:
            yield from _texts(inner)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, int) and value >= 10 ** (_SHORTEST + 1):
        yield str(value)
