"""The operations host's own user data, unchanged, boots a host that proves itself by its pinned key and migrates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from infra.keys import new_private_key, public_key
from infra.operations_boot import Boot, user_data
from infra.operations_programs import MIGRATE, digest_of, programs
from localcloud.engine.command import remote
from localcloud.engine.command.inputs import Command, Endpoint
from localcloud.engine.command.outcome import CommandFailed
from tests.local.instances.aws_stand_in import BUCKET, KEYS, REGION, client, packed, stand_in, stored
from tests.local.instances.trial import Cloud

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


async def _silent(*_line: str) -> None:
    pass


def test_the_host_runs_the_migrator_of_a_bundle_and_passes_its_exit_status_on(cloud: Cloud, endpoint: str):
    cloud.authority.write_text("those of databases\n")
    host, user = new_private_key(), new_private_key()
    secret = client(endpoint, "secretsmanager").create_secret(
        Name="host-key", SecretString=json.dumps({"private": host})
    )
    content = programs()
    client(endpoint, "s3").put_object(Bucket=BUCKET, Key="programs.json", Body=content.encode())
    boot = Boot(
        user="ec2-user",
        port=2222,
        authorized_key=public_key(user),
        host_key_secret=secret["ARN"],
        log_group="/shop/dev/operations",
        region=REGION,
        programs=f"s3://{BUCKET}/programs.json",
        programs_digest=digest_of(content),
        commands_queue=client(endpoint, "sqs").create_queue(QueueName="commands")["QueueUrl"],
    )
    spec = cloud.booted(user_data(boot).encode(), env={**KEYS, "AWS_ENDPOINT_URL": endpoint})
    files = {".uneventful/python": "3\n", ".uneventful/migrator/migrator.py": MIGRATOR}
    digest = stored(endpoint, packed(files))
    connection = Endpoint(spec.address, 2222, "ec2-user", public_key(host), user, dial_error_limit=20)

    def migrated(status: int) -> str:
        place = {"bucket": BUCKET, "key": f"bundles/{digest}.tar.gz", "digest": digest, "region": REGION}
        order = json.dumps({**place, "status": status, "database": {"ca": "/opt/uneventful/database-ca.pem"}})
        command = Command(create=MIGRATE, stdin=order, connection=connection)
        return asyncio.run(remote.run(command, MIGRATE, {}, _silent)).stdout

    assert migrated(0) == f"certificates: those of databases\nbundle: {digest}"
    with pytest.raises(CommandFailed, match="status 9"):
        migrated(9)
    log = cloud.folder / spec.instance_id / "root/var/log/uneventful/migrate.log"
    assert log.read_text().count("certificates:") == 2
