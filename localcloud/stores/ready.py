"""Waiting for a server's first answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from localcloud.errors import PartFailed

START_SECONDS = 30.0
POLL_SECONDS = 0.02


def await_answer(
    ask: Callable[[], str],
    what: str,
    last_words: Callable[[], str],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when `ask`, which says why there was no answer, says nothing.

    Raises `PartFailed` with the end of the server's log after 30 s.
    """
    deadline = clock() + START_SECONDS
    while refused := ask():
        if clock() >= deadline:
            raise PartFailed(
                f"{what} did not answer within {START_SECONDS:.0f} s ({refused}):\n{last_words()}",
                "See what the local cloud says of it: localcloud status",
            )
        sleep(POLL_SECONDS)
