"""`release publish`: a bundle goes to a stack's bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli import answer
from release.cli.completion import built
from release.cli.terms import AsJson, Out, Stack, say, size_in_words, working
from release.errors import CommandError, CommandRefused, EnvironmentUnmade

if TYPE_CHECKING:
    from release.cli.project import Project
    from release.cli.state import StackState
    from release.model import Manifest
    from release.store import S3BundleStore


def publish(
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="A version that was built here.", autocompletion=built)
    ],
    stack: Stack,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Put a bundle into a stack's bucket. What is there is never overwritten.

    Example: release publish 2024.1 --stack staging
    """
    from release.bundle import find
    from release.cli.engine import Engine
    from release.cli.project import Project

    if as_json:
        answer.alone()
    project = Project.find(Path.cwd(), stack)
    engine = Engine(project)
    folder = out or project.bundles
    if find(folder, version) is None:
        raise not_built(version, folder)
    project.tell_region()
    state = engine.state()
    manifest = make_available(version, folder, project, state)
    if as_json:
        answer.tell(
            {
                "stack": stack,
                "version": version,
                "digest": manifest.digest,
                "size": manifest.size,
                "bucket": state.bucket,
                "key": manifest.key,
            }
        )


def make_available(version: str, folder: Path, project: Project, state: StackState) -> Manifest:
    """The manifest of a version that is in the stack's bucket, published from `folder` if it is there.

    Raises CommandError where the stack has no bucket yet, or where the version is neither here nor there; and
    what the bucket raises, VersionTaken above all.
    """
    from release.bundle import find
    from release.errors import VersionUnknown

    store = store_of(project, state)
    bundle = find(folder, version)
    if bundle is None:
        try:
            return store.manifest(version)
        except VersionUnknown:
            raise not_built(version, folder) from None
    with working(f"publishing version {version}, {size_in_words(bundle.manifest.size)}"):
        published = store.publish(bundle)
    if published:
        say(f"version {version} published to {state.bucket}: {size_in_words(bundle.manifest.size)}")
    else:
        say(f"version {version} is in {state.bucket} already")
    return bundle.manifest


def not_built(version: str, folder: Path) -> CommandError:
    return CommandRefused(
        f"version {version} was not built here",
        expected=f"a bundle {folder}/{version}-*.tar.gz",
        seen=", ".join(sorted(path.name for path in folder.glob("*.tar.gz"))) or f"no bundle in {folder}",
        state="nothing was changed",
        next=f"release build DIR --version {version}",
    )


def store_of(project: Project, state: StackState, profile: str = "") -> S3BundleStore:
    """The stack's bucket, by the credentials of `profile` if one is named. Raises CommandError without a bucket."""
    from release.store import open_store

    if not state.bucket:
        raise EnvironmentUnmade(
            f"the environment {project.stack} has no bundle bucket yet",
            expected="an environment that an update has made",
            seen="a state without a bucket",
            state="nothing was changed",
            next=f"pulumi up --stack {project.stack}",
        )
    return open_store(state.bucket, profile)
