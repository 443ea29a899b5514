"""`python -m bench.evidence`: measures what is asked for, keeps it, and writes docs/evidence.md.

What an interrupted go has measured stays: the same command goes on. Exit status 0: all that was asked for is there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.evidence import document
from bench.evidence.contender import CannotMeasure, Contender
from bench.evidence.extras import previews, release_alone
from bench.evidence.haproxy import HAProxy
from bench.evidence.kept import SCENES, Evidence, Store
from bench.evidence.machine import described, lacking
from bench.evidence.nginx import PLACES, Nginx, Rolling, Script
from bench.evidence.ours import WEB, Ours
from bench.evidence.peer import Peer
from bench.evidence.scenes import Stage, Wanted, line, missing, played, rates_of
from bench.workplace import CommandFailed, again, workplace
from localcloud.engine.progress import Progress
from setup.steps import StepFailed

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".uneventful" / "bench"
PEERS: dict[str, type[Peer]] = {"nginx": Nginx, "haproxy": HAProxy, "script": Script, "rolling": Rolling}
OURS = "uneventful"
CONTENDERS = (*PEERS, OURS)
Say = Callable[[str], None]


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    store = Store(KEPT / "evidence.json")
    if options.render:
        kept = store.read()
        if kept is None:
            print(
                f"error: nothing was measured yet: there is no {store.path}\n  next: make bench-evidence",
                file=sys.stderr,
            )
            return 2
        _write(kept)
        return 0
    peers = [PEERS[name] for name in options.contenders if name != OURS]
    absent = lacking([one.name for one in peers], options.wrk)
    if absent:
        print(
            "error: not on this machine: " + "; ".join(absent) + "\n  next: install them, or leave them out: "
            "--contenders, --no-wrk",
            file=sys.stderr,
        )
        return 2
    return _measured(options, store, peers)


def _measured(options: argparse.Namespace, store: Store, peers: list[type[Peer]]) -> int:
    progress = Progress()

    def say(text: str) -> None:
        progress.close()
        print(text, flush=True)

    wanted = Wanted(options.rates, options.scenes, options.rollbacks, options.notice, options.insist)
    evidence = _begun(store, options, say)
    say(f"load {' '.join(f'{one:.1f}' for one in os.getloadavg())}; kept in {store.path}")
    ended = 0
    try:
        with tempfile.TemporaryDirectory(prefix="evidence-") as scratch:
            for peer in peers:
                evidence = _peer(peer, Path(scratch), wanted, options, evidence, store, say)
        if OURS in options.contenders:
            evidence = _ours(wanted, options, evidence, store, progress, say)
    except (CannotMeasure, CommandFailed, StepFailed) as failed:
        say(
            f"error: {failed}\nWhat was measured stays: the same command goes on. Nothing else is left behind."
        )
        ended = 1
    except KeyboardInterrupt:
        say("\ninterrupted: what was measured stays, the same command goes on; nothing else is left behind")
        ended = 130
    if not ended and evidence.runs:
        _write(evidence)
    return ended


def _begun(store: Store, options: argparse.Namespace, say: Say) -> Evidence:
    """What is kept, where it is of this commit, this machine and these settings; else a new one."""
    commit = subprocess.run(
        ("git", "rev-parse", "--short=12", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    fresh = Evidence(
        commit=commit,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=described(),
        web=WEB,
        notice=options.notice,
    )
    kept = store.read()
    same = kept and (kept.commit, kept.machine, kept.web, kept.notice) == (
        commit, fresh.machine, WEB, options.notice,
    )  # fmt: skip
    if kept and same and not options.fresh:
        say(f"going on with what was begun at {kept.started}: {len(kept.runs)} runs are there")
        return kept
    if kept:
        shutil.copy(store.path, store.path.with_name("evidence.before.json"))
        say(f"beginning anew; what was there is in {store.path.with_name('evidence.before.json')}")
    return fresh


def _peer(
    kind: type[Peer],
    scratch: Path,
    wanted: Wanted,
    options: argparse.Namespace,
    evidence: Evidence,
    store: Store,
    say: Say,
) -> Evidence:
    if not missing(wanted, kind.name, evidence.run):
        return evidence
    peer = kind(scratch / kind.__name__, WEB, _bundles(evidence.commit))
    say(f"{peer.name}: {peer.how}")
    try:
        return _scenes(peer, wanted, options, evidence, store, say, dict(os.environ) | {"PATH": _path()})
    except CannotMeasure:
        shutil.copytree(scratch, KEPT / "failed", dirs_exist_ok=True)
        say(f"its files are kept in {KEPT / 'failed'}")
        raise


def _scenes(
    contender: Contender,
    wanted: Wanted,
    options: argparse.Namespace,
    evidence: Evidence,
    store: Store,
    say: Say,
    environ: dict[str, str],
) -> Evidence:
    """All that is missing of a contender's runs; each is kept as soon as it is there."""
    evidence = evidence.model_copy(update={"hows": {**evidence.hows, contender.name: contender.how}})
    keys = missing(wanted, contender.name, evidence.run)
    try:
        url = contender.open()
        wrk = shutil.which("wrk", path=PLACES) if options.wrk else None
        stage = Stage(contender, url, environ, wrk, wanted.notice)
        for run in played(stage, keys, evidence.run, wanted.insist):
            say(line(run))
            evidence = evidence.with_run(run)
            store.write(evidence)
    finally:
        contender.close()
    return evidence


