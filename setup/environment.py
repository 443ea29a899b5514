"""Makes `.venv`, complete or not believed, and goes on in it: `python -m setup.environment engine|up [--dev]`.

Needs nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from localcloud.engine import lock
from localcloud.engine.places import write
from localcloud.engine.progress import STARTED, Progress
from localcloud.engine.running import Ended, follow
from setup import pip_settings, stamp
from setup.stamp import Profile, Stamp, Work

ROOT = Path(__file__).resolve().parents[1]
NEXT = {"engine": "localcloud.engine", "up": "setup.up"}


class SetupError(Exception):
    """A step of the installation failed: which, and the end of what it said."""


def ensure(root: Path, asked: Profile, progress: Progress, python: str = sys.executable) -> None:
    """After this `.venv` holds exactly the pinned requirements and this project. Raises `SetupError`."""
    with lock.hold(root / ".uneventful" / "setup.lock", progress.show):
        record = root / ".uneventful" / "environment.json"
        found = stamp.parse(record.read_text()) if record.exists() else None
        wanted = stamp.of(stamp.profile(found, asked), root)
        work = stamp.decide(found, wanted, _runs(root / ".venv"))
        if work is Work.NOTHING:
            progress.say(f".venv: complete ({wanted.profile})")
            return
        write(record, replace(wanted, complete=False).dump())
        _install(root, wanted, work, progress, python)
        write(record, wanted.dump())
        progress.say(f".venv: complete ({wanted.profile})")


def _install(root: Path, wanted: Stamp, work: Work, progress: Progress, python: str) -> None:
    venv = root / ".venv"
    if work is Work.RENEW:
        shutil.rmtree(venv, ignore_errors=True)
        progress.say(f".venv: making it with {python}")
        _check(
            _run([python, "-m", "venv", str(venv)], root, {}, progress, ".venv: making it"), "python -m venv"
        )
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    pip_install = [*pip, "install", "--quiet", "--no-compile"]
    files = [f"requirements/{name}.txt" for name in ("install", wanted.profile)]
    project = ["--no-deps", "--no-build-isolation", "-e", "."]
    fetch_uv = _run(
        [*pip_install, "--require-hashes", "-r", files[0]], root, {}, progress, ".venv: installing uv"
    )
    why = _seen(fetch_uv)
    if not why:
        uv = [str(venv / "bin" / "uv"), "pip"]
        target = ["--quiet", "--python", str(venv / "bin" / "python")]
        said = _run([*pip, "config", "list"], root, {}, progress, ".venv: reading pip's settings").output
        environ = pip_settings.for_uv(said.splitlines(), os.environ)
        what = f".venv: installing requirements/{wanted.profile}.txt with uv"
        progress.say(what)
        why = _seen(_run([*uv, "sync", *target, "--require-hashes", *files], root, environ, progress, what))
        why = why or _seen(_run([*uv, "install", *target, *project], root, environ, progress, what))
    if why:
        what = f".venv: installing requirements/{wanted.profile}.txt with pip"
        progress.say(f"{what}, which takes longer, since uv cannot: {why}")
        _check(
            _run([*pip_install, "--require-hashes", "-r", files[1]], root, {}, progress, what), "pip install"
        )
        _check(_run([*pip_install, *project], root, {}, progress, what), "pip install -e .")


def _run(command: Sequence[str], root: Path, environ: dict[str, str], progress: Progress, what: str) -> Ended:
    progress.show(what)
    try:
        return follow(command, root, {**os.environ, **environ}, lambda _: None, lambda: progress.show(what))
    except OSError as error:
        return Ended(127, "", (str(error),))


def _check(ended: Ended, what: str) -> None:
    if ended.status:
        said = "\n".join(f"  {line}" for line in ended.said) or f"  status {ended.status}"
        raise SetupError(f"`{what}` failed:\n{said}")


def _seen(ended: Ended) -> str:
    """The gist of a failure in one line; empty where there is none."""
    if not ended.status:
        return ""
    lines = [line.strip() for line in ended.said if line.strip()]
    return lines[-1] if lines else f"status {ended.status}"


def _runs(venv: Path) -> bool:
    try:
        done = subprocess.run(
            [venv / "bin" / "python", "-c", "import pip"], capture_output=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    progress = Progress()
    try:
        ensure(ROOT, Profile.DEV if "--dev" in arguments else Profile.LOCAL, progress)
    except SetupError as error:
        progress.close()
        print(f"error: {error}\nThe same command makes the virtual environment anew.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.close()
        print("interrupted: the same command makes the virtual environment anew", file=sys.stderr)
        return 130
    python = str(ROOT / ".venv" / "bin" / "python")
    os.environ[STARTED] = str(progress.started)
    return os.execv(python, [python, "-m", NEXT[arguments[0]]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
