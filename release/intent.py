"""What is intended, before anything is touched: the wanted release, looked up and frozen, and the plan to get there."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from infra.settings import Settings
from release import model
from release.boot import Boot, user_data
from release.environment_file import Secret, Variables
from release.errors import EnvironmentUnmade, ReleaseFrozen
from release.former import Former
from release.freeze import frozen, in_words
from release.ledger import Ledger, Terms
from release.openapi.judged import Compare, Judged, judge
from release.openapi.oasdiff import compared
from release.plan import Plan, make_plan, resolve, unchanged
from release.schedules import refuse_unknown_queues
from release.store import BundleStore

LONGEST_BUCKET = 63
"""Characters (Amazon S3 User Guide, "Bucket naming rules")."""

LONGEST_HOST = 120
"""Characters that AWS makes the name of a database's or a cache's host of, with some to spare."""

LONGEST_ARN = 160
"""Characters of the ARN of one of the environment's secrets, or of a queue's address, with some to spare."""


@dataclass(frozen=True)
class Intent:
    """What an update is about to do, from what was (`former`) and what the plan makes of it; `terms` are those by which
    the ledger is promoted in the end, so that it says of everybody what the plan said.
    """

    former: Former
    plan: Plan
    terms: Terms


def intend(
    settings: Settings,
    former: Former,
    open_store: Callable[[str], BundleStore],
    now: datetime,
    compare: Compare = compared,
) -> Intent:
    """The wanted release and the plan of an update that begins `now`. Touches nothing.

    Raises what `resolve`, `judge` and `user_data` raise, QueueUnknown for a schedule's queue that the settings don't
    name, ReleaseFrozen for a release at this time, and StoreError when a version is wanted where there is no bucket
    yet.
    """

    def manifest_of(version: str) -> model.Manifest:
        if not former.bucket:
            raise _no_bucket(settings.stack, version)
        return open_store(former.bucket).manifest(version)

    def judged() -> Judged:
        # A way back is never held up: its clients have had that document before.
        if plan.action != "release" or not former.bucket:
            return Judged()
        fetch = open_store(former.bucket).document
        return judge(plan.former, plan.wanted, fetch, compare, settings.accept_api or "")

    wanted = resolve(former.ledger, settings.release, manifest_of, settings.variables, settings.secrets or "")
    terms = Terms(now, settings.warm, settings.rollout.bake, settings.evidence or "")
    plan = make_plan(former.ledger, wanted, settings.window, settings.web.min, settings.contract, terms)
    for release in plan.fleets:
        refuse_unknown_queues(release, settings.queues, unchanged(former.ledger))
        for process in release.manifest.processes:
            # What does not fit is refused here, for the longest names that AWS can make, and not half way.
            user_data(_longest(release, process, settings))
    overridden = _overridden(plan, former.ledger, settings, now)
    return Intent(former, replace(plan, overridden=overridden, api=judged()), terms)


def _overridden(plan: Plan, former: Ledger, settings: Settings, now: datetime) -> str:
    """What freeze this update overrides, in words. Raises ReleaseFrozen where it brings something new without that."""
    found = frozen(settings.freeze, now) if plan.action in ("first", "release", "contract") else None
    if found is None:
        return ""
    if settings.override:
        return f"{found}; but {settings.override}"
    what = "contract" if plan.contraction else f"deploy {plan.wanted.version if plan.wanted else ''}"
    raise ReleaseFrozen(
        f"nothing is released in {settings.stack} now: it is {found}",
        expected=f"a time outside of uneventful:freeze, which has {in_words(found.window)}",
        seen=f"{now.astimezone(ZoneInfo(found.window.timezone)):%A %Y-%m-%d %H:%M} {found.window.timezone}",
        state=unchanged(former),
        next=f"the same command after that; or, where it cannot wait,\n"
        f'release {what} --stack {settings.stack} --override-freeze "WHY"\n'
        f"(release rollback is never held back)",
    )


def _longest(release: model.Release, process: model.Process, settings: Settings) -> Boot:
    name, host, arn = map(_noise, (LONGEST_BUCKET, LONGEST_HOST, LONGEST_ARN))
    known = {
        "AWS_REGION": settings.region,
        "DATABASE_HOST": host,
        "DATABASE_PORT": "65535",
        "DATABASE_NAME": settings.database.name,
        "CACHE_HOST": host,
        "CACHE_PORT": "65535",
        "CACHE_NAMESPACE": f"{settings.stack}:",
        **{f"QUEUE_{queue}_URL": _noise(LONGEST_ARN, queue) for queue in settings.queues},
    }
    secrets = (Secret(arn), Secret(arn), Secret(arn, release.secrets))
    return Boot(release, process, name, settings.region, arn, Variables(known, secrets))


def _noise(length: int, of: str = "") -> str:
    """So many characters of something that packing makes no shorter than it would make any name of it."""
    digests = (sha256(f"{of}{number}".encode()).digest() for number in range(length // 32 + 1))
    return b64encode(b"".join(digests)).decode()[:length]


def _no_bucket(stack: str, version: str) -> EnvironmentUnmade:
    return EnvironmentUnmade(
        f"version {version} cannot be released yet: the environment {stack} has no bundle bucket",
        expected="an environment that an update has made, and the version published to it",
        seen=f"uneventful:release: {version}, and a state without a bucket",
        state="nothing was changed",
        next=f"pulumi config rm uneventful:release --stack {stack} && pulumi up --stack {stack},\n"
        f"then release deploy {version} --stack {stack}",
    )
