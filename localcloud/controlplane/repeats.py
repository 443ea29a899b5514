"""Calls that a client sends again, since it has not had, or not believed, an answer: told in the daemon's log.

AWS's SDKs number their attempts (`amz-sdk-request: attempt=2; max=25`) under one `amz-sdk-invocation-id`. A change that
was carried out and is sent again fails with an error of its own, which says nothing about why it was sent again.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from localcloud.controlplane.asked import Asked, Environ

KEPT = 500
"""Calls whose answers are remembered."""

_ATTEMPT = re.compile(r"attempt=(\d+)")
_log = logging.getLogger(__name__)


class Repeats:
    """Remembers how calls that change something were answered, by their SDK's id of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answered: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lock = Lock()

    def noting(self, call: Asked, environ: Environ, start_response: Callable[..., Any]) -> Callable[..., Any]:
        """`start_response` for this call, which remembers what it is told; a call that is sent again is told now."""
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        attempt = _ATTEMPT.search(environ.get("HTTP_AMZ_SDK_REQUEST", ""))
        if attempt and int(attempt[1]) > 1:
            _log.warning(
                "%s %s is sent again, attempt %s: %s",
                call.service,
                call.action,
                attempt[1],
                self._told(invocation),
            )

        def noted(status: str, *more: Any) -> Any:
            with self._lock:
                self._answered[invocation] = (status, self._clock())
                while len(self._answered) > KEPT:
                    self._answered.popitem(last=False)
            return start_response(status, *more)

        return noted if invocation else start_response

    def _told(self, invocation: str) -> str:
        with self._lock:
            status, at = self._answered.get(invocation, ("", 0.0))
        if not status:
            return "no attempt before it was answered here"
        return f"the one before it was answered {status} {self._clock() - at:.1f} s ago"
