"""The preview of one stack: what the engine says, and what its state, its settings and its bucket add."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import AccountError
from release.audit.masking import Mask
from release.cli.engine import Engine
from release.cli.project import Project
from release.cli.rehearsed import rehearsed
from release.cli.settings import read_settings
from release.cli.state import StackState
from release.errors import AwsUnanswered, StateUnreadable, StoreError, UneventfulError, page
from release.history import lines
from release.intent import intend
from release.preview import changes
from release.preview.estimate import estimate
from release.preview.planned import headline, planned
from release.preview.preview import Environment, Outcome, Planned, Rehearsal
from release.store import open_store
from release.unpublished import VARIABLE, As

if TYPE_CHECKING:
    from infra.settings import Settings
    from release.bundle import Bundle
    from release.plan import Plan
    from release.store import BundleStore

_UNASKED = tuple(page(error.runbook) for error in (AccountError, StateUnreadable, AwsUnanswered, StoreError))
"""The pages of errors after which nobody knows what an update would do."""

_SECRET_NAMES = re.compile(r"SECRET|TOKEN|PASSPHRASE|PASSWORD|PRIVATE_KEY")


@dataclass(frozen=True)
class Wish:
    """What shall be previewed: this version (empty: what the stack's own configuration wants), from the bundle that was
    built and need not be published. `folder` is where the bundles of this machine are.
    """

    version: str
    bundle: Bundle | None
    folder: Path
    rehearse: bool = True


def preview(project: Project, wish: Wish) -> Environment:
    """The preview, whatever comes of it: an error is told in it, whole, and without a secret."""
    mask = Mask(value for name, value in os.environ.items() if _SECRET_NAMES.search(name.upper()))
    began = time.monotonic()
    try:
        found = _preview(project, wish, mask)
    except UneventfulError as error:
        found = Environment(stack=project.stack, outcome=_outcome(str(error)), error=mask(str(error)))
    return found.model_copy(update={"seconds": round(time.monotonic() - began, 1)})


def _preview(project: Project, wish: Wish, mask: Mask) -> Environment:
    project.tell_region()
    engine = Engine(project)
    also = {VARIABLE: str(_manifest_of(wish.bundle))} if wish.bundle else {}
    done = engine.preview(wish.version or None, also)
    try:
        told = changes.read(json.loads(done.stdout))
    except ValueError:
        said = mask(done.stderr.strip().removeprefix("error: ") or "pulumi preview said nothing")
        return Environment(stack=project.stack, outcome="failed", error=said)
    warnings = tuple(map(mask, told.warnings))
    if done.returncode or told.errors:
        errors = told.errors or (done.stderr.strip().removeprefix("error: ") or "pulumi preview failed",)
        return Environment(
            stack=project.stack,
            outcome=_outcome(*errors),
            error=mask("\n\n".join(errors)),
            warnings=warnings,
            changes=told.changes,
            planned=_told(told.plan) if told.plan else None,
        )
    ready = Environment(
        stack=project.stack,
        outcome="ready",
        warnings=warnings,
        planned=_told(told.plan),
        changes=told.changes,
    )
    return _known(ready, engine, project, wish, mask)


def _known(ready: Environment, engine: Engine, project: Project, wish: Wish, mask: Mask) -> Environment:
    """With the plan in its parts, the time that it takes, and the rehearsal; where they cannot be had, without them, as
    the update itself does not need them.
    """
    now = datetime.now(UTC)
    try:
        state, settings = engine.state(), read_settings(project)
        plan = _plan(state, settings, wish, now)
        history = lines(engine.history(), state.ledger)
    except UneventfulError as error:
        warning = mask(f"no more is known of the plan: {error.what}")
        return ready.model_copy(update={"warnings": (*ready.warnings, warning)})
    parts = planned(plan, state.ledger, now)
    if ready.planned and parts.text != ready.planned.text:
        warning = "the stack's state changed while this was made; it tells more when it is made once more"
        return ready.model_copy(update={"warnings": (*ready.warnings, warning)})
    running = {entry.release.id for entry in state.ledger.warm}
    warm = plan.wanted is not None and plan.wanted.id in running
    return ready.model_copy(
        update={
            "planned": parts,
            "estimate": estimate(plan.action, settings.rollout, len(plan.migrations), history, warm),
            "rehearsal": _rehearsal(plan, state, wish, mask),
        }
    )


def _plan(state: StackState, settings: Settings, wish: Wish, now: datetime) -> Plan:
    from release.former import Former

    wanted = settings.model_copy(update={"release": wish.version}) if wish.version else settings
    return intend(wanted, Former(state.ledger, state.bucket, {}), _opening(wish.bundle), now).plan


def _opening(bundle: Bundle | None) -> Callable[[str], BundleStore]:
    if bundle is None:
        return open_store
    manifest, path = bundle.manifest, bundle.path
    return lambda bucket: As(open_store(bucket), manifest, path)


def _rehearsal(plan: Plan, state: StackState, wish: Wish, mask: Mask) -> Rehearsal | None:
    """None where no migration is to run."""
    if plan.wanted is None or not (plan.migrations or plan.contraction):
        return None
    former = plan.former if plan.former != plan.wanted else None
    manifests = (plan.wanted.manifest, former.manifest if former else None)
    if not wish.rehearse:
        return Rehearsal(
            passed=None, told="as it was asked for", next=f"release rehearse DIR{_before(former)}"
        )
    found = rehearsed(*manifests, wish.folder, open_store(state.bucket))
    return found.model_copy(update={"told": mask(found.told)})


def _before(former: object) -> str:
    return f" --before {getattr(former, 'version', '')}" if former else ""


def _told(text: str) -> Planned | None:
    return Planned(text=text, headline=headline(text)) if text else None


def _manifest_of(bundle: Bundle) -> Path:
    """The file that `release build` wrote beside the archive; absolute, since the program runs elsewhere."""
    return bundle.path.resolve().with_name(bundle.path.name.removesuffix(".tar.gz") + ".json")


def _outcome(*errors: str) -> Outcome:
    """Our own errors end with the page that tells more; any other one is the engine's, or a provider's."""
    pages: Sequence[str] = [
        found for text in errors for found in re.findall(r"docs/runbooks/[\w-]+\.md", text)
    ]
    return "refused" if any(each not in _UNASKED for each in pages) else "failed"
