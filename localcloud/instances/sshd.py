"""The SSH server of an instance: `python -m localcloud.instances.sshd FOLDER ADDRESS`, its unit is `sshd.service`.

It listens on the instance's own address, knows the instance's own users and their authorized keys, and starts their
commands where a unit of the instance would be: same PATH, variables and confinement. No passwords, no terminals, no
forwarding.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from pathlib import Path

import asyncssh

from localcloud.instances.root import Root
from localcloud.instances.sshdconfig import SshdConfig, SshdConfigError, read_sshd_config
from localcloud.instances.sshsession import Account, Session

UNIT = "sshd.service"
OWN_VARIABLES = ("PYTHONPATH", "INVOCATION_ID", "PWD", "SHLVL", "OLDPWD", "_")


class Server(asyncssh.SSHServer):
    """One client. Users and keys are read at each log-on, so that a changed file counts at once."""

    def __init__(self, root: Root, config: SshdConfig) -> None:
        self._root = root
        self._config = config
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        assert self._connection is not None
        home = self._root.users().get(username)
        if home is not None and (username != "root" or self._config.root_login):
            keys = self._root.inside(f"{home}/.ssh/authorized_keys")
            if keys.is_file():
                self._connection.set_authorized_keys(str(keys))
        return True

    def session_requested(self) -> Session:
        assert self._connection is not None
        user = str(self._connection.get_extra_info("username"))
        return OwnFilesSession(self._root, self._account(user))

    def _account(self, user: str) -> Account:
        assert self._connection is not None
        home = str(self._root.inside(self._root.users()[user]))
        client, server = (self._connection.get_extra_info(name) for name in ("peername", "sockname"))
        kept = {name: value for name, value in os.environ.items() if name not in OWN_VARIABLES}
        shell = self._root.found(self._root.shell(user))
        return Account(
            shell=shell,
            home=home,
            environment={
                **kept,
                "HOME": home,
                "USER": user,
                "LOGNAME": user,
                "SHELL": shell,
                "SSH_CONNECTION": " ".join(map(str, (*client[:2], *server[:2]))),
            },
        )


class OwnFilesSession(Session):
    """A session in whose command line a first word that names one of the instance's files means that file."""

    def __init__(self, root: Root, account: Account) -> None:
        super().__init__(account)
        self._root = root

    def exec_requested(self, command: str) -> bool:
        first, blank, rest = command.partition(" ")
        own = self._root.found(first)
        return super().exec_requested(command if own == first else f"{shlex.quote(own)}{blank}{rest}")


def host_key(root: Root, config: SshdConfig) -> asyncssh.SSHKey:
    """The instance's own key, made at the first start when the user data brought none."""
    file = root.inside(config.host_key)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        made = asyncssh.generate_private_key("ssh-ed25519")
        file.touch(0o600)
        made.write_private_key(str(file))
        made.write_public_key(f"{file}.pub")
    return asyncssh.read_private_key(str(file))


def enable(root: Root) -> None:
    """On the image the unit is enabled from the beginning; here from its first start on, since an instance that
    nobody logs on to should not pay for a server."""
    link = root.inside(f"/etc/systemd/system/multi-user.target.wants/{UNIT}")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(root.inside(f"/usr/lib/systemd/system/{UNIT}"))


async def serve(root: Root, address: str) -> None:
    """Answer until SIGTERM; then every client is let go."""
    config = read_sshd_config(root)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    connections: set[asyncssh.SSHServerConnection] = set()

    def accepted(connection: asyncssh.SSHServerConnection) -> None:
        connections.difference_update([each for each in connections if each.is_closed()])
        connections.add(connection)

    listener = await asyncssh.listen(
        address,
        config.port,
        server_host_keys=[host_key(root, config)],
        server_factory=lambda: Server(root, config),
        acceptor=accepted,
        encoding=None,
        reuse_address=True,
        password_auth=False,
        kbdint_auth=False,
        gss_host=None,
        allow_scp=False,
        agent_forwarding=False,
        login_timeout=30,
    )
    enable(root)
    print(f"Server listening on {address} port {config.port}.", flush=True)
    await over.wait()
    listener.close()
    for connection in connections:
        connection.disconnect(asyncssh.DISC_BY_APPLICATION, "the server ends")
    await asyncio.gather(*(connection.wait_closed() for connection in connections))


def main() -> int:
    folder, address = Path(sys.argv[1]), sys.argv[2]
    try:
        asyncio.run(serve(Root(folder / "root"), address))
    except (SshdConfigError, OSError, asyncssh.KeyImportError) as error:
        print(f"sshd: {error}", flush=True)
        return 255
    return 0


if __name__ == "__main__":
    sys.exit(main())
