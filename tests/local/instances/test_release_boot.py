"""A release's own user data, unchanged, boots an instance that fetches its bundle, its secrets and its certificates."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from localcloud.parts import InstanceSpec
from release.boot import Boot, user_data
from release.environment_file import Secret, Variables
from release.model import Manifest, Process, Release, freeze
from release.usage import Usage, read
from tests.local.instances.aws_stand_in import BUCKET, KEYS, REGION, client, packed, said, stand_in, stored
from tests.local.instances.trial import WEB, Cloud, awaited, fetched

AWKWARD = "a 'b' \"c\" $HOME `d` \\e %n {{ f }} {% g %} ; # \n second line  "
LOGIN = {"DATABASE_USER": "app_1a2b", "DATABASE_PASSWORD": "p/w$d"}
KNOWN = {"DATABASE_HOST": "127.1.2.3", "DATABASE_PORT": "5432", "DATABASE_NAME": "app"}
GROUP = "/shop/dev/web-1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with stand_in(GROUP) as endpoint:
        yield endpoint


def release(bundle: bytes, command: str = "python3 web.py") -> Release:
    manifest = Manifest(
        version="1",
        digest=hashlib.sha256(bundle).hexdigest(),
        size=len(bundle),
        processes=(Process(name="web", command=command),),
        port=8080,
    )
    return freeze(manifest, {"AWKWARD": AWKWARD})


def start(cloud: Cloud, endpoint: str, of: Release, bundle: bytes, *secrets: Secret) -> InstanceSpec:
    cloud.authority.write_text("the certificates of databases\n")
    stored(endpoint, bundle, of.manifest.digest)
    boot = Boot(of, of.manifest.processes[0], BUCKET, REGION, GROUP, Variables(KNOWN, secrets))
    return cloud.start(user_data(boot).encode(), env={**KEYS, "AWS_ENDPOINT_URL": endpoint})


def test_a_release_is_served_with_its_variables_secrets_and_certificates_and_its_log_is_kept(
    cloud: Cloud, endpoint: str
):
    bundle = packed({"web.py": WEB})
    of = release(bundle, """python3 web.py "$PORT" '100%' ${HOST} && true""")
    made = client(endpoint, "secretsmanager").create_secret(Name="login", SecretString=json.dumps(LOGIN))
    spec = start(cloud, endpoint, of, bundle, Secret(made["ARN"], made["VersionId"]))
    status = cloud.settled(spec)
    assert status.state == "running", status.detail
    environment = awaited(lambda: fetched(spec.address))["environment"]
    assert environment["AWKWARD"] == AWKWARD
    assert (environment["HOST"], environment["PORT"]) == (spec.address, "8080")
    assert (environment["RELEASE_ID"], environment["RELEASE_VERSION"]) == (of.id, "1")
    own = cloud.folder / spec.instance_id / "root/opt/uneventful"
    assert environment["DATABASE_URL"] == (
        "postgresql://app_1a2b:p%2Fw%24d@127.1.2.3:5432/app"
        f"?sslmode=verify-full&sslrootcert={own}/database-ca.pem"
    )
    assert (own / "database-ca.pem").read_text() == "the certificates of databases\n"
    assert not (own / "bundle.tar.gz").exists()
    for name, line in (("web", "web listens"), ("boot", "uneventful-web.service was started")):
        stream = f"{of.id}/{spec.instance_id}/{name}"
        awaited(lambda stream=stream, line=line: line in said(endpoint, GROUP, stream))
    used = awaited(lambda: usage_of(endpoint, spec))
    assert (used.state, used.restarts) == ("active", 0)
    assert 1 << 20 < (used.memory or 0) < 1 << 30


def usage_of(endpoint: str, spec: InstanceSpec) -> Usage | None:
    async def ask(action: str, _patience: float = 0.0, /, **words: Any) -> Mapping[str, Any]:
        return getattr(client(endpoint, "logs"), action)(**words)

    return asyncio.run(read(ask, GROUP, int(time.time() * 1000), 1.0)).get(spec.instance_id)


def test_a_bundle_with_other_bytes_than_its_digest_says_is_never_started(cloud: Cloud, endpoint: str):
    bundle = packed({"web.py": WEB})
    spec = start(cloud, endpoint, release(bundle), bundle + b"\0")
    status = cloud.settled(spec)
    assert status.state == "failed"
    assert "bundle.tar.gz: FAILED" in status.detail
    assert not (cloud.folder / spec.instance_id / "root/opt/uneventful/app").exists()
    assert fetched(spec.address) == {}
    stream = f"{release(bundle).id}/{spec.instance_id}/boot"
    failed = f"boot failed: the bundle is not the one whose digest is {release(bundle).manifest.digest}"
    awaited(lambda: failed in said(endpoint, GROUP, stream))
    awaited(lambda: "instance: to be replaced, it could not boot" in said(endpoint, GROUP, stream))
