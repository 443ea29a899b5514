"""A release's own user data, unchanged, boots an instance that fetches its bundle from a bucket."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from localcloud.parts import InstanceSpec
from release.boot import user_data, web_boot
from release.model import Manifest, Process, Release, freeze
from tests.local.instances.trial import WEB, Cloud, awaited, fetched

AWKWARD = "a 'b' \"c\" $HOME `d` \\e %n {{ f }} {% g %} ; # \n second line  "


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    bucket(endpoint).create(CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield endpoint
    server.stop()


def bucket(endpoint: str):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    s3 = boto3.resource("s3", region_name="eu-west-1", endpoint_url=endpoint, **keys)
    return s3.Bucket("bundles-of-test")


def bundle() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("web.py")
        entry.size = len(WEB.encode())
        archive.addfile(entry, io.BytesIO(WEB.encode()))
    return packed.getvalue()


def release(content: bytes, command: str = "python3 web.py") -> Release:
    digest = hashlib.sha256(content).hexdigest()
    manifest = Manifest(
        version="1",
        digest=digest,
        size=len(content),
        processes=(Process(name="web", command=command),),
        port=8080,
    )
    return freeze(manifest, {"AWKWARD": AWKWARD})


def start(cloud: Cloud, endpoint: str, of: Release, stored: bytes) -> InstanceSpec:
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": endpoint}
    bucket(endpoint).put_object(Key=f"bundles/{of.manifest.digest}.tar.gz", Body=stored)
    return cloud.start(user_data(web_boot(of, "bundles-of-test", "eu-west-1")).encode(), env=keys)


def test_the_bundle_is_fetched_verified_and_served(cloud: Cloud, endpoint: str):
    content = bundle()
    of = release(content, """python3 web.py "$PORT" '100%' ${HOST} && true""")
    spec = start(cloud, endpoint, of, content)
    status = cloud.settled(spec)
    assert status.state == "running", f"{status.detail}\n{cloud.log(spec)}"
    environment = awaited(lambda: fetched(spec.address))["environment"]
    assert environment["AWKWARD"] == AWKWARD
    assert (environment["HOST"], environment["PORT"]) == (spec.address, "8080")
    assert (environment["RELEASE_ID"], environment["RELEASE_VERSION"]) == (of.id, "1")
    assert not (cloud.folder / spec.instance_id / "root/opt/uneventful/bundle.tar.gz").exists()


def test_a_bundle_with_other_bytes_than_its_digest_says_is_never_started(cloud: Cloud, endpoint: str):
    content = bundle()
    spec = start(cloud, endpoint, release(content), content + b"\0")
    status = cloud.settled(spec)
    assert status.state == "failed"
    assert "bundle.tar.gz: FAILED" in status.detail
    assert not (cloud.folder / spec.instance_id / "root/opt/uneventful/app").exists()
    assert fetched(spec.address) == {}
