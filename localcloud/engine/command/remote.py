"""Commands on another machine, over SSH."""

from __future__ import annotations

from collections.abc import Mapping

import asyncssh

from localcloud.engine.command.capture import Capture
from localcloud.engine.command.dial import connected
from localcloud.engine.command.inputs import Command
from localcloud.engine.command.outcome import CommandError, CommandFailed, OnLine, Outcome


async def run(command: Command, text: str, previous: Mapping[str, str], on_line: OnLine) -> Outcome:
    """Run `text` on the command's host to its end.

    Raises CommandFailed when its exit status is not 0, CommandError when there is no connection or it breaks: then
    nobody knows here whether the command ended. A cancelled run leaves the remote process alone, as pulumi-command
    does. Variables reach the command where the server's AcceptEnv lets them.
    """
    assert command.connection is not None
    capture = Capture(command.shown, on_line)
    async with connected(command.connection, command.proxy) as connection:
        try:
            process = await connection.create_process(
                text, env={**previous, **dict(command.environment)}, encoding=None
            )
            if command.stdin:
                process.stdin.write(command.stdin.encode())
            process.stdin.write_eof()
            await capture.read(process.stdout, process.stderr)
            ended = await process.wait()
        except (OSError, asyncssh.Error) as error:
            raise CommandError(
                f"the connection to {command.connection.host} was lost while a command ran there ({error}); "
                f'it may have ended or not: "{text}"\n{capture.both}'
            ) from error
    if ended.exit_signal:
        raise CommandFailed(f"Process exited from signal {ended.exit_signal[0]}", text, capture.both)
    if ended.exit_status is None:
        raise CommandError(
            f"{command.connection.host} closed the connection without an exit status; "
            f'the command may have ended or not: "{text}"\n{capture.both}'
        )
    if ended.exit_status != 0:
        raise CommandFailed(f"Process exited with status {ended.exit_status}", text, capture.both)
    return Outcome(capture.text("stdout"), capture.text("stderr"))
