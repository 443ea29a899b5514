"""A plan as a preview tells it: the words that the update shows, and the same in its parts. Pure."""

from __future__ import annotations

from datetime import datetime

from release.contraction import listed
from release.ledger import Ledger, overtaken
from release.model import Release
from release.plan import Plan, render
from release.preview.changes import PLAN
from release.preview.preview import Planned, Schedules, Step
from release.schedules import differences
from release.warmth import told


def planned(plan: Plan, ledger: Ledger, now: datetime) -> Planned:
    """From the plan of an update that begins `now`, and the ledger that it was made from."""
    before, after = (each.manifest.schedules if each else () for each in (plan.former, plan.wanted))
    changes = differences(before, after)
    text = render(plan)
    return Planned(
        text=text,
        known=True,
        action=plan.action,
        headline=headline(text),
        former=str(plan.former or ""),
        wanted=str(plan.wanted or ""),
        steps=plan.steps,
        migrations=_migrations(plan),
        schedules=Schedules(
            added=tuple(f"{one.name}: {one}" for one in changes.added),
            changed=tuple(f"{new.name}: from {old}; to {new}" for old, new in changes.changed),
            removed=tuple(f"{one.name}: {one}" for one in changes.removed),
        ),
        stays_warm=tuple(map(str, plan.warm_after)),
        lost=_lost(plan),
        rollback_before=rollback_now(ledger, now),
        rollback_after=_after(plan),
        overridden=plan.overridden,
        api=plan.api.lines(),
    )


def headline(text: str) -> str:
    """The first line of a plan as it is shown, without the word before it."""
    return text.partition("\n")[0].removeprefix(PLAN)


def rollback_now(ledger: Ledger, now: datetime) -> str:
    """What it costs to go back from what is live, before anything is done."""
    live, warm = ledger.live, ledger.warm
    if live is None:
        return "nothing is live"
    if warm:
        return f"to {warm[0].release}: {told(warm[0], now)}"
    older = [entry.release for entry in reversed(ledger.entries) if entry.state == "retired"]
    able = [release for release in older if not overtaken(release, ledger.contracts)]
    if able:
        return f"to {able[0]}: minutes, it would have to boot"
    if older:
        return "there is no way back: contracts have taken away what all older releases need"
    return f"{live.release} is the first release: there is nothing to go back to"


def _after(plan: Plan) -> str:
    if plan.contraction:
        ends = plan.contraction.ends
        return f"there is no way back to {listed(ends)} any more" if ends else "as before"
    return plan.rollback_cost or "as before"


def _lost(plan: Plan) -> tuple[str, ...]:
    """Who leaves the rollback window. Afterwards going back to one of them boots it again, or is not possible."""
    over = {entry.release: entry.warm_until for entry in plan.over}
    leaving = tuple(_leaves(release, over.get(release, "")) for release in plan.leaving)
    ends = plan.contraction.ends if plan.contraction else ()
    return (*leaving, *(f"{release}: its schema is gone, for good" for release in ends))


def _leaves(release: Release, until: str) -> str:
    if until:
        return (
            f"{release}: it was warm until {until}; going back to it takes minutes, as it has to boot again"
        )
    return f"{release}: drained once the traffic has moved; going back to it takes minutes then, not seconds"


def _migrations(plan: Plan) -> tuple[Step, ...]:
    contracts = plan.contraction.revisions if plan.contraction else ()
    allowed = plan.wanted.manifest.allowed if plan.wanted else ()
    return tuple(
        Step(
            revision=migration.revision,
            kind=migration.kind,
            allowed=tuple(
                f"{each.rule}: {each.reason}" for each in allowed if each.revision == migration.revision
            ),
        )
        for migration in (*plan.migrations, *contracts)
    )
