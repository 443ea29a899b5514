"""What a version must have shown in one environment before it may come to another. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from release.entries import Entry
from release.errors import PromotionRefused
from release.ledger import Ledger
from release.model import Manifest

_LONGEST = 300
"""Characters of the evidence, as the settings take it."""


@dataclass(frozen=True)
class Promotion:
    """The release that showed it, and the evidence in words, one line."""

    entry: Entry
    evidence: str

    @property
    def manifest(self) -> Manifest:
        """The bundle, byte for byte, with the migrations that have run there."""
        return self.entry.release.manifest


def promotion(version: str, source: str, ledger: Ledger) -> Promotion:
    """The evidence that `version` was live in the environment `source`, which has this ledger, and passed its bake.

    The ledger says of a release that it was live only once all its steps were passed, and its migrations had run.
    Of several releases of the version the one that was live last speaks for it. Raises PromotionRefused.
    """
    found = [*reversed(ledger.of_version(version))]
    if not found:
        known = ", ".join(dict.fromkeys(each.release.version for each in reversed(ledger.entries[-5:])))
        raise PromotionRefused(
            f"version {version} was never live in {source}",
            expected=f"one that was: {known or 'there is none yet'}",
            seen=f"no release of version {version} in the ledger of {source}",
            state="nothing was copied or changed",
            next=f"release deploy {version} --stack {source}",
        )
    latest = max(found, key=lambda each: each.sequence)
    baked = [each for each in found if each.baked and each.release.manifest == latest.release.manifest]
    if not baked:
        raise PromotionRefused(
            f"version {version} was live in {source}, and nobody watched it there with all the traffic",
            expected="a bake of a second or more (uneventful:rollout.bake)",
            seen=f"{latest.release}, live since {latest.live_at or '?'}, baked for {latest.baked} s",
            state="nothing was copied or changed",
            next=f"a bake in Pulumi.{source}.yaml, and the same content as another version to {source}",
        )
    entry = max(baked, key=lambda each: each.sequence)
    return Promotion(entry, _evidence(entry, source))


def refuse_other(wanted: Manifest, here: Manifest | None, target: str) -> None:
    """Raises PromotionRefused where the environment `target` has other content of the version; None is none at all."""
    if here is None or here == wanted:
        return
    migrations = ", ".join(each.revision for each in here.migrations) or "none"
    raise PromotionRefused(
        f"{target} has another version {wanted.version}: a version never changes",
        expected=f"digest {wanted.digest[:12]}, migrations "
        + (", ".join(each.revision for each in wanted.migrations) or "none"),
        seen=f"digest {here.digest[:12]}, migrations {migrations}",
        state="nothing was copied or changed",
        next="release build DIR --version ANOTHER, and let it pass the other environment too",
    )


def _evidence(entry: Entry, source: str) -> str:
    release = entry.release
    migrations = release.manifest.migrations
    schema = f"migrated to {migrations[-1].revision}" if migrations else "without migrations"
    by = f", by {entry.by}" if entry.by else ""
    state = {"live": "and live", "warm": "and warm", "retired": "and left"}[entry.state]
    text = (
        f"live in {source} since {entry.live_at or '?'}{by}, baked for {entry.baked} s {state} now: "
        f"release {release.id}, bundle {release.manifest.digest[:12]}, {schema}"
    )
    return " ".join(text.split())[:_LONGEST]
