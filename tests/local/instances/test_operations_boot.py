"""The operations host's own user data, unchanged, boots a host that proves itself by its pinned key, migrates and runs
commands.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast
from uuid import uuid4

import pytest

from infra.keys import new_private_key, public_key
from infra.operations_boot import Boot, user_data
from infra.operations_programs import AUTHORITY, MIGRATE, RUN, digest_of, programs
from localcloud.engine.command import remote as engine
from localcloud.engine.command.inputs import Command, Endpoint
from localcloud.engine.command.outcome import CommandFailed
from localcloud.parts import InstanceSpec
from release import remote
from release.command import Place, order
from release.errors import CommandError
from release.model import Manifest, Process, freeze
from release.runs import Run, parse
from tests.local.instances.aws_stand_in import BUCKET, KEYS, REGION, client, packed, stand_in, stored
from tests.local.instances.trial import Cloud, awaited

MIGRATOR = """
import json, sys
order = json.load(sys.stdin)
print("certificates:", open(order["database"]["ca"]).read().strip())
print("bundle:", sys.argv[1].rpartition("/")[2])
sys.exit(order["status"])
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in() as endpoint:
        yield endpoint


@dataclass(frozen=True)
class Operations:
    """A host that has booted, and the keys by which it is reached."""

    cloud: Cloud
    spec: InstanceSpec
    endpoint: str
    queue: str
    host_key: str
    user_key: str

    @property
    def remote(self) -> remote.Host:
        return remote.Host(self.spec.address, 2222, "ec2-user", self.host_key, self.user_key)

    def log(self, name: str) -> str:
        file = self.cloud.folder / self.spec.instance_id / f"root/var/log/uneventful/{name}.log"
        return file.read_text() if file.exists() else ""

    def record(self, command: str) -> Run | None:
        """What is recorded of the last command that has these words in it."""
        return next((run for run in parse(self.log("runs").splitlines()) if command in run.command), None)

    def ended(self, command: str) -> Run:
        """The same, once it has ended."""

        def ended() -> Run | None:
            record = self.record(command)
            return record if record and record.exit is not None else None

        return cast(Run, awaited(ended))

    def run(self, order: str) -> tuple[int, str, str]:
        """Exit status, output and errors of a command."""
        said = {1: b"", 2: b""}

        def hear(descriptor: int, data: bytes) -> None:
            said[descriptor] += data

        status = asyncio.run(remote.run(self.remote, RUN, order, hear))
        return status, said[1].decode(), said[2].decode()


@pytest.fixture(scope="module")
def operations(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operations]:
    cloud = Cloud(tmp_path_factory.mktemp("cloud") / "instances")
    cloud.authority.write_text("those of databases\n")
    host, user, content = new_private_key(), new_private_key(), programs()
    secret = client(endpoint, "secretsmanager").create_secret(
        Name=f"host-key-{uuid4().hex}", SecretString=json.dumps({"private": host})
    )
    client(endpoint, "s3").put_object(Bucket=BUCKET, Key="programs.json", Body=content.encode())
    queue = client(endpoint, "sqs").create_queue(QueueName=f"commands-{uuid4().hex}")["QueueUrl"]
    boot = Boot(
        user="ec2-user",
        port=2222,
        authorized_key=public_key(user),
        host_key_secret=secret["ARN"],
        log_group="/shop/dev/operations",
        region=REGION,
        programs=f"s3://{BUCKET}/programs.json",
        programs_digest=digest_of(content),
        commands_queue=queue,
    )
    spec = cloud.start(user_data(boot).encode(), env={**KEYS, "AWS_ENDPOINT_URL": endpoint})
    yield Operations(cloud, spec, endpoint, queue, public_key(host), user)
    cloud.instances.close()
    assert cloud.processes() == ()


pytestmark = pytest.mark.xdist_group("operations")


async def _silent(*_line: str) -> None:
    pass


