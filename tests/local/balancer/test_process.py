"""Envoy's process and ports: as many as there should be, and none when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.balancer.envoy import EnvoyBalancer
from localcloud.errors import PortTaken
from localcloud.parts import Action, ListenerState
from tests.local.balancer.conftest import Stage


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def listens(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


async def test_a_killed_envoy_comes_back_with_what_it_served(stage, backend):
    a = stage.group("a", await backend("aaaa"))
    await stage.serve((a,), (1,))
    pid = stage.balancer.pid
    os.kill(pid, signal.SIGKILL)
    await stage.until(lambda: stage.balancer.pid not in (None, pid) and listens(stage.address, stage.port))
    assert await stage.release() == "aaaa"
    b = stage.group("b", await backend("bbbb"))
    await stage.serve((b,), (1,))
    assert await stage.release() == "bbbb"


async def test_a_change_while_envoy_is_dead_is_served_when_apply_returns(stage, backend):
    a, b = stage.group("a", await backend("aaaa")), stage.group("b", await backend("bbbb"))
    await stage.serve((a, b), (1, 0))
    os.kill(stage.balancer.pid, signal.SIGKILL)
    await stage.apply(stage.state((a, b), (0, 1)))
    assert await stage.release() == "bbbb"


async def test_close_leaves_no_process_and_no_port(stage, backend):
    await stage.serve((stage.group("a", await backend("aaaa")),), (1,))
    pid = stage.balancer.pid
    assert listens(stage.address, stage.port)
    await asyncio.to_thread(stage.balancer.close)
    assert stage.balancer.pid is None
    assert not alive(pid)
    assert not listens(stage.address, stage.port)


def test_envoy_dies_with_a_parent_that_is_killed(tmp_path):
    program = f"""
        import time
        from pathlib import Path
        from localcloud.balancer.envoy import EnvoyBalancer
        balancer = EnvoyBalancer(Path({str(tmp_path)!r}))
        balancer.apply(())
        while balancer.pid is None:
            time.sleep(0.01)
        print(balancer.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
    finally:
        parent.kill()
        parent.wait()
    descriptor = None
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
    if descriptor is not None:
        assert select.select([descriptor], [], [], 5)[0], "Envoy outlived its parent by 5 s"
        os.close(descriptor)
    assert not alive(pid)


async def test_a_taken_port_is_told_and_the_rest_is_served(stage, backend):
    with socket.socket() as holder:
        holder.bind((stage.address, 0))
        holder.listen()
        taken = holder.getsockname()[1]
        (state,) = stage.state((stage.group("a", await backend("aaaa")),), (1,))
        extra = ListenerState("arn:two", taken, Action("fixed-response", status=200, body="two"))
        wanted = (replace(state, listeners=(extra, *state.listeners)),)
        with pytest.raises(PortTaken, match=f"{stage.address}:{taken}"):
            await stage.apply(wanted)
        await stage.until(lambda: stage.states("arn:test:targetgroup/a/1") == {"healthy"})
        assert await stage.release() == "aaaa"
    await stage.apply(wanted)
    stage.port = taken
    assert (await stage.get())[2] == "two"


async def test_a_load_balancer_that_is_gone_answers_no_more(stage, backend):
    await stage.serve((stage.group("a", await backend("aaaa")),), (1,))
    await stage.apply(())
    await stage.until(lambda: not listens(stage.address, stage.port))
    await stage.serve((stage.group("a", await backend("again")),), (1,))
    assert await stage.release() == "again"


async def test_a_folder_with_a_long_name_will_do(tmp_path):
    folder = tmp_path / ("long" * 20) / ("name" * 20)
    balancer = await asyncio.to_thread(EnvoyBalancer, folder)
    stage = Stage(balancer)
    try:
        await stage.serve((), (0,))
        assert (await stage.get())[0] == 503
    finally:
        await asyncio.to_thread(balancer.close)
    assert not (folder / "admin.sock").exists()


async def test_a_second_balancer_in_the_folder_of_a_former_one_begins_anew(stage, backend, tmp_path):
    group = stage.group("a", await backend("aaaa"))
    await stage.serve((group,), (1,))
    await stage.get()
    await asyncio.to_thread(stage.balancer.close)
    stage.balancer = await asyncio.to_thread(EnvoyBalancer, tmp_path / "balancer")
    try:
        await stage.apply(stage.state((stage.group("b"),), (1,)))
        assert (await stage.get())[0] == 503
        seen = []
        await stage.until(lambda: bool(seen.extend(stage.balancer.take_counts()) or seen))
        assert {count.target_group_arn for count in seen} == {"arn:test:targetgroup/b/1"}
    finally:
        await asyncio.to_thread(stage.balancer.close)
