"""`localcloud load URL`: requests at a steady rate, and an honest count of what became of them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from localcloud.load.destination import destination
from localcloud.load.generator import Schedule
from localcloud.load.mix import Mix
from localcloud.load.run import run


def load(
    url: Annotated[str, typer.Argument(help="Where to, e.g. http://127.0.0.1:8080/")],
    rate: Annotated[float, typer.Option(min=0.01, help="Requests a second.")] = 100,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, help="How long; without it until Ctrl-C or SIGTERM.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds from the time when a request is due until it has failed.")
    ] = 10,
    keep_alive: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the requests that go over long-lived connections.")
    ] = 0,
    slow: Annotated[float, typer.Option(min=0, max=1, help="Share of slow requests.")] = 0,
    slow_path: Annotated[str, typer.Option(help="What the slow requests ask for.")] = "/work?seconds=3",
    upload: Annotated[float, typer.Option(min=0, max=1, help="Share of requests that upload a body.")] = 0,
    upload_path: Annotated[str, typer.Option(help="Where the uploads go.")] = "/upload",
    upload_bytes: Annotated[int, typer.Option(min=0, help="Size of an upload's body.")] = 65536,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the closing object to this file as well.")
    ] = None,
    progress: Annotated[
        bool, typer.Option("--progress", help="The live line even where there is no terminal.")
    ] = False,
    host_i_own: Annotated[str, typer.Option(help="Name the host when it is not this machine.")] = "",
) -> None:
    """Send requests at a steady rate and count what becomes of each of them.

    Each request goes out when it is due, whatever became of those before it; its latency counts from
    then. Nothing is sent twice. Each is on a connection of its own unless --keep-alive says otherwise.
    The last line of standard output is a JSON object with the counts: by failure, by status, by release
    (header x-release, else "release" in a JSON answer). The exit status says whether the run took place,
    not whether requests failed.
    """
    to = destination(url, host_i_own)
    try:
        mix = Mix(slow, upload, keep_alive)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    terminal = sys.stderr.isatty()

    def live(line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}" if terminal else f"{line}\n")
        sys.stderr.flush()

    schedule = Schedule(rate, seconds, timeout)
    show = live if terminal or progress else None
    summary = asyncio.run(run(to, schedule, mix, slow_path, upload_path, upload_bytes, show))
    if show and terminal:
        sys.stderr.write("\n")
    closing = json.dumps({"url": url, **summary})
    if json_file:
        json_file.write_text(closing + "\n")
    print(closing, flush=True)
