"""Assets and archives as files, named by their content.

The engine leaves an asset's text out when it compares and sends its hash alone, and Terraform's state
holds the file's path. So the same content must always have the same path, on every run.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.aws.errors import NotCarriedError, OperationError
from localcloud.engine.aws.unknown import Tree
from localcloud.engine.aws.values import ARCHIVE, SIGNATURE

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class AssetStore:
    """`folder` keeps the files; relative paths start at `program`, where the engine starts its plugins."""

    folder: Path
    program: Path

    def path(self, asset: Tree) -> str:
        """The file for an asset or an archive, written if its content is there and the file is not."""
        try:
            content = self._content(asset)
        except OSError as error:
            raise OperationError(
                f"the asset {asset.get('path') or 'in an archive'} cannot be read from {self.program}: {error}"
            ) from error
        digest = asset.get("hash") or hashlib.sha256(content or b"").hexdigest()
        file = self.folder / str(digest)
        if content is not None and not file.exists():
            if asset.get(SIGNATURE) != ARCHIVE and hashlib.sha256(content).hexdigest() != digest:
                raise OperationError(
                    f"the asset {asset.get('path')} changed while it was being read; run the command again"
                )
            self._write(file, content)
        return str(file)

    def _content(self, asset: Tree) -> bytes | None:
        if asset.get("uri"):
            raise NotCarriedError(
                f"a remote asset ({asset['uri']}) is not carried by the stand-in for the AWS plugin; "
                "fetch it first and use a FileAsset"
            )
        if asset.get(SIGNATURE) == ARCHIVE:
            return self._archive(asset)
        if asset.get("path"):
            return self._resolve(asset["path"]).read_bytes()
        text = asset.get("text")
        return text.encode() if text else None

    def _archive(self, archive: Tree) -> bytes | None:
        """A file as it is; a folder or a table of assets as a zip that is the same for the same content."""
        if archive.get("path") and self._resolve(archive["path"]).is_file():
            return self._resolve(archive["path"]).read_bytes()
        if not archive.get("path") and not archive.get("assets"):
            return None
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in sorted(self._members(archive)):
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    def _members(self, archive: Tree, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        if archive.get("path"):
            folder = self._resolve(archive["path"])
            if not folder.is_dir():
                raise NotCarriedError(
                    f"an archive inside an archive ({archive['path']}) is not carried by the stand-in for the "
                    "AWS plugin; unpack it first and use a folder"
                )
            for file in folder.rglob("*"):
                if file.is_file():
                    yield f"{prefix}{file.relative_to(folder)}", file.read_bytes()
        for name, inside in (archive.get("assets") or {}).items():
            if inside.get(SIGNATURE) == ARCHIVE:
                yield from self._members(inside, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", self._content(inside) or b""

    def _resolve(self, path: str) -> Path:
        return self.program / path

    def _write(self, file: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        temporary.write_bytes(content)
        temporary.replace(file)
