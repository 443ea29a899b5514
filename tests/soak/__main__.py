"""`python -m tests.soak`: releases, rollbacks, bad releases, kills and migrations in random order, under load, with
jobs and ticks. SOAK_MINUTES (60) of them, once the environment is up; SOAK_SEED gives the order, and is printed.

Exit status 0: nothing was lost, done twice or told wrongly. 1: something was; it says what, and where the logs are.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import psycopg

from localcloud.checkout import find_checkout
from tests.e2e.books import Books
from tests.e2e.stage import LOGS, ROOT, Stage, end, up, variables_for
from tests.soak.order import order
from tests.soak.play import Failed, Play
from tests.soak.totals import Account, Row, told, verdict

FOLDER = ROOT / ".uneventful" / "soak"
"""Totals, and what every command printed."""
LAST = 300.0
"""Seconds for the jobs that are left in the end."""


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    minutes = float(os.environ.get("SOAK_MINUTES", "60"))
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(10**6))
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    print(f"seed {seed}, {minutes:g} minutes; the same order again: SOAK_SEED={seed}", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        return _soaked(home, seed, minutes * 60)
    finally:
        end(home)
        shutil.rmtree(home, ignore_errors=True)
        if (LOGS / "daemon.log").exists():
            shutil.copy(LOGS / "daemon.log", FOLDER / "daemon.log")


def _soaked(home: Path, seed: int, seconds: float) -> int:
    rows: list[Row] = []
    begun = up(home)
    stage = Stage(begun.variables, FOLDER)
    # What this process itself reads of the stack, it reads from the same state.
    os.environ["PULUMI_BACKEND_URL"] = stage.variables["PULUMI_BACKEND_URL"]
    play = Play(stage, home, find_checkout(ROOT, variables_for(home)).socket)
    interrupted, gave_up = False, ""
    try:
        play.open()
        print("the environment is up, two releases are there", flush=True)
        limit = time.monotonic() + seconds
        for deed in order(seed):
            if time.monotonic() > limit:
                break
            rows.append(play.deed(deed))
            print(rows[-1], flush=True)
            if rows[-1].complaint and not play.usable():
                gave_up = f"the environment is not good again after deed {deed.number}"
                break
    except KeyboardInterrupt:
        interrupted = True
    except (AssertionError, Failed, OSError, psycopg.Error) as trouble:
        gave_up = f"{type(trouble).__name__}: {trouble}"
    account = _account(stage, play)
    bad = (*verdict(rows, account), *([gave_up] if gave_up else []))
    print(f"\n{told(rows, account, seed)}")
    _keep(seed, rows, account, bad)
    if bad:
        print("\nNOT AS IT MUST BE:\n  " + "\n  ".join(bad), file=sys.stderr)
        print(f"  what every command printed, and daemon.log: {FOLDER}", file=sys.stderr)
    else:
        print(f"nothing lost, nothing twice; all of it in {FOLDER}")
    return 130 if interrupted else 1 if bad else 0


def _account(stage: Stage, play: Play) -> Account | None:
    """What the books say once all jobs are done, or it has been waited long enough; None where they cannot be read."""
    books = Books(stage)
    numbers = [number for orders in play.orders for number in orders]
    try:
        limit = time.monotonic() + LAST
        while any(books.left(orders) for orders in play.orders) and time.monotonic() < limit:
            time.sleep(1)
        last = max(books.ticks())
        stage.until(books.ticks, lambda seen: max(seen) > last, LAST)
        stage.done("localcloud", "fault", "clear", "schedules-faster")
        done = books.done("id = ANY(%s)", numbers)
        ticks = {due: len(by) for due, by in books.ticks().items() if play.first_tick <= due <= last}
        return Account(
            jobs=len(numbers),
            done=len(done),
            again=sum(len(each.by) - 1 for each in done),
            ticks=ticks,
            migrations=books.migrations(),
            expected=play.migrations,
        )
    except (AssertionError, OSError, ValueError, psycopg.Error) as trouble:
        print(f"the books cannot be read: {trouble}", file=sys.stderr)
        return None


def _keep(seed: int, rows: list[Row], account: Account | None, bad: tuple[str, ...]) -> None:
    counted = account and {**asdict(account), "ticks": {str(due): by for due, by in account.ticks.items()}}
    text = json.dumps(
        {"seed": seed, "bad": bad, "rows": [asdict(row) for row in rows], "books": counted}, indent=1
    )
    (FOLDER / "totals.json").write_text(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
