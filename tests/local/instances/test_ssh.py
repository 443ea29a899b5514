"""An instance whose user data restarts sshd is logged on to as an EC2 instance is: by key, with its own key pinned."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from localcloud.engine.command import remote
from localcloud.engine.command.inputs import Command, Endpoint
from localcloud.engine.command.outcome import CommandError, CommandFailed
from localcloud.parts import InstanceSpec
from tests.local.instances.trial import Cloud, awaited

PORT = 2222
HELLO = "#!/bin/sh\\necho hello from $(pwd)\\n"


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@dataclass(frozen=True)
class Host:
    cloud: Cloud
    spec: InstanceSpec
    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey

    @property
    def root(self) -> Path:
        return self.cloud.folder / self.spec.instance_id / "root"

    def endpoint(self) -> Endpoint:
        return Endpoint(
            host=self.spec.address,
            port=PORT,
            user="ec2-user",
            host_key=public(self.host_key),
            private_key=self.user_key.export_private_key().decode(),
            dial_error_limit=20,
            per_dial_timeout=5,
        )

    def connect(self):
        known = asyncssh.import_known_hosts(f"* {public(self.host_key)}\n")
        return asyncssh.connect(
            self.spec.address,
            PORT,
            username="ec2-user",
            client_keys=[self.user_key],
            known_hosts=known,
            config=None,
        )


def user_data(host_key: asyncssh.SSHKey, user_key: asyncssh.SSHKey, config: str = "") -> bytes:
    private = host_key.export_private_key().decode().replace("\n", "\\n")
    return f"""#cloud-config
users:
- name: ec2-user
  groups: [wheel]
  sudo: ALL=(ALL) NOPASSWD:ALL
  ssh_authorized_keys: ["{public(user_key)}"]
packages: [python3, tar]
write_files:
- path: /etc/ssh/ssh_host_ed25519_key
  permissions: '0600'
  content: "{private}"
- path: /etc/ssh/sshd_config.d/uneventful.conf
  content: "Port {PORT}\\nPasswordAuthentication no\\nPermitRootLogin no\\n{config}"
- path: /opt/uneventful/hello
  permissions: '0755'
  content: "{HELLO}"
