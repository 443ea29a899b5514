"""Commands on the machine where `pulumi` runs."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress

from localcloud.engine.command.capture import Capture
from localcloud.engine.command.inputs import Command
from localcloud.engine.command.outcome import CommandError, CommandFailed, OnLine, Outcome

_LONGEST_LINE = 16 << 20


async def run(command: Command, text: str, previous: Mapping[str, str], on_line: OnLine) -> Outcome:
    """Run `text` by the command's interpreter to its end. Raises CommandFailed when its exit status is not 0,
    CommandError when it cannot be started. A cancelled run ends the command's whole process group first."""
    environment = {**os.environ, **previous, **dict(command.environment)}
    try:
        process = await asyncio.create_subprocess_exec(
            *command.interpreter,
            text,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=command.directory,
            env=environment,
            limit=_LONGEST_LINE,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandError(f"the command cannot be started: {error}") from error
    capture = Capture(command.shown, on_line)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        await asyncio.gather(_feed(process, command.stdin), capture.read(process.stdout, process.stderr))
        status = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        raise
    if status != 0:
        reason = f"exit status {status}" if status > 0 else f"signal: {signal.Signals(-status).name}"
        raise CommandFailed(reason, text, capture.both)
    return Outcome(capture.text("stdout"), capture.text("stderr"))


async def _feed(process: Process, text: str | None) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        if text:
            process.stdin.write(text.encode())
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
