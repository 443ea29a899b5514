"""A real SSH server that runs what it is told, on an address of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

ACCEPTED = ("GREETING", "PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR")


@dataclass(frozen=True)
class Host:
    port: int
    host_key: str
    user_key: str

    def connection(self, **changes: object) -> dict[str, object]:
        return {
            "host": "127.0.0.1",
            "port": float(self.port),
            "user": "ops",
            "hostKey": self.host_key,
            "privateKey": self.user_key,
            "dialErrorLimit": 1.0,
            **changes,
        }


class Forwarding(asyncssh.SSHServer):
    """Lets a client go on to another host, as a bastion does."""

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    environment = {name: value for name, value in process.env.items() if name in ACCEPTED}
    child = await asyncio.create_subprocess_shell(
        process.command or "true",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
    try:
        status = await child.wait()
        await process.stdout.drain()
        process.exit(status)
    finally:
        # Also what the redirection has left to be waited for.
        await process.wait_closed()


@asynccontextmanager
async def ssh_host(port: int = 0) -> AsyncIterator[Host]:
    server_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[server_key],
        authorized_client_keys=asyncssh.import_authorized_keys(user_key.export_public_key().decode()),
        server_factory=Forwarding,
        process_factory=_run,
        encoding=None,
    )
    try:
        yield Host(
            server.get_port(),
            server_key.export_public_key().decode().strip(),
            user_key.export_private_key().decode(),
        )
    finally:
        server.close()
        await server.wait_closed()
