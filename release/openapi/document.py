"""An application's OpenAPI document: found in its folder when it is built, and again in its bundle."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import yaml

from release.errors import BundleError
from release.model import OpenApi

LIMIT = 8 << 20
"""Bytes. A document of thousands of operations has one or two million."""


def found(source: Path, path: str) -> OpenApi:
    """The document at `path` in the folder that is packed. Raises BundleError where there is none of OpenAPI 3."""
    file = source / path
    if not file.is_file():
        raise _unusable(path, "nothing of that name in what is packed")
    content = file.read_bytes()
    if len(content) > LIMIT:
        raise _unusable(path, f"{len(content)} bytes, more than {LIMIT}")
    try:
        said = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(path, f"neither JSON nor YAML: {error}") from None
    version = said.get("openapi") if isinstance(said, dict) else None
    if not isinstance(version, str) or not version.startswith("3."):
        raise _unusable(
            path, f"openapi: {version!r}" if isinstance(said, dict) else f"a {type(said).__name__}"
        )
    return OpenApi(path=path, digest=hashlib.sha256(content).hexdigest())


def unpacked(bundle: Path, document: OpenApi) -> bytes:
    """The document's bytes out of a bundle (`.tar.gz`). Raises BundleError where they are not those that were built."""
    with tarfile.open(bundle) as archive:
        member = next((each for each in archive if each.name.removeprefix("./") == document.path), None)
        file = archive.extractfile(member) if member else None
        content = file.read(LIMIT + 1) if file else b""
    if hashlib.sha256(content).hexdigest() != document.digest:
        raise _unusable(document.path, f"other bytes in {bundle.name} than its manifest names")
    return content


def _unusable(path: str, seen: str) -> BundleError:
    return BundleError(
        f"the OpenAPI document {path} cannot be used",
        expected="a document of OpenAPI 3, in JSON or YAML, where [api] openapi in release.toml names it",
        seen=seen,
        state="nothing was built",
        next="edit release.toml or the document; release build DIR --version VERSION",
    )
