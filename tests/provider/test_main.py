"""What a start of the provider costs: a rollback begins with it."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tests.provider.cloud import Cloud
from tests.provider.engine import Engine

SDK = "import grpc.aio, pulumi.provider.experimental.server"
"""What no provider in Python can do without: a third of a second where ours is to start in half of one."""
MOST = 1.75


async def test_a_start_imports_nothing_that_only_the_program_or_a_command_needs(
    cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    await started({**cloud.variables, "PYTHONPROFILEIMPORTTIME": "1"})
    imported = set(re.findall(r"\| +([\w.]+)$", capfd.readouterr().err, re.MULTILINE))
    assert "release.provider.servicer" in imported
    tops = {name.split(".")[0] for name in imported}
    assert not tops & {"pulumi_aws", "pulumi_command", "migrator", "localcloud", "alembic", "typer"}


async def test_a_start_costs_less_than_twice_that_of_the_sdk(cloud: Cloud) -> None:
    # The first one may have to compile, and whatever else uses the processors' caches only ever adds to either.
    starts: list[float] = []
    floors: list[float] = []
    while not starts or (min(starts) > MOST * min(floors) and len(starts) < 6):
        starts.append(await started(cloud.variables))
        floors.append(alone())
    assert min(starts) <= MOST * min(floors), (starts, floors)


async def started(variables: dict[str, str]) -> float:
    """Seconds of processor until the provider has answered the engine."""
    engine = Engine(variables)
    try:
        await engine.start()
        return engine.spent()
    finally:
        await engine.close()


def alone() -> float:
    """Seconds of processor of the SDK's start."""
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", SDK], os.environ)
    usage = os.wait4(pid, 0)[2]
    return usage.ru_utime + usage.ru_stime
