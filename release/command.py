"""One-off commands: what the operations host is told about one. Pure.

It holds no secret: the host fetches the bundle, and the secret variables that the order names, with its own role.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.environment_file import fetched, pairs_in_the_open, variables_of
from release.model import Release

LIMIT = 3600
"""Seconds that a command may take, unless something else is said."""


@dataclass(frozen=True)
class Place:
    """The environment that a command runs in. `known` are the facts that every process gets in plain text; `login` (of
    the command's own release), `cache` and `shared` are the ARNs of secrets, as in `environment_file.variables_of`.
    """

    bucket: str
    region: str
    known: Mapping[str, str]
    login: str
    cache: str
    shared: str


def order(
    release: Release,
    place: Place,
    command: str,
    *,
    by: str,
    limit: float = LIMIT,
    attended: bool = False,
) -> dict[str, Any]:
    """What `/opt/uneventful/run` reads: run `command`, a line as a shell reads it, with the bundle and the variables of
    `release`, for `limit` s at most.

    `by` is said in the history. An `attended` command ends with the connection of whoever waits for it.
    """
    told = variables_of(release, place.known, place.login, place.cache, place.shared)
    return {
        "bucket": place.bucket,
        "key": release.manifest.key,
        "digest": release.manifest.digest,
        "region": place.region,
        "release": release.id,
        "version": release.version,
        "by": by,
        "command": command,
        "limit": limit,
        "attended": attended,
        "open": pairs_in_the_open(release),
        "variables": fetched(told, place.region),
    }


def line(words: Sequence[str]) -> str:
    """What was typed after `--`, as a shell reads it: a single word is a line already, more are words each."""
    return words[0] if len(words) == 1 else shlex.join(words)
