"""Databases and caches, seen from outside by their processes: AWS/RDS and AWS/ElastiCache. Names and dimensions:
'Amazon CloudWatch metrics for Amazon RDS' and 'Metrics for Valkey and Redis OSS' in AWS's documentation."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud.controlplane.cloudwatch.samples import Sample, reading

RDS, ELASTICACHE = "AWS/RDS", "AWS/ElastiCache"
GIB = 2**30
_SESSION = re.compile(rb"postgres: \S+ \S+ (\[local\]|\S+\(\d+\))")
"""The title of a PostgreSQL process that serves a client: user, database, where the client is."""
_SMALLEST_NODE = 0.5
_NODE_MEMORY = {"micro": _SMALLEST_NODE, "small": 1.37, "medium": 3.09, "large": 6.38}
"""GiB, of the nodes of type t4g and, for `large`, m7g ('Supported node types')."""


@dataclass(frozen=True)
class DatabaseFigures:
    """`used` and `allocated` in bytes."""

    identifier: str
    percent: float
    sessions: int
    used: int
    allocated: int


@dataclass(frozen=True)
class CacheFigures:
    """`nodes` are the ids of the replication group's nodes; they are one server here. `percent` is of all
    processors, `engine` of one; `memory` in bytes."""

    nodes: tuple[str, ...]
    percent: float
    engine: float
    connections: int
    memory: int
    node_type: str


def databases(seen: Iterable[DatabaseFigures]) -> Iterator[Sample]:
    for one in seen:
        scope = {"DBInstanceIdentifier": one.identifier}
        yield reading(RDS, "CPUUtilization", scope, one.percent, "Percent")
        yield reading(RDS, "DatabaseConnections", scope, one.sessions)
        yield reading(RDS, "FreeStorageSpace", scope, max(0, one.allocated - one.used), "Bytes")


def caches(seen: Iterable[CacheFigures]) -> Iterator[Sample]:
    """Evictions are 0: no limit of memory is set here that anything would be evicted at."""
    for one in seen:
        size = _NODE_MEMORY.get(one.node_type.rpartition(".")[2], _SMALLEST_NODE) * GIB
        for node in one.nodes:
            scope = {"CacheClusterId": node}
            yield reading(ELASTICACHE, "CPUUtilization", scope, one.percent, "Percent")
            yield reading(ELASTICACHE, "EngineCPUUtilization", scope, one.engine, "Percent")
            yield reading(ELASTICACHE, "CurrConnections", scope, one.connections)
            percent = 100 * one.memory / size
            yield reading(ELASTICACHE, "DatabaseMemoryUsagePercentage", scope, percent, "Percent")
            yield reading(ELASTICACHE, "Evictions", scope, 0)


def sessions(pids: Iterable[int], folder: Path = Path("/proc")) -> int:
    """How many of these processes of PostgreSQL serve a client."""
    return sum(bool(_SESSION.match(_read(folder / str(pid) / "cmdline"))) for pid in pids)


def connections(pids: Iterable[int], folder: Path = Path("/proc")) -> int:
    """How many clients Valkey has: its open sockets but the one that it listens on."""
    found = 0
    for pid in pids:
        if _read(folder / str(pid) / "comm").startswith((b"valkey", b"redis")):
            sockets = sum(
                _target(one.path).startswith("socket:") for one in _entries(folder / str(pid) / "fd")
            )
            found += max(0, sockets - 1)
    return found


def resident(pids: Iterable[int], folder: Path = Path("/proc")) -> int:
    """Bytes of memory that Valkey itself holds (field 2 of `/proc/PID/statm`)."""
    found = 0
    for pid in pids:
        if _read(folder / str(pid) / "comm").startswith((b"valkey", b"redis")):
            words = _read(folder / str(pid) / "statm").split()
            found += int(words[1]) * os.sysconf("SC_PAGE_SIZE") if words else 0
    return found


def stored(pids: Iterable[int], folder: Path = Path("/proc")) -> int:
    """Bytes of files where PostgreSQL works, which is its data folder; 0 when it does not run."""
    for pid in pids:
        if _read(folder / str(pid) / "comm").startswith(b"postgres"):
            return _size(_target(str(folder / str(pid) / "cwd")))
    return 0


def _size(path: str) -> int:
    total = 0
    for entry in _entries(Path(path)):
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            total += _size(entry.path) if is_folder else entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _entries(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _target(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
