"""Whether what runs could boot again: the bundles of live and warm releases, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release.doctor.finding import Finding, bad, ok
from release.errors import BundleGone, DigestMismatch
from release.ledger import Entry
from release.store import S3BundleStore


def bundles(store: S3BundleStore, entries: Sequence[Entry], stack: str) -> Iterator[Finding]:
    """One finding for each. Raises StoreError where the bucket does not answer."""
    for entry in entries:
        manifest = entry.release.manifest
        try:
            store.verify(manifest)
        except (BundleGone, DigestMismatch) as error:
            seen = f"{entry.release}, {entry.state}: {error.what}; none of its instances can boot again"
            remedy = f"release build DIR --version ANOTHER, then release deploy ANOTHER --stack {stack}"
            yield bad("bundle", seen, remedy)
        else:
            yield ok(
                "bundle",
                f"{entry.release}, {entry.state}: {manifest.size} bytes, sha256 {manifest.digest[:12]}",
            )
    if not entries:
        yield ok("bundle", "nothing is live yet")
