"""The local cloud's one process: `python -m localcloud.daemon ROOT HOME STACK`, started by `localcloud up`.

It holds the cloud's lock for as long as it lives; the kernel drops it however it ends. So whoever holds the lock may
end what an earlier daemon left behind.
"""

from __future__ import annotations

import fcntl
import gc
import logging
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from localcloud.checkout import Checkout
from localcloud.control import ControlServer
from localcloud.errors import CloudAlreadyRunning, CloudError, NotUsable
from localcloud.kept import KeptFile, Label, check, told
from localcloud.leftovers import end_left_over, forget
from localcloud.location import Location, location_of
from localcloud.orphans import end_orphans
from localcloud.processes import MARKER_VARIABLE, start_time
from localcloud.record import DaemonRecord

log = logging.getLogger("localcloud")
ANOTHER_RUNS = 3
"""Exit status of a daemon that found another one holding the lock."""


def take_lock(path: Path) -> int:
    """Hold the cloud's lock from now on; returns its file descriptor. Raises `CloudAlreadyRunning` when it is held.

    The lock is the process's own: those that it starts do not hold it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise CloudAlreadyRunning(
            f"a local cloud runs already for {path.parent}.", "See it: localcloud status"
        ) from None
    return descriptor


def usable(checkout: Checkout, location: Location, notes: list[str]) -> Label | None:
    """The label of what an earlier cloud kept for this one; None where there is none, or where it is of no use, which
    `notes` are told and which is then removed."""
    try:
        label = KeptFile(checkout.kept).label()
        if label is not None:
            check(label, location)
            notes.append(told(label, time.time()))
            return label
    except NotUsable as why:
        notes.append(f"what an earlier cloud kept is of no use: {why}")
    notes += forget(checkout)
    return None


def serve(checkout: Checkout) -> None:
    """Be the local cloud until told to stop by SIGTERM, SIGINT or `localcloud down`."""
    location = location_of(checkout.root, checkout.stack)
    # moto reads it at every request, and answers as this account whoever asks.
    os.environ["MOTO_ACCOUNT_ID"] = location.account
    lock = take_lock(checkout.lock)
    os.truncate(checkout.log, 0)
    notes = end_left_over(checkout)
    former = usable(checkout, location, notes)
    # moto, Flask and botocore take most of the start; whatever is wrong above is said without waiting for them.
    from localcloud.cloud import Cloud

    def trouble(said: str) -> None:
        log.error("%s\n%s", said, traceback.format_exc())

    try:
        cloud = Cloud(checkout, location, former, log.info, trouble)
    except NotUsable as why:
        notes[-1:] = [f"what an earlier cloud kept is of no use: {why}", *forget(checkout)]
        cloud = Cloud(checkout, location, None, log.info, trouble)
    for note in notes:
        log.info(note)
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: cloud.stop())

    def down(_asked: object) -> dict[str, object]:
        cloud.stop()
        return {}

    control = ControlServer(
        checkout.socket,
        {
            "status": lambda _asked: {**cloud.status(), "pid": os.getpid(), "notes": notes},
            "fault-set": cloud.set_fault,
            "fault-clear": cloud.clear_fault,
            "fault-list": lambda _asked: cloud.faults(),
            "down": down,
        },
    )
    DaemonRecord(
        pid=os.getpid(),
        started=start_time(os.getpid()) or 0,
        endpoint=cloud.endpoint,
        region=location.region,
        account=location.account,
        control=str(checkout.socket),
    ).write(checkout.record)
    log.info("ready at %s", cloud.endpoint)
    gc.collect()
    gc.freeze()
    try:
        cloud.run()
    finally:
        log.info("ending")
        cloud.close()
        end_orphans(checkout.marker)
        checkout.record.unlink(missing_ok=True)
        control.close()
        log.info("ended")
        os.close(lock)


def main(argv: list[str]) -> int:
    root, home, stack = argv[1:4]
    checkout = Checkout(Path(root), Path(home), stack)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    # What it starts carries the marker; the daemon itself does not, its lock says what it is.
    os.environ[MARKER_VARIABLE] = checkout.marker
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    try:
        serve(checkout)
    except CloudAlreadyRunning:
        return ANOTHER_RUNS
    except CloudError as refused:
        log.error("%s", refused)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
