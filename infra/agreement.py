"""What one setting may say given another. Pure."""

from __future__ import annotations

import json

from infra.errors import Refusal
from infra.settings import Settings


def refusals(settings: Settings) -> list[Refusal]:
    """One for each setting that another one makes senseless."""
    return [*_unknown_queues(settings), *_storage_alarm(settings), *_warm_too_short(settings)]


def _unknown_queues(settings: Settings) -> list[Refusal]:
    names = tuple(settings.queues)
    return [
        Refusal(
            f"uneventful:workers.{process}.queue",
            f"{json.dumps(worker.queue)} (not a queue of this environment)",
            "one of uneventful:queues, " + (", ".join(names) or "which is empty"),
            f"uneventful:workers: {{{process}: {{queue: {json.dumps(names[0] if names else '')}}}}}",
        )
        for process, worker in settings.workers.items()
        if worker.queue and worker.queue not in settings.queues
    ]


def _storage_alarm(settings: Settings) -> list[Refusal]:
    wanted, storage = settings.alarms.free_storage, settings.database.storage
    if wanted < storage:
        return []
    return [
        Refusal(
            "uneventful:alarms.free_storage",
            f"{wanted} (the alarm would never be quiet, and no release would start)",
            f"1 to {storage - 1} GiB, below uneventful:database.storage",
            f"uneventful:alarms: {{free_storage: {min(2, storage - 1)}}}",
        )
    ]


def _warm_too_short(settings: Settings) -> list[Refusal]:
    rollout = settings.rollout
    needed = rollout.drain + rollout.handover + rollout.bake
    if settings.warm > needed:
        return []
    return [
        Refusal(
            "uneventful:warm",
            f"{settings.warm} (over before the release that takes its place is done)",
            f"more than {needed} s, the rollout's drain, handover and bake",
            f"uneventful:warm: {max(86400, 2 * needed)}",
        )
    ]
