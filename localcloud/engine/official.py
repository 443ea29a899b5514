"""The CLI by Pulumi's own installer."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from localcloud.engine.errors import InstallFailed
from localcloud.engine.progress import Progress

Installer = Callable[[Path, str], None]


def install(folder: Path, version: str, progress: Progress, installer: Installer | None = None) -> None:
    """Puts an official engine into `folder/bin`; `folder` appears only when it is complete.

    To be called under the cache's lock. Raises `InstallFailed` with what the installer said.
    """
    new = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    new.parent.mkdir(parents=True, exist_ok=True)
    progress.show(f"downloading pulumi {version} with Pulumi's installer")
    try:
        (installer or _install)(new, version)
    except subprocess.CalledProcessError as error:
        said = error.output.decode(errors="replace") if isinstance(error.output, bytes) else str(error.output)
        raise InstallFailed(f"the installer ended with status {error.returncode}: {_end(said)}") from None
    except Exception as error:
        raise InstallFailed(f"the installer failed: {error}") from None
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _install(folder: Path, version: str) -> None:
    # Imported where it is used: this takes half a second, and what is before it must work without the SDK.
    from pulumi.automation import PulumiCommand
    from semver import VersionInfo

    PulumiCommand.install(root=str(folder), version=VersionInfo.parse(version))


def _end(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "(no output)"
