"""What an earlier cloud left: processes, which are ended, and what it keeps, which only `forget` removes.

For who holds the cloud's lock.
"""

from __future__ import annotations

import shutil

from localcloud.checkout import Checkout
from localcloud.kept import KeptFile
from localcloud.orphans import end_orphans
from localcloud.stores import place


def end_left_over(checkout: Checkout) -> list[str]:
    """End what a killed daemon left running. Returns a line for a person on each thing done."""
    orphans = end_orphans(checkout.marker)
    checkout.record.unlink(missing_ok=True)
    if not orphans:
        return []
    pids = ", ".join(str(process.pid) for process in orphans)
    return [f"ended {len(orphans)} processes that a killed cloud had left behind: {pids}"]


def forget(checkout: Checkout) -> list[str]:
    """Remove what an earlier cloud held, and the stacks that describe it. Returns a line for a person, where there was
    any."""
    there = [path for path in (checkout.kept, checkout.pulumi_backend) if path.exists()]
    KeptFile(checkout.kept).forget()
    for folder in (checkout.pulumi_backend, checkout.instances):
        shutil.rmtree(folder, ignore_errors=True)
    place.remove(checkout.stores)
    if not there:
        return []
    return [
        f"removed {' and '.join(map(str, there))}: they described the former cloud, the next one starts empty"
    ]
