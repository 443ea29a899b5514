"""`release build`: an application's folder becomes a bundle."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from release.cli import answer
from release.cli.terms import AsJson, Out, say, size_in_words, working


def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The application: it has a Procfile.")],
    version: Annotated[
        str,
        typer.Option("--version", help="The label that people use, never given twice.", show_default=False),
    ],
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of an application's folder: the same input, the same bytes.

    Example: release build examples/shop --version 2024.1
    """
    from release.bundle import build
    from release.cli.project import bundles_of, find_folder

    if as_json:
        answer.alone()
    here = Path.cwd()
    started = time.monotonic()
    with working(f"building version {version}"):
        bundle = build(folder, version, out or bundles_of(find_folder(here) or here))
    manifest = bundle.manifest
    say(f"version {version}: {bundle.path}")
    say(f"  digest {manifest.digest}, {size_in_words(manifest.size)}, {time.monotonic() - started:.1f} s")
    for allowed in bundle.allowed:
        say(f"  {allowed}")
    say(f"  next: release deploy {version} --stack STACK")
    if as_json:
        answer.tell(
            {
                "version": version,
                "digest": manifest.digest,
                "size": manifest.size,
                "path": str(bundle.path),
                "allowed": [str(allowed) for allowed in bundle.allowed],
                "seconds": round(time.monotonic() - started, 1),
            }
        )
