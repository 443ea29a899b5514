"""oasdiff, the program that knows what breaks the clients of an OpenAPI document."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from release.errors import ApiNotCompared
from release.openapi.changes import Change, parse

VERSION = "1.35.0"
"""The one that this was written for; any later one of its first major version does."""

SECONDS = 60


def compared(live: bytes, wanted: bytes) -> tuple[Change, ...]:
    """What the clients of `live` meet when `wanted` answers them. Each document stands alone: what it refers to outside
    of itself is not fetched.

    Raises ApiNotCompared where there is no oasdiff on PATH, or where it cannot read one of the documents.
    """
    program = shutil.which("oasdiff")
    if program is None:
        raise _not_compared("there is no oasdiff on PATH", _INSTALL)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("live", "wanted")]
        for file, content in zip(files, (live, wanted), strict=True):
            file.write_bytes(content)
        command = [program, "breaking", *map(str, files), "--format", "json", "--allow-external-refs=false"]
        try:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _not_compared(f"oasdiff had not ended after {SECONDS} s", _INSTALL) from None
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().replace(folder, "")
        raise _not_compared(f"exit status {ended.returncode}: {said[:600]}", "edit the document it names")
    try:
        return parse(ended.stdout)
    except ValueError as error:
        raise _not_compared(str(error), _INSTALL) from None


_INSTALL = f"install oasdiff {VERSION} (https://www.oasdiff.com), or go install github.com/oasdiff/oasdiff@v{VERSION}"


def _not_compared(seen: str, remedy: str) -> ApiNotCompared:
    return ApiNotCompared(
        "nobody can say whether the wanted release breaks the clients of the live one",
        expected="oasdiff compares their OpenAPI documents",
        seen=seen,
        next=f"{remedy};\nor, where that cannot be, the same command with --accept-api-changes WHY",
    )
