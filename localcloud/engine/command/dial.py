"""Getting an SSH connection to a host that may still be booting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncssh

from localcloud.engine.command.inputs import Endpoint
from localcloud.engine.command.outcome import CommandError

Sleep = Callable[[float], Awaitable[None]]
_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


@asynccontextmanager
async def connected(
    endpoint: Endpoint, proxy: Endpoint | None, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """A connection to `endpoint`, through `proxy` when there is one, closed at the end.

    Raises CommandError that names the host, the attempts and the last reason when the endpoint's limit of
    failed attempts is reached. A host whose key is not the pinned one is never talked to.
    """
    if proxy is None:
        async with await _dial(endpoint, None, sleep) as connection:
            yield connection
    else:
        async with (
            await _dial(proxy, None, sleep) as tunnel,
            await _dial(endpoint, tunnel, sleep) as connection,
        ):
            yield connection


async def _dial(
    endpoint: Endpoint, tunnel: asyncssh.SSHClientConnection | None, sleep: Sleep
) -> asyncssh.SSHClientConnection:
    options = _options(endpoint)
    failures = 0
    while True:
        try:
            return await asyncssh.connect(
                endpoint.host, port=endpoint.port, tunnel=tunnel or (), options=options, config=None
            )
        except (OSError, asyncssh.Error, TimeoutError) as error:
            failures += 1
            if 0 <= endpoint.dial_error_limit <= failures:
                raise CommandError(
                    f"no SSH connection to {endpoint.user}@{endpoint.host}:{endpoint.port} "
                    f"after {failures} attempts (dialErrorLimit {endpoint.dial_error_limit}); last: {_words(error)}"
                ) from error
            await sleep(min(_PAUSE * 1.5 ** (failures - 1), _LONGEST_PAUSE))


def _options(endpoint: Endpoint) -> asyncssh.SSHClientConnectionOptions:
    try:
        known = asyncssh.import_known_hosts(f"* {endpoint.host_key.strip()}\n") if endpoint.host_key else None
        keys = (
            [asyncssh.import_private_key(endpoint.private_key, endpoint.private_key_password or None)]
            if endpoint.private_key
            else []
        )
    except (asyncssh.KeyImportError, ValueError) as error:
        raise CommandError(
            f"the connection to {endpoint.host} has a key that cannot be read: {error}"
        ) from error
    if known is not None and not any(known.match("*", "", None)[:2]):
        raise CommandError(
            f"the connection to {endpoint.host} has a hostKey that is not a public key; "
            "expected a line such as 'ssh-ed25519 AAAA…'"
        )
    return asyncssh.SSHClientConnectionOptions(
        username=endpoint.user,
        password=endpoint.password or None,
        client_keys=keys or None,
        agent_path=endpoint.agent_socket_path or os.environ.get("SSH_AUTH_SOCK") or None,
        known_hosts=known,
        connect_timeout=endpoint.per_dial_timeout or None,
        login_timeout=endpoint.per_dial_timeout or 0,
        keepalive_interval=15,
    )


def _words(error: BaseException) -> str:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return f"the host's key is not the one that hostKey pins ({error})"
    return str(error) or type(error).__name__
