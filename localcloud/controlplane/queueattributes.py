"""A queue's policies as SQS keeps them: moto changes one, forgets one and has no place for another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Queue, SQSBackend

from localcloud.controlplane.hooks import Hook

ALLOW = "RedriveAllowPolicy"


def queue_attributes() -> tuple[Hook, ...]:
    """Hooks that need nothing but moto."""
    return (
        Hook(Queue, "attributes", (), _attributes),
        Hook(Queue, "_set_attributes", ("attributes", "now"), _set_attributes),
        Hook(SQSBackend, "get_queue_attributes", ("queue_name", "attribute_names"), _get_attributes),
    )


def _attributes(original: Callable[[Any], dict[str, Any]], queue: Any) -> dict[str, Any]:
    """AWS answers a redrive policy without blanks, and tells which queues may have this one for their dead letters."""
    attributes = dict(original(queue))
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = json.dumps(
            json.loads(attributes["RedrivePolicy"]), separators=(",", ":")
        )
    if getattr(queue, "redrive_allow_policy", None):
        attributes[ALLOW] = queue.redrive_allow_policy
    return attributes


def _set_attributes(
    original: Callable[..., None], queue: Any, attributes: dict[str, Any], now: float | None = None
) -> None:
    """AWS keeps the policy of a queue when another attribute is set."""
    kept = getattr(queue, "policy", None)
    original(queue, attributes, now)
    if "Policy" not in attributes:
        queue.policy = kept


def _get_attributes(
    original: Callable[..., dict[str, Any]], backend: Any, queue_name: str, attribute_names: list[str]
) -> dict[str, Any]:
    """moto refuses the name of an attribute that it does not know."""
    found = original(backend, queue_name, [name for name in attribute_names if name != ALLOW])
    allowed = getattr(backend.get_queue(queue_name), "redrive_allow_policy", None)
    return {**found, ALLOW: allowed} if ALLOW in attribute_names and allowed else found
