"""`python -m demo`: a good release, a sick one and a failing one, under load."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from demo.act import Played, build, play
from demo.story import ROUGH, acts
from demo.table import table
from demo.world import World, local_variables

LOGS = Path(".uneventful/demo")


def main() -> int:
    """0 only when every act went as it must and the load lost nothing."""
    options = _options()
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)
    world = World(options.stack, local_variables(os.environ, options.stack))
    status = world.status()
    if status.live is None:
        console.print("nothing is live yet, so nothing can be lost\n  next: make up")
        return 2
    console.print(
        f"{status.url} serves version {status.live.version}; the load: {options.rate:g} requests a second"
    )
    played: list[Played] = []
    with _weather(ROUGH if options.rough else (), world.variables, console):
        for act in acts(world.released()):
            log = LOGS / f"{act.version}.log"
            console.print(
                f"\n[bold]release deploy {act.version} --stack {world.stack} --yes[/]   ({act.title})"
            )
            build(act.version, world)
            one = play(act, world, options.rate, log)
            played.append(one)
            _tell(console, one, log)
    console.print(table(played, options.rate))
    live = world.status().live
    good = played[0].act.version
    console.print(f"live now: {f'version {live.version} ({live.id})' if live else 'nothing'}")
    return 0 if all(one.went_well for one in played) and live and live.version == good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--stack", default="dev")
    parser.add_argument("--rate", type=float, default=1000, help="requests a second (default 1000)")
    parser.add_argument(
        "--rough",
        action="store_true",
        help="weights take 5 s to reach the data plane; 10 %% of the load balancer API's calls are throttled",
    )
    return parser.parse_args()


def _tell(console: Console, one: Played, log: Path) -> None:
    for line in (*one.milestones, *one.words):
        console.print(f"  {line}", markup=False)
    counted = one.counted
    releases = ", ".join(f"{seen.answered} by {name or '(none)'}" for name, seen in counted.releases)
    refused = "" if one.act.succeeds else f" ({counted.own_failures(one.candidate)} failed by it)"
    console.print(
        f"  exit status {one.status} after {one.seconds:.1f} s; the load: {counted.sent} sent, {one.lost} lost, "
        f"answered {releases}{refused}",
        markup=False,
    )
    if not one.went_well:
        console.print(
            f"  [bold red]not as it must be[/]: failures {dict(counted.kinds)}; all output in {log}"
        )


@contextmanager
def _weather(
    faults: tuple[tuple[str, str], ...], variables: Mapping[str, str], console: Console
) -> Iterator[None]:
    try:
        for name, value in faults:
            console.print(f"weather: {name} {value}")
            subprocess.run(["localcloud", "fault", "set", name, value], env=dict(variables), check=True)
        yield
    finally:
        for name, _ in faults:
            subprocess.run(["localcloud", "fault", "clear", name], env=dict(variables), check=False)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print(
            f"\ninterrupted, and so was a release that ran: it has put back what it had begun ({LOGS})\n"
            '  next: eval "$(.venv/bin/localcloud env)" && release status --stack dev',
            file=sys.stderr,
        )
        sys.exit(130)
