"""The variables with which `pulumi` works on this checkout's local stacks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from localcloud.checkout import HOME_VARIABLE
from localcloud.engine import record
from localcloud.engine.choice import Source
from localcloud.engine.places import Clone, write


def variables(
    root: Path, environ: Mapping[str, str] | None = None, backend: Path | None = None
) -> dict[str, str]:
    """What to set on top of `environ` in the clone at `root`; makes the passphrase and the backend's folder if missing.

    - PATH: the virtual environment's executables, then the engine's, then what was there. (The language host of a
      built engine runs the first `python` on PATH.)
    - PULUMI_BACKEND_URL: the state of the local stacks is in `backend`, by default that of the usual stack: in the
      clone, or where UNEVENTFUL_HOME puts its local cloud.
    - PULUMI_CONFIG_PASSPHRASE: the clone's own; one for all its clouds, since Pulumi notes its salt in the stack files.
    - PULUMI_HOME: only where stand-ins take the places of plugins.

    Before an engine was found or got, PATH has the virtual environment alone.
    """
    environ = os.environ if environ is None else environ
    clone = Clone(root)
    engine = record.load(clone)
    if backend is None:
        backend = Path(environ.get(HOME_VARIABLE) or root / ".uneventful").resolve() / "pulumi"
    backend.mkdir(parents=True, exist_ok=True)
    first = [str(clone.python.parent)] + ([str(engine.binaries)] if engine else [])
    result = {
        "PATH": in_front(first, environ.get("PATH", os.defpath)),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": passphrase(clone.passphrase),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_PYTHON_CMD": str(clone.python),
        # The secrets of a local stack are opened by what its state says, so the stack files need not say it too.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    if engine and engine.plugins is Source.STAND_INS:
        result["PULUMI_HOME"] = str(clone.home)
        result["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return result


def in_front(first: list[str], path: str) -> str:
    """`first` before everything else on `path`, each folder once."""
    return os.pathsep.join([*first, *(folder for folder in path.split(os.pathsep) if folder not in first)])


def passphrase(path: Path) -> str:
    """The checkout's own, made at the first call and readable by its user alone."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    write(new, secrets.token_urlsafe(24) + "\n", 0o600)
    try:
        # A link fails where a file is: of two commands at once, one makes it and both read it.
        path.hardlink_to(new)
    except FileExistsError:
        pass
    finally:
        new.unlink()
    return _read(path)


def _read(path: Path) -> str:
    return path.read_text().strip()
