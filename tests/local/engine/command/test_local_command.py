from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.engine.command.inputs import LOCAL
from localcloud.engine.command.properties import UNKNOWN, plain, unmarshal
from tests.local.engine.command.engine_side import Provider, provider


@pytest.fixture
async def running() -> AsyncIterator[Provider]:
    async with provider() as it:
        yield it


async def test_its_output_is_kept_without_the_last_newline_and_shown_as_it_comes(running: Provider) -> None:
    made = await running.create(LOCAL, create="echo one; echo two; echo bad >&2")
    state = plain(unmarshal(made.properties))
    assert (state["stdout"], state["stderr"]) == ("one\ntwo", "bad")
    assert sorted(running.lines.shown) == ["bad", "one", "two"]


async def test_a_line_is_shown_before_the_command_has_ended(running: Provider, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    creating = asyncio.ensure_future(
        running.create(LOCAL, create=f"echo first; until test -e {gate}; do sleep 0.02; done")
    )
    await asyncio.wait_for(running.lines.more.wait(), 10)
    assert running.lines.shown == ["first"]
    assert not creating.done()
    gate.touch()
    await asyncio.wait_for(creating, 10)


async def test_what_is_not_to_be_logged_is_kept_but_not_shown(running: Provider) -> None:
    made = await running.create(LOCAL, create="echo out; echo err >&2", logging="stderr")
    assert plain(unmarshal(made.properties))["stdout"] == "out"
    assert running.lines.shown == ["err"]


async def test_a_failure_tells_its_status_the_command_and_its_output(running: Provider) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(LOCAL, create="echo last words; exit 3")
    assert raised.value.details() == 'exit status 3: running "echo last words; exit 3":\nlast words'


async def test_stdin_directory_and_variables_reach_the_command(running: Provider, tmp_path: Path) -> None:
    made = await running.create(
        LOCAL, create='cat; echo "$NAME"; pwd', stdin="in\n", environment={"NAME": "x y"}, dir=str(tmp_path)
    )
    assert plain(unmarshal(made.properties))["stdout"] == f"in\nx y\n{tmp_path}"


async def test_an_update_is_told_what_its_predecessor_printed_unless_that_is_off(running: Provider) -> None:
    made = await running.create(LOCAL, create="echo before")
    inputs = {"create": "echo before", "update": 'echo "after $PULUMI_COMMAND_STDOUT"'}
    told = await running.update(LOCAL, made.properties, **inputs)
    assert plain(unmarshal(told.properties))["stdout"] == "after before"
    untold = await running.update(LOCAL, made.properties, **inputs, addPreviousOutputInEnv=False)
    assert plain(unmarshal(untold.properties))["stdout"] == "after "


async def test_delete_runs_its_command(running: Provider, tmp_path: Path) -> None:
    made = await running.create(LOCAL, create="true", delete=f"touch {tmp_path}/gone")
    await running.delete(LOCAL, made.properties)
    assert (tmp_path / "gone").exists()


async def test_a_preview_runs_nothing(running: Provider, tmp_path: Path) -> None:
    made = await running.create(LOCAL, create=f"touch {tmp_path}/ran", preview=True)
    assert not (tmp_path / "ran").exists()
    assert plain(unmarshal(made.properties))["stdout"] is UNKNOWN


async def test_what_is_made_of_a_secret_is_secret(running: Provider) -> None:
    secret = PropertyValue("hush").with_secret(True)
    made = await running.create(LOCAL, create="cat", stdin=secret, logging="none")
    assert unmarshal(made.properties)["stdout"].is_secret
    assert running.lines.shown == []


async def test_a_cancel_ends_the_command_and_says_so(running: Provider, tmp_path: Path) -> None:
    creating = asyncio.ensure_future(
        running.create(LOCAL, create=f"echo up; sleep 600 && touch {tmp_path}/survived")
    )
    await asyncio.wait_for(running.lines.more.wait(), 10)
    await running.cancel()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(creating, 10)
    assert "cancelled" in (raised.value.details() or "")


async def test_a_time_limit_ends_the_command(running: Provider) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await asyncio.wait_for(running.create(LOCAL, timeout=0.3, create="sleep 600"), 10)
    assert "time limit of 0.3 s" in (raised.value.details() or "")


async def test_a_folder_that_does_not_exist_is_an_error_without_a_stack_trace(running: Provider) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await running.create(LOCAL, create="true", dir="/does/not/exist")
    assert (raised.value.details() or "").startswith("the command cannot be started")


async def test_changed_triggers_are_seen_as_a_replacement(running: Provider) -> None:
    answer = await running.diff(LOCAL, {"create": "a", "triggers": [1.0]}, {"create": "a", "triggers": [2.0]})
    assert list(answer.replaces) == ["triggers"]
