"""What every resource of an environment is labelled with, so that a bill or a console tells whose it is."""

from __future__ import annotations

from collections.abc import Mapping

ENVIRONMENT = "uneventful:environment"
PROJECT = "uneventful:project"
MANAGED_BY = "uneventful:managed-by"
RELEASE = "uneventful:release"
VERSION = "uneventful:version"
PROCESS = "uneventful:process"
TURN = "uneventful:turn"
"""Of an instance of workers: `working` or `resting`, given by who moves the work and read by the instance itself."""


def environment_tags(project: str, stack: str) -> Mapping[str, str]:
    """The tags of everything in the environment that `stack` of `project` is."""
    return {ENVIRONMENT: stack, PROJECT: project, MANAGED_BY: "pulumi"}


def named(name: str) -> dict[str, str]:
    """The tag that AWS's console shows as a resource's name."""
    return {"Name": name}