def _ours(
    wanted: Wanted,
    options: argparse.Namespace,
    evidence: Evidence,
    store: Store,
    progress: Progress,
    say: Say,
) -> Evidence:
    left = missing(wanted, OURS, evidence.run)
    extras = options.extras and not (evidence.waited and evidence.calls and evidence.previews)
    if not left and not extras:
        return evidence
    with workplace(ROOT, os.environ, progress.show) as place:
        ours = Ours(place)
        say(f"{ours.name}: {ours.how}; in {place.root}")
        ours.open()
        if extras:
            say("previews, and a release without load")
            told = previews(ours, say)
            times, calls = release_alone(ours)
            evidence = evidence.model_copy(update={"previews": told, "waited": times, "calls": calls})
            store.write(evidence)
        return _scenes(ours, wanted, options, evidence, store, say, dict(ours.environ))


def _bundles(commit: str) -> Callable[[str], Path]:
    """The example's bundle of a look, built in the checkout when a commit's is asked for first."""
    folder = KEPT / "bundles" / commit

    def bundle(look: str) -> Path:
        found = list(folder.glob(f"{look}-*.tar.gz"))
        if not found:
            command = ("release", "build", "examples/shop", "--version", look, "--out", str(folder))
            again(lambda: _ran(command))
            found = list(folder.glob(f"{look}-*.tar.gz"))
        return found[0]

    return bundle


def _ran(command: tuple[str, ...]) -> None:
    """A command of this checkout. Raises CommandFailed."""
    environ = {**os.environ, "PATH": _path()}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(command, done.returncode, (done.stdout + done.stderr).splitlines())


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _write(evidence: Evidence) -> None:
    for file in document.written(evidence, ROOT / "docs"):
        print(f"written: {file.relative_to(ROOT)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)

    def some(of: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
        def parsed(text: str) -> tuple[str, ...]:
            names = tuple(name for name in text.split(",") if name)
            if not names or set(names) - set(of):
                raise argparse.ArgumentTypeError(f"expected some of {','.join(of)}, seen {text!r}")
            return tuple(name for name in of if name in names)

        return parsed

    parser.add_argument("--contenders", type=some(CONTENDERS), default=CONTENDERS, help=",".join(CONTENDERS))
    parser.add_argument("--rates", type=rates_of, default=(200.0, 1000.0, 5000.0), help="requests a second")
    parser.add_argument("--scenes", type=some(SCENES), default=SCENES, help=",".join(SCENES))
    parser.add_argument("--rollbacks", type=int, default=3, help="how often each rollback is measured")
    parser.add_argument(
        "--notice",
        type=float,
        default=30.0,
        help="seconds until somebody sees that a release without gate is bad",
    )
    parser.add_argument(
        "--insist", action="store_true", help="play rates too that this machine does not sustain"
    )
    parser.add_argument("--no-wrk", dest="wrk", action="store_false", help="without the second witness")
    parser.add_argument(
        "--no-extras", dest="extras", action="store_false", help="without previews and API calls"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what an earlier go has measured")
    parser.add_argument(
        "--render", action="store_true", help="write the document from what is kept, measure nothing"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
