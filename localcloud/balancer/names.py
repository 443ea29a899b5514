"""What each part of a load balancer is called inside Envoy, and in the lines of its access log."""

from __future__ import annotations

import hashlib
import re


def short(arn: str) -> str:
    """A stable name for an ARN, safe in file names, statistics and log lines: its last words and a digest
    of all of it."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", arn.rsplit(":", 1)[-1]).strip("-")[-48:]
    return f"{words}-{hashlib.sha256(arn.encode()).hexdigest()[:8]}"


def listener_name(address: str, port: int) -> str:
    """The name of the listener on one address and port; it is also the name of its table of routes."""
    return f"{address.replace('.', '-')}-{port}"
