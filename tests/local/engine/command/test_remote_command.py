from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import grpc
import pytest

from localcloud.engine.command.inputs import REMOTE
from localcloud.engine.command.properties import plain, unmarshal
from tests.local.engine.command.engine_side import Provider, provider
from tests.local.engine.command.ssh_host import Host, ssh_host


@pytest.fixture
async def running() -> AsyncIterator[Provider]:
    async with provider() as it:
        yield it


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with ssh_host() as it:
        yield it


async def test_it_runs_on_the_host_with_stdin_and_shows_its_lines(running: Provider, host: Host) -> None:
    made = await running.create(
        REMOTE, connection=host.connection(), create="cat; echo bad >&2", stdin="in\n"
    )
    state = plain(unmarshal(made.properties))
    assert (state["stdout"], state["stderr"]) == ("in", "bad")
    assert sorted(running.lines.shown) == ["bad", "in"]


async def test_variables_that_the_server_accepts_reach_the_command(running: Provider, host: Host) -> None:
    made = await running.create(
        REMOTE,
        connection=host.connection(),
        create='echo "$GREETING-$OTHER"',
        environment={"GREETING": "hello", "OTHER": "refused by the server"},
    )
    assert plain(unmarshal(made.properties))["stdout"] == "hello-"


async def test_a_failure_tells_its_status_and_output(running: Provider, host: Host) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(REMOTE, connection=host.connection(), create="echo last words; exit 4")
    assert raised.value.details() == (
        'Process exited with status 4: running "echo last words; exit 4":\nlast words'
    )


async def test_a_host_with_another_key_is_never_talked_to(
    running: Provider, host: Host, tmp_path: Path
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(
            REMOTE, connection=host.connection(hostKey=other), create=f"touch {tmp_path}/ran"
        )
    assert "not the one that hostKey pins" in (raised.value.details() or "")
    assert not (tmp_path / "ran").exists()


async def test_a_host_that_is_still_booting_is_tried_again(running: Provider) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    async with ssh_host() as late:
        connection = late.connection(port=float(port), dialErrorLimit=-1.0)
        creating = asyncio.ensure_future(running.create(REMOTE, connection=connection, create="echo up"))
        done, _ = await asyncio.wait([creating], timeout=0.3)
        assert not done
        relay = await asyncio.start_server(lambda r, w: _relay(r, w, late.port), "127.0.0.1", port)
        made = await asyncio.wait_for(creating, 20)
        relay.close()
    assert plain(unmarshal(made.properties))["stdout"] == "up"


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    onward = await asyncio.open_connection("127.0.0.1", port)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    await asyncio.gather(copy(reader, onward[1]), copy(onward[0], writer), return_exceptions=True)


async def test_the_limit_of_attempts_is_told_with_the_last_reason(running: Provider, host: Host) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(
            REMOTE, connection=host.connection(port=float(port), dialErrorLimit=2.0), create="true"
        )
    assert "after 2 attempts (dialErrorLimit 2)" in (raised.value.details() or "")


async def test_a_host_behind_a_proxy_is_reached_through_it(running: Provider, host: Host) -> None:
    async with ssh_host() as proxy:
        through = {name: value for name, value in proxy.connection().items() if name != "dialErrorLimit"}
        made = await running.create(REMOTE, connection=host.connection(proxy=through), create="echo behind")
    assert plain(unmarshal(made.properties))["stdout"] == "behind"


async def test_a_cancelled_update_leaves_the_remote_process_to_end_by_itself(
    running: Provider, host: Host, tmp_path: Path
) -> None:
    gate, ended = tmp_path / "gate", tmp_path / "ended"
    creating = asyncio.ensure_future(
        running.create(
            REMOTE,
            connection=host.connection(),
            create=f"echo up; until test -e {gate}; do sleep 0.02; done; touch {ended}",
        )
    )
    await asyncio.wait_for(running.lines.more.wait(), 10)
    await running.cancel()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(creating, 10)
    assert "left running on its host" in (raised.value.details() or "")
    gate.touch()
    async with asyncio.timeout(10):
        while not ended.exists():
            await asyncio.sleep(0.02)


async def test_a_key_that_cannot_be_read_is_told_plainly(running: Provider, host: Host) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(REMOTE, connection=host.connection(privateKey="nonsense"), create="true")
    assert "cannot be read" in (raised.value.details() or "")
