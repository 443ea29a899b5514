"""A queue's messages under many receivers at once: each goes to one of them, and none is lost on the way.

moto looks for a message and takes it without a lock, so that two receivers get the same one, and rebuilds its list at
each deletion, so that a message which is sent meanwhile is gone. Both also take time with the length of the queue.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, _filter_message_attributes

from localcloud.controlplane.hooks import Hook

_LOOK = 0.2
"""Seconds after which a receiver who waits looks for what was given back, or has become visible."""


class Held:
    """Messages in the order in which they were sent, found by each receipt handle that they ever had."""

    def __init__(self, messages: list[Any]) -> None:
        self._by_id: dict[str, Any] = {message.id: message for message in messages}
        self._ids: dict[str, str] = {
            handle: message.id for message in messages for handle in message.all_receipt_handles if handle
        }
        self._later: dict[str, Any] = {message.id: message for message in messages if message.delayed}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """A cloud that was kept earlier knew nothing of those for later."""
        self.__dict__.update({"_later": {}, **kept})

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def append(self, message: Any) -> None:
        self._by_id[message.id] = message
        if message.delayed:
            self._later[message.id] = message

    def remove(self, message: Any) -> None:
        del self._by_id[message.id]
        self._later.pop(message.id, None)
        for handle in message.all_receipt_handles:
            self._ids.pop(handle, None)

    def received(self, message: Any) -> None:
        """It has a new receipt handle."""
        self._ids[message.receipt_handle] = message.id

    def find(self, handle: str) -> Any | None:
        return self._by_id.get(self._ids.get(handle, ""))

    def delayed(self) -> int:
        """How many are not to be received for the first time yet. The lock must be held."""
        self._later = {each: message for each, message in self._later.items() if message.delayed}
        return len(self._later)

    def takeable(self) -> Iterator[Any]:
        """Those that may be received now. The lock must be held."""
        return (message for message in self._by_id.values() if message.visible and not message.delayed)


def messages() -> tuple[Hook, ...]:
    """Hooks that need nothing but moto. FIFO queues stay moto's."""
    received = (
        "queue_name",
        "count",
        "wait_seconds_timeout",
        "visibility_timeout",
        "message_attribute_names",
    )
    visibility = ("queue_name", "receipt_handle", "visibility_timeout")
    return (
        Hook(SQSBackend, "receive_message", received, _receive),
        Hook(SQSBackend, "change_message_visibility", visibility, _change_visibility),
        Hook(Queue, "delete_message", ("receipt_handle",), _delete),
        Hook(Queue, "approximate_number_of_messages", (), _waiting),
        Hook(Queue, "approximate_number_of_messages_delayed", (), _delayed),
        Hook(Queue, "approximate_number_of_messages_not_visible", (), _in_flight),
    )


def _receive(
    original: Callable[..., list[Message]],
    backend: Any,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    queue = backend.get_queue(queue_name)
    if queue.fifo_queue:
        return original(
            backend, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names
        )
    until = time.monotonic() + wait_seconds_timeout
    with queue._messages_lock:
        while not (taken := _take(queue, count, visibility_timeout)) and time.monotonic() < until:
            queue._messages_lock.wait(_LOOK)
        copies = [deepcopy(message) for message in taken]
    for copy in copies:
        _filter_message_attributes(copy, message_attribute_names or [])
    return copies


def _take(queue: Any, count: int, visibility_timeout: int) -> list[Any]:
    held = _held(queue)
    oldest = (time.time() - queue.message_retention_period) * 1000
    most = (queue.redrive_policy or {}).get("maxReceiveCount") if queue.dead_letter_queue else None
    taken: list[Any] = []
    gone: list[Any] = []
    for message in held.takeable():
        queue.pending_messages.discard(message)
        if message.sent_timestamp <= oldest or (most and message.approximate_receive_count >= int(most)):
            gone.append(message)
            continue
        message.mark_received(visibility_timeout=visibility_timeout)
        held.received(message)
        queue.pending_messages.add(message)
        taken.append(message)
        if len(taken) >= count:
            break
    for message in gone:
        held.remove(message)
        if message.sent_timestamp > oldest:
            queue.dead_letter_queue.add_message(message)
    return taken


def _delete(original: Callable[..., None], queue: Any, receipt_handle: str) -> None:
    if queue.fifo_queue:
        original(queue, receipt_handle)
        return
    with queue._messages_lock:
        held = _held(queue)
        message = held.find(receipt_handle)
        if message is None:
            # Deleted already, or no receipt handle at all: moto tells one from the other.
            original(queue, receipt_handle)
            return
        held.remove(message)
        queue.pending_messages.discard(message)
        queue.deleted_messages.update(message.all_receipt_handles)


def _change_visibility(
    original: Callable[..., None], backend: Any, queue_name: str, receipt_handle: str, visibility_timeout: int
) -> None:
    queue = backend.get_queue(queue_name)
    with queue._messages_lock:
        original(backend, queue_name, receipt_handle, visibility_timeout)
        queue._messages_lock.notify_all()


def _waiting(original: Callable[[Any], int], queue: Any) -> int:
    if queue.fifo_queue:
        return original(queue)
    with queue._messages_lock:
        held = _held(queue)
        return len(held) - held.delayed() - _taken(queue)


def _delayed(original: Callable[[Any], int], queue: Any) -> int:
    if queue.fifo_queue:
        return original(queue)
    with queue._messages_lock:
        return _held(queue).delayed()


def _in_flight(original: Callable[[Any], int], queue: Any) -> int:
    if queue.fifo_queue:
        return original(queue)
    with queue._messages_lock:
        return _taken(queue)


def _taken(queue: Any) -> int:
    """How many a receiver has at this moment: looked for among those that were received and not deleted, for moto asks
    all three numbers at each message that is sent. The lock must be held.
    """
    return sum(not message.visible for message in queue.pending_messages)


def _held(queue: Any) -> Held:
    """The queue's messages; moto begins, and goes on after a purge, with a list."""
    if not isinstance(queue._messages, Held):
        queue._messages = Held(queue._messages)
    held: Held = queue._messages
    return held
