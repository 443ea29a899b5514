"""Whose a resource of AWS is, by the tags that it was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.tags import ENVIRONMENT, PROJECT


def ours(tags: Iterable[Mapping[str, str]], stack: str, project: str) -> bool:
    """Whether it is this environment's. Auto-scaling groups and their instances do not name the project."""
    has = {tag["Key"]: tag["Value"] for tag in tags}
    return has.get(ENVIRONMENT) == stack and has.get(PROJECT, project) == project
