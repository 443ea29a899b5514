"""The user's cache folder, where everything that can be made again is kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str] | None = None, home: Path | None = None) -> Path:
    """`$XDG_CACHE_HOME/uneventful`, by default `~/.cache/uneventful`; it may not exist yet."""
    environ = os.environ if environ is None else environ
    named = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: a path that is not absolute counts as not set.
    base = Path(named) if named.startswith("/") else (home or Path.home()) / ".cache"
    return base / "uneventful"