def test_the_host_runs_the_migrator_of_a_bundle_and_passes_its_exit_status_on(operations: Operations) -> None:
    files = {".uneventful/python": "3\n", ".uneventful/migrator/migrator.py": MIGRATOR}
    digest = stored(operations.endpoint, packed(files))
    host = operations.remote
    connection = Endpoint(host.host, host.port, host.user, host.host_key, host.key, dial_error_limit=-1)

    def migrated(status: int) -> str:
        place = {"bucket": BUCKET, "key": f"bundles/{digest}.tar.gz", "digest": digest, "region": REGION}
        order = json.dumps({**place, "status": status, "database": {"ca": AUTHORITY}})
        command = Command(create=MIGRATE, stdin=order, connection=connection)
        return asyncio.run(engine.run(command, MIGRATE, {}, _silent)).stdout

    assert migrated(0) == f"certificates: those of databases\nbundle: {digest}"
    with pytest.raises(CommandFailed, match="status 9"):
        migrated(9)
    assert operations.log("migrate").count("certificates:") == 2


def ordered(operations: Operations, command: str, attended: bool = True) -> str:
    """An order for a command with a bundle that holds one file, and with secrets."""
    secrets = client(operations.endpoint, "secretsmanager")
    digest = stored(operations.endpoint, packed({"words": "of the bundle\n"}))
    held = {
        name: secrets.create_secret(Name=f"{name}-{uuid4().hex}", SecretString=json.dumps(pairs))["ARN"]
        for name, pairs in {"login": {"TOKEN": "a 'b' $c"}, "cache": {"CACHE_TOKEN": "x"}}.items()
    }
    known = {"CACHE_HOST": "cache", "CACHE_PORT": "6379"}
    place = Place(BUCKET, REGION, known, held["login"], held["cache"], "")
    processes = (Process(name="web", command="web"),)
    release = freeze(Manifest(version="2", digest=digest, size=1, processes=processes), {})
    return json.dumps(order(release, place, command, by="a on b", attended=attended))


def test_a_command_has_the_bundle_and_its_secrets_and_its_status_is_passed_on(operations: Operations) -> None:
    told = ordered(operations, 'cat words; echo "$TOKEN" >&2; head -c 3000000 /dev/zero; exit 7')
    status, said, errors = operations.run(told)
    assert (status, errors) == (7, "a 'b' $c\n")
    assert said == "of the bundle\n" + "\0" * 3000000
    record = operations.ended("head -c")
    assert (record.exit, record.why, record.by) == (7, "ended", "a on b")


def test_ctrl_c_reaches_the_command_and_a_lost_user_ends_it(operations: Operations) -> None:
    trapped = "trap 'echo caught; exit 42' INT; echo begun; while :; do sleep 0.05; done"
    said = b""

    def interrupt(_descriptor: int, data: bytes) -> None:
        nonlocal said
        said += data
        if data == b"begun\n":
            os.kill(os.getpid(), signal.SIGINT)

    assert asyncio.run(remote.run(operations.remote, RUN, ordered(operations, trapped), interrupt)) == 42
    assert said == b"begun\ncaught\n"

    async def lost() -> None:
        begun = asyncio.Event()
        order = ordered(operations, "trap '' HUP; echo begun; sleep 60")
        running = asyncio.create_task(remote.run(operations.remote, RUN, order, lambda *_: begun.set()))
        await begun.wait()
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(lost())
    assert operations.ended("caught").why == "stopped"
    assert operations.ended("HUP").why == "left alone"


def test_a_host_with_another_key_is_told_nothing(operations: Operations) -> None:
    other = replace(operations, host_key=public_key(new_private_key()))
    with pytest.raises(CommandError, match="is not the operations host"):
        other.run(ordered(operations, "echo told"))
    assert operations.record("echo told") is None


def test_an_order_in_the_queue_is_run_once_and_recorded(operations: Operations) -> None:
    sqs = client(operations.endpoint, "sqs")
    sqs.send_message(
        QueueUrl=operations.queue, MessageBody=ordered(operations, "cat words; exit 3", attended=False)
    )

    def left() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=operations.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    awaited(lambda: left() == 0, within=60)
    record = operations.ended("exit 3")
    assert (record.exit, record.why) == (3, "ended")
    assert "of the bundle" in operations.log("commands")
