"""The two who count: the generator of `localcloud load`, an open loop, and wrk, a closed one, at the same time."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from bench.evidence.counts import Counts, Wrk, merged
from demo.load import Load

PER_PROCESS = 2000.0
"""Requests a second that one generator process is given at most."""
WRK_SHARE = 0.1
"""Of the generator's rate: what wrk adds to it."""
WRK_PACE = 20.0
"""Requests a second of one of wrk's connections; see `paced.lua`."""
WRK_HOURS = "2h"
"""It is told to stop long before."""
_SCRIPT = Path(__file__).with_name("paced.lua")


class Witnesses:
    """Both send to `url` from entering (the first requests are under way) to leaving. `counts` is there then, and `wrk`
    where it was asked for."""

    def __init__(self, url: str, rate: float, environ: Mapping[str, str], wrk: str | None) -> None:
        number = max(1, round(-(-rate // PER_PROCESS)))
        self._loads = [Load(url, rate / number, environ) for _ in range(number)]
        self._connections = max(1, round(rate * WRK_SHARE / WRK_PACE))
        self._argv = [wrk, "-t", "1", "-c", str(self._connections), "-d", WRK_HOURS] if wrk else []
        self._url, self._rate, self._environ = url, rate, dict(environ)
        self._open = ExitStack()
        self.counts: Counts | None = None
        self.wrk: Wrk | None = None

    def __enter__(self) -> Witnesses:
        self._began = time.monotonic()
        with self._open:
            for load in self._loads:
                self._open.enter_context(load)
            if self._argv:
                self._process = subprocess.Popen(
                    [*self._argv, "--timeout", "10s", "-s", str(_SCRIPT), self._url],
                    env=self._environ,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    start_new_session=True,
                )
            self._open = self._open.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._argv:
            self._process.send_signal(signal.SIGINT)
            said, _ = self._process.communicate(timeout=30)
            self.wrk = counted(said)
        ended = time.monotonic()
        for load in self._loads:
            load.stop()
        self._open.close()
        self.counts = merged([load.report for load in self._loads], self._rate, ended - self._began)


def counted(said: str) -> Wrk | None:
    """What wrk says of its counts by our script; None where it says nothing."""
    lines = [line for line in said.splitlines() if line.startswith("counted ")]
    return Wrk(**json.loads(lines[-1].removeprefix("counted "))) if lines else None
