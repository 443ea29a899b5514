from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from release.bundle import Bundle, build
from release.errors import DigestMismatch, StoreError, VersionTaken, VersionUnknown
from release.store import S3BundleStore

BUCKET = "bundles-of-a-test"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint: str):
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}
    once = Config(retries={"total_max_attempts": 1})
    client = boto3.client("s3", endpoint_url=endpoint, config=once, **keys)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def store(client) -> S3BundleStore:
    return S3BundleStore(client, BUCKET)


@pytest.fixture
def make(tmp_path: Path):
    def make(version: str, content: str = "hello") -> Bundle:
        folder = tmp_path / f"{version}-{content}"
        folder.mkdir(exist_ok=True)
        (folder / "Procfile").write_text("web: serve\n")
        (folder / "content").write_text(content)
        return build(folder, version, folder / ".uneventful")

    return make


def keys(client) -> set[str]:
    return {item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_what_is_published_is_found_by_version_and_by_digest(client, store, make) -> None:
    bundle = make("1")
    assert store.publish(bundle) is True
    assert store.manifest("1") == bundle.manifest
    stored = client.get_object(Bucket=BUCKET, Key=f"bundles/{bundle.manifest.digest}.tar.gz")["Body"].read()
    assert stored == bundle.path.read_bytes()
    assert store.versions() == ("1",)


def test_publishing_the_same_again_changes_nothing_and_says_so(client, store, make) -> None:
    store.publish(make("1"))
    before = client.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert store.publish(make("1")) is False
    assert client.list_objects_v2(Bucket=BUCKET)["Contents"] == before


def test_a_version_that_names_other_bytes_is_refused_and_nothing_is_uploaded(client, store, make) -> None:
    store.publish(make("1"))
    before = keys(client)
    with pytest.raises(VersionTaken, match="never changes"):
        store.publish(make("1", "other"))
    assert keys(client) == before


def test_two_versions_may_share_their_bytes(client, store, make) -> None:
    assert store.publish(make("1"))
    assert store.publish(make("2"))
    assert len([key for key in keys(client) if key.startswith("bundles/")]) == 1
    assert set(store.versions()) == {"1", "2"}


def test_a_publication_that_was_interrupted_after_the_upload_is_completed(client, store, make) -> None:
    bundle = make("1")
    store.publish(bundle)
    client.delete_object(Bucket=BUCKET, Key="versions/1.json")
    assert store.publish(bundle) is True
    assert store.manifest("1") == bundle.manifest


def test_of_many_who_publish_other_bytes_as_one_version_one_wins_and_the_others_are_told(
    client, endpoint, make
) -> None:
    bundles = [make("1", f"content {number}") for number in range(4)]
    together = threading.Barrier(len(bundles))
    outcomes: dict[str, object] = {}

    def publish(bundle: Bundle) -> None:
        class Late(S3BundleStore):
            """Everybody has looked before anybody writes: the worst moment."""

            def _upload(self, bundle: Bundle) -> bool:
                together.wait(10)
                return super()._upload(bundle)

        try:
            outcomes[bundle.manifest.digest] = Late(client, BUCKET).publish(bundle)
        except VersionTaken as error:
            outcomes[bundle.manifest.digest] = error

    threads = [threading.Thread(target=publish, args=(bundle,)) for bundle in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winners = [digest for digest, outcome in outcomes.items() if outcome is True]
    assert len(outcomes) == len(bundles)
    assert winners == [S3BundleStore(client, BUCKET).manifest("1").digest]


def test_bytes_in_the_bucket_that_are_not_the_digests_are_noticed_before_a_version_names_them(
    client, store, make
) -> None:
    bundle = make("1")
    client.put_object(Bucket=BUCKET, Key=f"bundles/{bundle.manifest.digest}.tar.gz", Body=b"other")
    with pytest.raises(DigestMismatch, match=f"s3://{BUCKET}"):
        store.publish(bundle)
    assert store.versions() == ()


def test_a_bundle_that_was_changed_after_its_build_is_not_published(client, store, make) -> None:
    bundle = make("1")
    bundle.path.write_bytes(b"changed")
    with pytest.raises(DigestMismatch, match="nothing was published"):
        store.publish(bundle)
    assert keys(client) == set()


def test_an_unknown_version_is_told_which_ones_there_are(store, make) -> None:
    store.publish(make("1"))
    with pytest.raises(VersionUnknown, match="one of 1") as caught:
        store.manifest("9")
    assert "release publish 9" in caught.value.next


def test_a_manifest_that_is_none_is_refused_by_name(client, store) -> None:
    client.put_object(Bucket=BUCKET, Key="versions/1.json", Body=b'{"version": "1"}')
    with pytest.raises(StoreError, match=r"versions/1\.json"):
        store.manifest("1")


def test_a_bucket_that_does_not_exist_and_a_server_that_does_not_answer_are_told_in_words(
    client, make
) -> None:
    with pytest.raises(StoreError, match="no-such-bucket"):
        S3BundleStore(client, "no-such-bucket").publish(make("1"))
    nowhere = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="eu-west-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(StoreError, match="Could not connect"):
        S3BundleStore(nowhere, BUCKET).manifest("1")
