"""The environment of a release's processes, as systemd reads it from files. Pure.

Two files, of which the second wins where both set a name: what the instance itself fetched with its role, among what is
known of the environment (`infra.machine.variables`), and what the release says in the open.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.machine import variables
from infra.machine.variables import assignment
from release.model import Release

FOLDER = "/opt/uneventful"
OPEN = "/etc/uneventful/environment"
SECRET = f"{FOLDER}/secrets"
"""Written by the instance, beside the script that fetches it."""


@dataclass(frozen=True)
class Secret:
    """A secret's ARN, and the id of the one version that is meant; empty for the newest."""

    id: str
    version: str = ""


@dataclass(frozen=True)
class Variables:
    """What processes are told of their environment: `known` in the open, and where the rest is kept."""

    known: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()


def variables_of(
    release: Release, known: Mapping[str, str], login: str, cache: str, shared: str
) -> Variables:
    """What processes of `release` are told: `known` of the environment, and the secrets by their ARNs. `login` is the
    release's own of the database, `cache` the cache's, `shared` the environment's secret variables.
    """
    frozen = (Secret(shared, release.secrets),) if release.secrets else ()
    return Variables(known, (Secret(login), Secret(cache), *frozen))


def pairs_in_the_open(release: Release) -> dict[str, str]:
    """The release's own plain variables, and what every instance sets, which wins over these."""
    own = {
        "PORT": str(release.manifest.port),
        "RELEASE_ID": release.id,
        "RELEASE_VERSION": release.version,
    }
    return {**release.variables, **own}


def in_the_open(release: Release) -> str:
    """The file of these pairs. HOST is put in front by the instance itself."""
    return "".join(assignment(name, value) for name, value in pairs_in_the_open(release).items())


def fetched(told: Variables, region: str) -> dict[str, Any]:
    """What the script is told: which secrets to fetch, and what else is known. No secret's value."""
    secrets = [
        {"id": secret.id, "version": secret.version} if secret.version else {"id": secret.id}
        for secret in told.secrets
    ]
    return {"region": region, "known": dict(told.known), "secrets": secrets}


def script() -> str:
    """The text of the script itself, which is a module of this package."""
    return inspect.getsource(variables)
