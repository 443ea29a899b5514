"""Calls that a client sends again, since it has not had, or not believed, an answer: told in the daemon's log, and
answered as before where they were carried out.

AWS's SDKs number their attempts (`amz-sdk-request: attempt=2; max=25`) under one `amz-sdk-invocation-id`. A change that
was carried out and is carried out again fails with an error of its own, which says nothing about why it was sent again.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

from localcloud.controlplane.asked import Asked, Environ, StartResponse

KEPT = 500
"""Calls whose answers are remembered."""

_ATTEMPT = re.compile(r"attempt=(\d+)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """As WSGI has it; `at` on the clock of its `Repeats`."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float

    @property
    def carried_out(self) -> bool:
        """Whether the call has changed something; one that was refused may do better when it is sent again."""
        return self.status.startswith("2")


class Repeats:
    """Remembers how calls that change something were answered, by their SDK's id of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._lock = Lock()

    def once(
        self,
        call: Asked,
        environ: Environ,
        start_response: StartResponse,
        carry_out: Callable[[Asked, Environ, StartResponse], Iterable[bytes]],
    ) -> Iterable[bytes]:
        """The answer to this call, which is carried out unless it was before."""
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if not invocation:
            return carry_out(call, environ, start_response)
        answer = self._before(call, invocation, environ.get("HTTP_AMZ_SDK_REQUEST", ""))
        if answer is None or not answer.carried_out:
            answer = self._whole(carry_out, call, environ)
            with self._lock:
                self._answers[invocation] = answer
                while len(self._answers) > KEPT:
                    self._answers.popitem(last=False)
        start_response(answer.status, list(answer.headers))
        return [answer.body]

    def _before(self, call: Asked, invocation: str, numbered: str) -> Answer | None:
        attempt = _ATTEMPT.search(numbered)
        if attempt is None or int(attempt[1]) == 1:
            return None
        with self._lock:
            answer = self._answers.get(invocation)
        told = "no attempt before it was answered here"
        if answer is not None:
            told = f"the one before it was answered {answer.status} {self._clock() - answer.at:.1f} s ago"
        _log.warning("%s %s is sent again, attempt %s: %s", call.service, call.action, attempt[1], told)
        return answer

    def _whole(self, carry_out: Callable[..., Iterable[bytes]], call: Asked, environ: Environ) -> Answer:
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        parts = carry_out(call, environ, lambda status, headers, *_: begun.append((status, headers)))
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = begun[-1]
        return Answer(status, tuple(headers), body, self._clock())