runcmd:
- systemctl restart sshd
""".encode()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    cloud = Cloud(tmp_path_factory.mktemp("ssh") / "instances")
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]
    spec = cloud.booted(user_data(*keys))
    host = Host(cloud, spec, *keys)
    awaited(lambda: "Server listening" in cloud.log(spec, "sshd.service"))
    yield host
    cloud.instances.close()
    assert cloud.processes() == ()


async def ran(host: Host, text: str, stdin: str = "") -> remote.Outcome:
    async def silent(*_line: str) -> None:
        pass

    command = Command(create=text, stdin=stdin, connection=host.endpoint())
    return await asyncio.wait_for(remote.run(command, text, {}, silent), 10)


def test_the_command_resource_runs_a_file_of_the_instance_with_its_stdin(host: Host):
    outcome = asyncio.run(ran(host, "/opt/uneventful/hello"))
    assert outcome.stdout == f"hello from {host.root}/home/ec2-user"
    assert asyncio.run(ran(host, "cat; echo no >&2", '{"do": "migrate"}')).stdout == '{"do": "migrate"}'


def test_a_command_has_what_a_unit_of_the_instance_has(host: Host):
    outcome = asyncio.run(
        ran(host, "command -v aws systemctl python3; sudo -n id -un; echo $AWS_REGION $USER $HOME; env")
    )
    said = outcome.stdout.splitlines()
    assert said[:3] == [f"{host.root}/usr/bin/{name}" for name in ("aws", "systemctl", "python3")]
    assert said[4] == f"eu-west-1 ec2-user {host.root}/home/ec2-user"
    assert "PYTHONPATH" not in outcome.stdout
    assert asyncio.run(ran(host, "systemctl is-active sshd")).stdout == "active"


def test_how_a_command_ended_is_what_the_client_learns(host: Host):
    with pytest.raises(CommandFailed, match="status 7"):
        asyncio.run(ran(host, "echo out; exit 7"))
    with pytest.raises(CommandFailed, match="signal TERM"):
        asyncio.run(ran(host, "kill -TERM $$"))
    with pytest.raises(CommandFailed, match="status 127"):
        asyncio.run(ran(host, "/opt/nothing"))


def test_a_host_with_another_key_is_never_talked_to_and_an_unknown_user_key_never_let_in(host: Host):
    other = asyncssh.generate_private_key("ssh-ed25519")
    for wrong, words in (
        (replace(host, host_key=other), "not the one that hostKey pins"),
        (replace(host, user_key=other), "Permission denied"),
    ):
        endpoint = replace(wrong.endpoint(), dial_error_limit=1)
        command = Command(create="touch let-in", connection=endpoint)
        with pytest.raises(CommandError, match=words):
            asyncio.run(remote.run(command, "touch let-in", {}, lambda *_line: asyncio.sleep(0)))
    assert not (host.root / "home/ec2-user/let-in").exists()


def test_bytes_go_through_unchanged_both_ways_and_sessions_do_not_wait_for_each_other(host: Host):
    data = bytes(range(256)) * 8192

    async def many() -> None:
        async with host.connect() as connection:
            waiting = await connection.create_process("read line; echo $line", encoding=None)
            copies = (connection.run("cat", input=data, encoding=None, check=True) for _ in range(3))
            assert [len(c.stdout) for c in await asyncio.gather(*copies)] == [len(data)] * 3
            big = await connection.run("head -c 3000000 /dev/zero; echo e >&2", encoding=None)
            assert (len(big.stdout), big.stderr) == (3000000, b"e\n")
            waiting.stdin.write(b"done\n")
            assert (await waiting.wait()).stdout == b"done\n"

    asyncio.run(asyncio.wait_for(many(), 20))


async def _running(host: Host, connection: asyncssh.SSHClientConnection, text: str) -> tuple:
    process = await connection.create_process(text)
    return process, int(await process.stdout.readline())


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_the_clients_signal_reaches_the_command(host: Host):
    async def signalled() -> None:
        async with host.connect() as connection:
            process, _pid = await _running(
                host, connection, "trap 'echo told; exit 3' INT; echo $$; while :; do sleep 0.05; done"
            )
            process.send_signal("INT")
            ended = await asyncio.wait_for(process.wait(), 5)
            assert (ended.stdout, ended.exit_status) == ("told\n", 3)

    asyncio.run(signalled())


def test_a_client_that_goes_away_closes_the_pipes_and_nothing_else(host: Host, tmp_path: Path):
    done = tmp_path / "done"

    async def lost(text: str) -> int:
        connection = await host.connect()
        _process, pid = await _running(host, connection, f"echo $$; {text}")
        connection.abort()
        return pid

    deaf = asyncio.run(lost(f"cat >/dev/null; echo ended >{done}"))
    awaited(lambda: gone(deaf), within=4)
    assert done.read_text() == "ended\n", "what does not write to the client runs on to its end"
    loud = asyncio.run(lost("while :; do echo more || exit; sleep 0.05; done"))
    awaited(lambda: gone(loud), within=4)


def test_a_wrong_configuration_fails_the_restart_by_name(cloud: Cloud):
    keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]
    status = cloud.settled(cloud.start(user_data(*keys, config="PasswordAuthentication yes\\nMatch all\\n")))
    assert status.state == "failed"
    log = cloud.log(InstanceSpec(next(iter(cloud.folder.iterdir())).name, "", b"", ""), "sshd.service")
    assert "sshd_config.d/uneventful.conf line 5: match all" in log


def test_a_host_without_a_key_makes_one_that_stays_and_boots_with_its_server(cloud: Cloud):
    spec = cloud.booted(b"#!/bin/sh\nsystemctl restart sshd.service\n")
    root = cloud.folder / spec.instance_id / "root"
    key = root / "etc/ssh/ssh_host_ed25519_key"
    awaited(lambda: "port 22." in cloud.log(spec, "sshd.service"))
    before = key.read_text()
    assert key.stat().st_mode & 0o077 == 0
    cloud.instances.stop(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "stopped")
    cloud.instances.boot(spec.instance_id)
    awaited(lambda: cloud.log(spec, "sshd.service").count("port 22.") == 2)
    assert key.read_text() == before
