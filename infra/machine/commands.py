#!/usr/bin/env python3
"""Take orders for commands from a queue, and run them, one at a time: `commands QUEUE-URL REGION`.

A message is an order (`run` reads it). It is deleted when its command has ended, however that was; who dies before,
or is told to stop, leaves it to be delivered again: a command runs at least once, and rarely twice.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WAIT = 20
"""Seconds that a question may wait for a message: the most that SQS offers."""
HIDDEN = 120
"""Seconds for which a message is nobody else's; said again well before they are over."""
AGAIN = 30.0
PAUSE = 5.0
"""Seconds after a question that failed."""
LOOK = 1.0
"""Seconds: a signal that another thread takes, or that comes as a wait begins, does not end that wait."""
BOUNDS = ("--cli-connect-timeout", "5", "--cli-read-timeout", str(WAIT + 10))


class Queue:
    """SQS, asked with the machine's own role. A call that fails is said, and never raised."""

    def __init__(self, url: str, region: str) -> None:
        self._place = ["--queue-url", url, "--region", region, "--output", "json", *BOUNDS]

    def take(self) -> dict[str, Any] | None:
        """The next message, or None where none came."""
        asked = ["--max-number-of-messages", "1", "--wait-time-seconds", str(WAIT)]
        done = self._ask("receive-message", *asked, "--visibility-timeout", str(HIDDEN))
        if done is None:
            time.sleep(PAUSE)
            return None
        messages: list[dict[str, Any]] = json.loads(done or "{}").get("Messages", [])
        return messages[0] if messages else None

    def hide(self, message: dict[str, Any], seconds: int) -> None:
        self._ask("change-message-visibility", *_receipt(message), "--visibility-timeout", str(seconds))

    def delete(self, message: dict[str, Any]) -> None:
        self._ask("delete-message", *_receipt(message))

    def _ask(self, action: str, *arguments: str) -> str | None:
        command = ["aws", "sqs", action, *self._place, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        say(f"{action}: {done.stderr.strip()[-500:]}")
        return None


class Service:
    """Runs until it is told to stop; then the command that runs is told to end, and its message is given back."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._stopped, self._busy = False, False
        self._running: subprocess.Popen[str] | None = None

    def stop(self, *_: object) -> None:
        self._stopped = True
        if self._running is not None:
            self._running.terminate()
        elif not self._busy:
            sys.exit(0)

    def serve(self) -> None:
        while not self._stopped:
            message = self._queue.take()
            if message is not None:
                self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        self._busy = True
        ended = threading.Event()
        keeping = threading.Thread(target=self._keep, args=(message, ended), daemon=True)
        keeping.start()
        try:
            status = self._run(" ".join(message["Body"].splitlines()))
            say(f"a command ended with {status}")
        finally:
            ended.set()
            keeping.join()
        if self._stopped and status:
            self._queue.hide(message, 0)
        else:
            self._queue.delete(message)
        self._busy = False

    def _run(self, order: str) -> int:
        self._running = running = subprocess.Popen([str(HERE / "run")], stdin=subprocess.PIPE, text=True)
        if self._stopped:
            # Told while it was being started, when there was nobody yet to pass it on to.
            running.terminate()
        told: str | None = f"{order}\n"
        while running.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.communicate(told, timeout=LOOK)
            told = None
        self._running = None
        return running.returncode

    def _keep(self, message: dict[str, Any], ended: threading.Event) -> None:
        while not ended.wait(AGAIN):
            self._queue.hide(message, HIDDEN)


def _receipt(message: dict[str, Any]) -> tuple[str, str]:
    return "--receipt-handle", message["ReceiptHandle"]


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    service = Service(Queue(sys.argv[1], sys.argv[2]))
    signal.signal(signal.SIGTERM, service.stop)
    service.serve()


if __name__ == "__main__":
    main()
