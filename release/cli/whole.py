"""Whether the bundles of what runs are in the bucket, byte for byte: asked while something else is looked at."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from release.cli.terms import say
from release.errors import BundleGone, DigestMismatch, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release.cli.state import StackState
    from release.ledger import Entry
    from release.model import Manifest

    Verified = Mapping[str, Future[None]]

_PATIENCE = 1.0
"""Seconds to wait for an answer when everything else is known: traffic is not kept waiting for a slow bucket."""


def verifying(state: StackState) -> Verified:
    """Ask about every release (id) that is live or warm. Returns at once."""
    entries = [entry for entry in (state.ledger.live, *state.ledger.warm) if entry]
    if not (entries and state.bucket):
        return {}
    pool = ThreadPoolExecutor(max_workers=len(entries), thread_name_prefix="verify")
    return {entry.release.id: pool.submit(_verify, state.bucket, entry.release.manifest) for entry in entries}


def must_be_whole(entry: Entry, state: StackState, stack: str, verified: Verified) -> None:
    """Raises BundleGone or DigestMismatch, with another way, where the bundle is missing or altered; says so where the
    bucket does not answer, which stops nothing.
    """
    asked = verified.get(entry.release.id)
    if asked is None:
        return
    try:
        asked.result(timeout=_PATIENCE)
    except (BundleGone, DigestMismatch) as error:
        raise type(error)(
            f"{entry.release} is no way back: {error.what}",
            expected=error.expected,
            seen=error.seen,
            state="traffic is where it was; what runs of it still runs, but nothing of it could ever boot again",
            next=_otherwise(entry, state, stack, verified),
        ) from error
    except (StoreError, TimeoutError):
        say(f"  the bucket did not say whether the bundle of {entry.release} is whole")


def _verify(bucket: str, manifest: Manifest) -> None:
    from release.aws import client
    from release.store import S3BundleStore

    S3BundleStore(client("s3"), bucket).verify(manifest)


def _otherwise(entry: Entry, state: StackState, stack: str, verified: Verified) -> str:
    for other in state.ledger.warm:
        asked = verified.get(other.release.id)
        if other.release != entry.release and asked and asked.done() and asked.exception() is None:
            return f"release rollback --to {other.release.id} --stack {stack}"
    return f"release build DIR --version ANOTHER, then release deploy ANOTHER --stack {stack}"
