"""`release promote`: what was proven in one environment goes live in another, the same bytes."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from release.cli import answer
from release.cli.completion import stacks
from release.cli.terms import (
    AcceptApi,
    AsJson,
    OverrideFreeze,
    Why,
    for_this_update,
    say,
    size_in_words,
    with_override,
    working,
)
from release.errors import CommandRefused

if TYPE_CHECKING:
    from release.cli.project import Project
    from release.model import Manifest
    from release.store import S3BundleStore


def promote(
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="A version that was live in the first environment.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="STACK", help="Where it was proven.", show_default=False, autocompletion=stacks
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--to", metavar="STACK", help="Where it shall go live.", show_default=False, autocompletion=stacks
        ),
    ],
    from_profile: Annotated[
        str,
        typer.Option(
            "--from-profile",
            metavar="NAME",
            help="The AWS profile that may read the first environment's bundles, where its account is another one.",
            show_default=False,
        ),
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Leave a refused release's fleet for a look.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't show a preview and ask first.")] = False,
    reason: Why = "",
    override_freeze: OverrideFreeze = "",
    accept_api_changes: AcceptApi = "",
    as_json: AsJson = False,
) -> None:
    """Bring live what was live elsewhere and passed its bake there, with the evidence in the ledger.

    Nothing is built. Ends with 0 only when it serves all the traffic.

    Example: release promote 2024.1 --from staging --to production
    """
    from release.cli.configuration import EVIDENCE
    from release.cli.deploy import Wish, bring
    from release.cli.engine import Engine
    from release.cli.project import Project
    from release.cli.publish import store_of
    from release.promotion import promotion

    if as_json:
        answer.alone()
    here, there = (Project.find(Path.cwd(), stack) for stack in (source, target))
    if here.stack_file == there.stack_file:
        raise CommandRefused(
            f"{source} cannot be promoted to itself",
            expected="two environments",
            seen=f"{here.stack_file.name}, twice",
            state="nothing was changed",
            next=f"release deploy {version} --stack {target}",
        )
    proven, state = Engine(here).state(), Engine(there).state()
    found = promotion(version, source, proven.ledger)
    say(f"promote {found.entry.release} from {source} to {target}")
    say(f"  evidence: {found.evidence}")
    here.tell_region()
    first = store_of(here, proven, from_profile)
    there.tell_region()
    with tempfile.TemporaryDirectory(prefix="promote-") as scratch:
        _copy(found.manifest, first, store_of(there, state), there, Path(scratch))
    also = {EVIDENCE: found.evidence, **for_this_update(override_freeze, accept_api_changes)}
    why = with_override(reason or f"promote {version} from {source}", override_freeze, accept_api_changes)
    with tempfile.TemporaryDirectory(prefix="promote-") as nothing_built:
        wish = Wish(why, keep, ask=not yes and sys.stdin.isatty(), also=also)
        served = bring(version, target, wish, Path(nothing_built))
    if as_json:
        answer.tell(served)


def _copy(
    manifest: Manifest, first: S3BundleStore, second: S3BundleStore, project: Project, scratch: Path
) -> None:
    """Have the bundle, byte for byte, in the second bucket; what is there already is only verified."""
    from release.bundle import Bundle
    from release.errors import VersionUnknown
    from release.promotion import refuse_other

    try:
        refuse_other(manifest, second.manifest(manifest.version), project.stack)
        second.verify(manifest)
        say(f"  bundle:   in the bucket of {project.stack} already, verified")
    except VersionUnknown:
        with working(f"copying the bundle, {size_in_words(manifest.size)}"):
            copy = scratch / "bundle.tar.gz"
            first.fetch(manifest, copy)
            second.publish(Bundle(copy, manifest))
        say(f"  bundle:   copied, {size_in_words(manifest.size)}, digest {manifest.digest[:12]} verified")
