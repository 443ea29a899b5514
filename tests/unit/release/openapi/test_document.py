"""An OpenAPI document from the application's folder to the bundle bucket and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from release.bundle import Bundle, build
from release.errors import BundleError, DigestMismatch
from release.model import OpenApi
from release.openapi.document import LIMIT, unpacked
from release.store import S3BundleStore
from release.unpublished import As

BUCKET = "bundles-of-a-test"
DOCUMENT = '{"openapi": "3.1.0", "info": {"title": "shop", "version": "1"}, "paths": {}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "Procfile").write_text("web: serve\n")
    (tmp_path / "release.toml").write_text('[api]\nopenapi = "docs/openapi.json"\n')
    (tmp_path / "docs" / "openapi.json").write_text(DOCUMENT)
    return tmp_path


@pytest.fixture
def store() -> Iterator[S3BundleStore]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield S3BundleStore(client, BUCKET)


def built(folder: Path) -> tuple[Bundle, OpenApi]:
    bundle = build(folder, "1", folder / ".uneventful")
    assert bundle.manifest.openapi
    return bundle, bundle.manifest.openapi


def test_the_manifest_names_the_document_that_is_packed(folder: Path) -> None:
    bundle, openapi = built(folder)
    assert (openapi.path, openapi.digest) == (
        "docs/openapi.json",
        hashlib.sha256(DOCUMENT.encode()).hexdigest(),
    )
    assert unpacked(bundle.path, openapi) == DOCUMENT.encode()


def test_a_document_that_the_build_step_writes_is_the_one_that_counts(folder: Path) -> None:
    (folder / "release.toml").write_text(
        '[api]\nopenapi = "made.yaml"\n[build]\ncommand = "echo openapi: 3.0.3 > made.yaml"\n'
    )
    _, openapi = built(folder)
    assert openapi.path == "made.yaml"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (None, "nothing of that name"),
        ("swagger: '2.0'", "openapi: None"),
        ("[1]", "a list"),
        ("{", "neither JSON nor YAML"),
        ("a: &a [*a]\n" + "openapi: 4.0.0", "openapi: '4.0.0'"),
        (" " * (LIMIT + 1), "more than"),
    ],
)
def test_what_is_no_document_is_refused_at_the_build(folder: Path, content: str | None, seen: str) -> None:
    path = folder / "docs" / "openapi.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(BundleError) as refused:
        built(folder)
    assert seen in refused.value.seen


def test_it_is_published_with_its_bundle_and_read_back(folder: Path, store: S3BundleStore) -> None:
    bundle, openapi = built(folder)
    store.publish(bundle)
    assert store.publish(bundle) is False
    assert store.document(openapi) == DOCUMENT.encode()


def test_a_document_that_was_altered_in_the_bucket_is_not_used(folder: Path, store: S3BundleStore) -> None:
    bundle, openapi = built(folder)
    store.publish(bundle)
    store._client.put_object(Bucket=BUCKET, Key=openapi.key, Body=b"{}")
    with pytest.raises(DigestMismatch):
        store.document(openapi)


def test_a_preview_knows_the_document_of_a_bundle_that_is_in_no_bucket(
    folder: Path, store: S3BundleStore
) -> None:
    bundle, openapi = built(folder)
    assert As(store, bundle.manifest, bundle.path).document(openapi) == DOCUMENT.encode()
