"""The log agent of an instance: `python -m localcloud.instances.agent FOLDER`, in the place of the CloudWatch agent.

What is added to the files that its configuration names is in CloudWatch Logs a moment later, a line an event, through
the API that the instance's own AWS_ENDPOINT_URL names. With the standard library only. It looks four times a second,
with one stat() a file. A log group is not made, a stream is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from localcloud.instances.agentconfig import CONFIG, AgentConfig, AgentConfigError, parse_agent_config
from localcloud.instances.logsapi import LogsApi, Refused
from localcloud.instances.root import Root
from localcloud.instances.tail import Position, Tail

LOOK_SECONDS = 0.25
LONGEST_PAUSE = 5.0
STATE = "/opt/aws/amazon-cloudwatch-agent/logs/state.json"


class Store(Protocol):
    def put(self, group: str, stream: str, lines: Sequence[bytes], at: float) -> None:
        """Store the lines as events of the time `at`; raises Refused, and none of them is stored."""


class Shipment:
    """One file on its way to one stream. A refused call is made again, later and later, and nothing is lost."""

    def __init__(self, tail: Tail, group: str, stream: str, flush_seconds: float) -> None:
        self.tail = tail
        self._group, self._stream = group, stream
        self._flush_seconds = flush_seconds
        self._not_before = 0.0
        self._pause = LOOK_SECONDS
        self.trouble = ""

    def step(self, store: Store, now: float, clock: float, last: bool = False) -> bool:
        """Send what there is, if it is time (`last`: in any case, and once only); whether something was sent.

        `now` is the time of the events, `clock` a monotonic one.
        """
        if clock < self._not_before and not last:
            return False
        sent = False
        while True:
            lines, after = self.tail.read(rest=last)
            if after == self.tail.position:
                return sent
            try:
                if told := [line for line in lines if line.strip()]:
                    store.put(self._group, self._stream, told, now)
            except Refused as error:
                self.trouble = f"{self._group} {self._stream}: {error}"
                self._not_before = clock + self._pause
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
                return sent
            self.tail.accept(after)
            self.trouble, self._pause, sent = "", LOOK_SECONDS, True
            self._not_before = clock + self._flush_seconds


class Agent:
    """All files of one configuration. `remembered` is how far each one was sent by an earlier start."""

    def __init__(
        self, root: Root, config: AgentConfig, store: Store, remembered: dict[str, Position]
    ) -> None:
        self._root, self._config, self._store = root, config, store
        self._remembered = remembered
        self._shipments: dict[tuple[str, str], Shipment] = {}
        self._troubles: set[str] = set()

    def step(self, now: float, clock: float, last: bool = False) -> bool:
        """Look at every file; whether something was sent."""
        self._find()
        # Every one of them is asked: a file must not wait for another one.
        sent = [shipment.step(self._store, now, clock, last) for shipment in self._shipments.values()]
        troubles = {shipment.trouble for shipment in self._shipments.values() if shipment.trouble}
        for new in sorted(troubles - self._troubles):
            print(new, flush=True)
        self._troubles = troubles
        return any(sent)

    def positions(self) -> dict[str, Position]:
        return {str(s.tail.path): s.tail.position for s in self._shipments.values()}

    def _find(self) -> None:
        for wanted in self._config.files:
            pattern = str(self._root.inside(wanted.path)).removeprefix(f"{self._root.folder}/")
            literal = not set("*?[") & set(pattern)
            for path in [self._root.folder / pattern] if literal else self._root.folder.glob(pattern):
                if (str(path), wanted.stream) not in self._shipments:
                    tail = Tail(path, self._remembered.get(str(path), Position()))
                    shipment = Shipment(tail, wanted.group, wanted.stream, self._config.flush_seconds)
                    self._shipments[str(path), wanted.stream] = shipment


def remembered(file: Path) -> dict[str, Position]:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return {path: Position(*held) for path, held in json.loads(file.read_text()).items()}
    return {}


def remember(file: Path, positions: dict[str, Position]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps({path: (at.inode, at.offset) for path, at in positions.items()}))
    new.replace(file)


def main() -> int:
    folder = Path(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    root = Root(folder / "root")
    try:
        config = parse_agent_config(root.inside(CONFIG).read_text(), folder.name)
    except (OSError, AgentConfigError) as error:
        print(error, flush=True)
        return 1
    state = root.inside(STATE)
    agent = Agent(root, config, LogsApi(os.environ), remembered(state))
    over = False
    while not over:
        over = signal.sigtimedwait({signal.SIGTERM}, LOOK_SECONDS) is not None
        if agent.step(time.time(), time.monotonic(), last=over):
            remember(state, agent.positions())
    return 0


if __name__ == "__main__":
    sys.exit(main())
