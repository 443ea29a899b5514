"""A bundle that was built and is in no bucket yet, as a preview may know it: nothing is published for a look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from release.errors import ManifestUnreadable, VersionUnknown
from release.model import Manifest, OpenApi
from release.openapi.document import unpacked
from release.store import BundleStore, open_store, taken

if TYPE_CHECKING:
    from release.bundle import Bundle

VARIABLE = "UNEVENTFUL_UNPUBLISHED"
"""Names the file with the manifest that `release build` wrote; read in previews only."""


def opening(environ: Mapping[str, str], preview: bool) -> Callable[[str], BundleStore]:
    """How buckets are opened: in a `preview` as if the bundle that `environ` names were published already."""
    path = environ.get(VARIABLE, "")
    if not (preview and path):
        return open_store
    try:
        manifest = Manifest.model_validate_json(Path(path).read_bytes())
    except (OSError, ValidationError) as error:
        raise ManifestUnreadable(
            f"the manifest that {VARIABLE} names cannot be read",
            expected="the .json file beside a bundle that release build made",
            seen=f"{path}: {error if isinstance(error, OSError) else error.errors()[0]['msg']}",
            state="nothing was changed",
            next=f"unset {VARIABLE}",
        ) from None
    return lambda bucket: As(open_store(bucket), manifest, Path(path).with_suffix(".tar.gz"))


class As:
    """A bucket as it would be with one more version in it."""

    def __init__(self, store: BundleStore, unpublished: Manifest, bundle: Path) -> None:
        self._store = store
        self._unpublished = unpublished
        self._bundle = bundle

    def publish(self, bundle: Bundle) -> bool:
        """See BundleStore."""
        return self._store.publish(bundle)

    def manifest(self, version: str) -> Manifest:
        """See BundleStore. Raises VersionTaken where the bucket has other bytes under this version, as publishing it
        would.
        """
        if version != self._unpublished.version:
            return self._store.manifest(version)
        try:
            known = self._store.manifest(version)
        except VersionUnknown:
            return self._unpublished
        if known != self._unpublished:
            raise taken(known, self._unpublished, ", not published")
        return known

    def document(self, openapi: OpenApi) -> bytes:
        """See BundleStore."""
        if openapi == self._unpublished.openapi:
            return unpacked(self._bundle, openapi)
        return self._store.document(openapi)

    def versions(self) -> tuple[str, ...]:
        """See BundleStore."""
        known = self._store.versions()
        own = self._unpublished.version
        return known if own in known else (own, *known)
