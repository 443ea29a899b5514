"""`localcloud load` in the background of an act."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from demo.counted import Counted

MIX = ("--slow", "0.01", "--upload", "0.01", "--upload-bytes", "20000", "--keep-alive", "0.5")
"""1 % of the requests take 3 s, 1 % upload a body, half keep their connection open."""


class Load:
    """A steady load on `url` from entering (the first requests have been sent) to leaving. `counted` is there then, and
    the whole closing object as `report`."""

    def __init__(self, url: str, rate: float, variables: Mapping[str, str], mix: Sequence[str] = MIX) -> None:
        self._argv = ["localcloud", "load", url, "--rate", str(rate), "--progress", *mix]
        self._variables = dict(variables)
        self._flowing = threading.Event()
        self._told = False
        self.counted: Counted | None = None
        self.report: dict[str, Any] = {}

    def __enter__(self) -> Load:
        # A session of its own: Ctrl-C in the terminal is for the release; the load is stopped by name.
        self._process = subprocess.Popen(
            self._argv,
            env=self._variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._watch, daemon=True)
        self._reader.start()
        if not self._flowing.wait(15) or self._process.poll() is not None:
            self._process.kill()
            raise RuntimeError(f"the load did not start: {' '.join(self._argv)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        self._process.wait(30)
        self.report = json.loads(said.strip().splitlines()[-1])
        self.counted = Counted.parse(self.report)

    def stop(self) -> None:
        """Send nothing more. Leaving waits for what is in flight."""
        if not self._told:
            self._told = True
            self._process.send_signal(signal.SIGINT)

    def _watch(self) -> None:
        assert self._process.stderr is not None
        for _ in self._process.stderr:
            self._flowing.set()
        self._flowing.set()
