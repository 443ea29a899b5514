"""Calls to one AWS service: one at a time, never blocking the event loop, tried again by rules of our own.

botocore's own retries are off: they sleep in a thread, where nobody can cancel them. Here only the call itself is in
a thread (bounded by time-outs), and all waiting between tries is awaitable. Each `Calls` has one thread of its own,
so a call that was abandoned half way ends before the next one starts: two writes never overtake each other.
AWS's own variables say where AWS is and who is asking.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

CONNECT_SECONDS = 1.0
READ_SECONDS = 1.5
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""No call lasts longer than this."""

_LONGEST_PAUSE = 1.0
_BUSY_CODES = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "OperationAborted",
    }
)
_BUSY_STATUS = frozenset({408, 429, 500, 502, 503, 504})


class Refused(Exception):
    """AWS answered no, and would again. `code` is AWS's own word for it."""

    def __init__(self, action: str, code: str, message: str) -> None:
        super().__init__(f"{action}: {code}: {message}")
        self.code = code


class Busy(Exception):
    """AWS throttled, failed or did not answer, as often as it was tried."""

    def __init__(self, action: str, tries: int, seconds: float, last: str) -> None:
        super().__init__(f"{action}: {tries} tries in {seconds:.1f} s, the last: {last}")
        self.last = last


class Calls:
    """Calls to `service`, in the order they were made, at most one in flight."""

    def __init__(
        self,
        service: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._sleep = sleep
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=service)

    async def __call__(self, action: str, patience: float = 0.0, /, **arguments: Any) -> Mapping[str, Any]:
        """AWS's answer to `action` (boto3's method name).

        Tried again, with growing random pauses, until `patience` (s) is used up; 0 means a single try.

        Raises:
            Refused: AWS said no, and would again.
            Busy: no answer within the patience. Whether a write came true is then not known.
        """
        started, tries, pause = self._clock(), 0, 0.05
        while True:
            tries += 1
            try:
                return await self._once(action, arguments)
            except Busy as busy:
                last = busy.last
            pause = min(_LONGEST_PAUSE, pause * 2)
            if self._clock() - started + pause > patience:
                raise Busy(action, tries, self._clock() - started, last)
            await self._sleep(pause * random.uniform(0.5, 1.0))

    async def _once(self, action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, functools.partial(_call, self._service, action, arguments)
        )


def _call(service: str, action: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        answer: Mapping[str, Any] = getattr(client(service), action)(**arguments)
        return answer
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _BUSY_CODES or status in _BUSY_STATUS:
            raise Busy(action, 1, 0.0, code if code and not code.isdigit() else f"HTTP {status}") from error
        raise Refused(action, code, str(error.response.get("Error", {}).get("Message", ""))) from error
    except HTTPClientError as error:
        raise Busy(action, 1, 0.0, type(error).__name__) from error
    except BotoCoreError as error:
        raise Refused(action, type(error).__name__, str(error)) from error


_clients: dict[str, Any] = {}
_making = threading.Lock()


def client(service: str) -> Any:
    """The one client of this process for `service`, made on first use (about 0.2 s; thread-safe). botocore's own: boto3
    would import its ways of transferring files with it, a tenth of the time of a rollback.
    """
    with _making:
        if service not in _clients:
            from botocore.config import Config

            _clients[service] = _session().create_client(
                service,
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"total_max_attempts": 1},
                ),
            )
        return _clients[service]


@functools.cache
def _session() -> Any:
    from botocore.session import get_session

    return get_session()


def warm(*services: str) -> None:
    """Make the clients of these services in the background, so that the first call does not wait for them. One that
    cannot be made is left for that call, which says why.
    """

    def make() -> None:
        from botocore.exceptions import BotoCoreError

        with contextlib.suppress(BotoCoreError):
            for service in services:
                client(service)

    threading.Thread(target=make, name="warm", daemon=True).start()
