"""What the shop's worker makes of messages: those of its web process, those of its schedule, and any other."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest

SHOP = Path(__file__).parents[3] / "examples" / "shop"


class Sqs:
    """A queue of SQS as the shop's client asks it: delivers once, remembers what was deleted."""

    def __init__(self, stopping: threading.Event, *bodies: str) -> None:
        self._stopping = stopping
        self._bodies = list(bodies)
        self.deleted: list[str] = []

    def receive_message(self, **_: Any) -> Any:
        if not self._bodies:
            self._stopping.set()
            return {}
        body = self._bodies.pop(0)
        return {"Messages": [{"Body": body, "ReceiptHandle": f"receipt of {body}"}]}

    def delete_message(self, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(ReceiptHandle.removeprefix("receipt of "))


class Orders:
    def __init__(self) -> None:
        self.done: list[int | str] = []

    def fulfil(self, number: int) -> bool:
        self.done.append(number)
        return True

    def tick(self, due: str) -> bool:
        self.done.append(due)
        return True


def test_orders_and_ticks_are_done_and_a_message_of_another_version_stays_in_the_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SHOP))
    jobs, worker = (importlib.import_module(f"shop.{name}") for name in ("jobs", "worker"))
    known = ['{"order": 7}', '{"due": "2030-01-01T00:00:00Z"}']
    unknown = ['{"gift": 1}', "[]", "tea", '{"order": "x"}']
    stopping, orders = threading.Event(), Orders()
    queue = jobs.Jobs.__new__(jobs.Jobs)
    queue._url, queue._sqs = "https://queue", Sqs(stopping, *unknown, *known)
    worker.work(queue, orders, stopping)
    assert orders.done == [7, "2030-01-01T00:00:00Z"]
    assert queue._sqs.deleted == known
