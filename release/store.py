"""The bundle bucket: where an environment's instances fetch their code, and the only door to it.

`bundles/DIGEST.tar.gz` holds the bytes, `versions/VERSION.json` the manifest, and `documents/DIGEST` an OpenAPI
document. All are written only where nothing is: neither a digest nor a version ever changes what it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from infra.prefixes import VERSIONS
from release.errors import (
    BundleGone,
    DigestMismatch,
    ManifestUnreadable,
    StoreError,
    VersionTaken,
    VersionUnknown,
)
from release.model import Manifest, OpenApi
from release.openapi.document import unpacked

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from release.bundle import Bundle

_CHUNK = 1 << 20


class BundleStore(Protocol):
    """What the rest of the product may ask of a bundle bucket."""

    def publish(self, bundle: Bundle) -> bool:
        """Put a bundle and its version into the bucket; False when both were there already.

        Whatever is interrupted can be repeated. Raises VersionTaken when the version names anything else
        already (also when another publisher is faster by a moment), DigestMismatch when the bucket holds
        other bytes than were built, StoreError when it doesn't answer.
        """

    def manifest(self, version: str) -> Manifest:
        """The manifest of a published version. Raises VersionUnknown, or StoreError."""

    def versions(self) -> tuple[str, ...]:
        """All published versions, the one published last first. Raises StoreError."""

    def document(self, openapi: OpenApi) -> bytes:
        """An OpenAPI document that was published with its bundle. Raises StoreError, or DigestMismatch."""


class S3BundleStore:
    """A bundle bucket on S3, by a client that is handed in (`open_store` makes one)."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def publish(self, bundle: Bundle) -> bool:
        """See BundleStore."""
        manifest = bundle.manifest
        known = self._find_manifest(manifest.version)
        if known is not None and known != manifest:
            raise self._taken(known, manifest)
        uploaded = self._upload(bundle)
        self._verify(manifest)
        if manifest.openapi:
            content = unpacked(bundle.path, manifest.openapi)
            self._put_new(manifest.openapi.key, content, manifest.openapi.digest)
        if known is not None:
            return uploaded
        if not self._put_new(f"{VERSIONS}{manifest.version}.json", manifest.model_dump_json().encode()):
            winner = self.manifest(manifest.version)
            if winner != manifest:
                raise self._taken(winner, manifest)
            return uploaded
        return True

    def manifest(self, version: str) -> Manifest:
        """See BundleStore."""
        found = self._find_manifest(version)
        if found is None:
            known = self.versions()
            raise VersionUnknown(
                f"version {version!r} was never published here",
                expected=f"one of {', '.join(known[:8])}"
                if known
                else f"a version in the bucket {self._bucket}",
                seen=f"no {VERSIONS}{version}.json in {self._bucket}" + ("" if known else ", which is empty"),
                state="nothing was changed",
                next=f"release build DIR --version {version} && release publish {version} --stack STACK",
            )
        return found

    def versions(self) -> tuple[str, ...]:
        """See BundleStore."""
        with _told(self._bucket, "list the versions"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=VERSIONS
            )
            found = [
                (item["LastModified"], item["Key"]) for page in pages for item in page.get("Contents", [])
            ]
        newest_first = sorted(found, reverse=True)
        return tuple(key.removeprefix(VERSIONS).removesuffix(".json") for _, key in newest_first)

    def document(self, openapi: OpenApi) -> bytes:
        """See BundleStore."""
        with _told(self._bucket, f"read {openapi.key}"):
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=openapi.key)["Body"].read()
        digest = hashlib.sha256(content).hexdigest()
        if digest != openapi.digest:
            where = f"s3://{self._bucket}/{openapi.key}"
            raise _mismatch(where, openapi.digest, digest, "nothing was changed")
        return content

    def verify(self, manifest: Manifest) -> None:
        """See that the bundle is in the bucket, byte for byte. Raises DigestMismatch, BundleGone, or StoreError."""
        try:
            self._verify(manifest)
        except DigestMismatch:
            raise
        except StoreError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or cause.response["Error"]["Code"] not in (
                "404",
                "NoSuchKey",
            ):
                raise
            raise BundleGone(
                f"the bundle of version {manifest.version} is not in the bucket {self._bucket} any more",
                expected=manifest.key,
                seen="nothing there",
                state="nothing was changed",
                next="release build DIR --version ANOTHER, and release deploy ANOTHER --stack STACK",
            ) from error

    def fetch(self, manifest: Manifest, path: Path) -> None:
        """Write the bundle's bytes to `path`. Raises StoreError, or DigestMismatch where they are not its own; then
        nothing is left there.
        """
        digest = hashlib.sha256()
        with _told(self._bucket, f"read {manifest.key}"), path.open("wb") as file:
            body = self._client.get_object(Bucket=self._bucket, Key=manifest.key)["Body"]
            for chunk in body.iter_chunks(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != manifest.digest:
            path.unlink()
            where = f"s3://{self._bucket}/{manifest.key}"
            raise _mismatch(where, manifest.digest, digest.hexdigest(), "nothing was copied")

    def _find_manifest(self, version: str) -> Manifest | None:
        key = f"{VERSIONS}{version}.json"
        with _told(self._bucket, f"read {key}"):
            try:
                stored = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except self._client.exceptions.NoSuchKey:
                return None
        try:
            return Manifest.model_validate_json(stored)
        except ValidationError as error:
            raise ManifestUnreadable(
                f"{key} in {self._bucket} is no manifest",
                expected="what `release publish` writes there",
                seen=str(error.errors()[0]["msg"]),
                state="nothing was changed",
                next=f"aws s3 cp s3://{self._bucket}/{key} -",
            ) from None

    def _upload(self, bundle: Bundle) -> bool:
        with bundle.path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
            if found != bundle.manifest.digest:
                raise _mismatch(str(bundle.path), bundle.manifest.digest, found, "nothing was published")
            content.seek(0)
            return self._put_new(bundle.manifest.key, content, found)

    def _put_new(self, key: str, body: bytes | BinaryIO, digest: str = "") -> bool:
        """Write an object where none is; False where one is."""
        checksum = base64.b64encode(bytes.fromhex(digest)).decode()
        options: dict[str, Any] = {"ChecksumSHA256": checksum} if digest else {}
        with _told(self._bucket, f"write {key}"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*", **options)
            except ClientError as error:
                if error.response["Error"]["Code"] == "PreconditionFailed":
                    return False
                raise
        return True

    def _verify(self, manifest: Manifest) -> None:
        key = manifest.key
        with _told(self._bucket, f"verify {key}"):
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
            # Written without a checksum, or by a store that keeps none: then the bytes themselves tell.
            checksum = head.get("ChecksumSHA256")
            stored = base64.b64decode(checksum).hex() if checksum else self._hash(key)
        if stored != manifest.digest:
            raise _mismatch(f"s3://{self._bucket}/{key}", manifest.digest, stored, "no version names it")

    def _hash(self, key: str) -> str:
        digest = hashlib.sha256()
        for chunk in self._client.get_object(Bucket=self._bucket, Key=key)["Body"].iter_chunks(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def _taken(self, known: Manifest, wanted: Manifest) -> VersionTaken:
        return taken(known, wanted).now(
            f"nothing was changed; version {known.version} is in the bucket {self._bucket} as it was"
        )


def taken(known: Manifest, wanted: Manifest, where: str = "") -> VersionTaken:
    """The error for a version that names other bytes than those that are `wanted` under it, which are `where`."""
    return VersionTaken(
        f"version {wanted.version} was published before, with other content: a version never changes",
        expected=f"digest {known.digest[:12]}, {known.size} bytes",
        seen=f"digest {wanted.digest[:12]}, {wanted.size} bytes{where}",
        state="nothing was changed",
        next="release build DIR --version ANOTHER",
    )


def open_store(bucket: str, profile: str = "") -> S3BundleStore:
    """The bundle bucket of this name, by AWS's own variables, or by the credentials of an AWS profile. Doesn't ask AWS
    anything yet; raises StoreError where there is no such profile.
    """
    import boto3
    from botocore.config import Config

    patient = Config(
        retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30
    )
    with _told(bucket, f"use the profile {profile}"):
        session = boto3.Session(profile_name=profile or None)
    return S3BundleStore(session.client("s3", config=patient), bucket)


@contextmanager
def _told(bucket: str, doing: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StoreError(
            f"the bundle bucket {bucket} did not let us {doing}",
            expected="an answer from S3 with the credentials in this environment",
            seen=str(error),
            state="nothing was released; what serves is untouched",
            next="aws sts get-caller-identity",
        ) from error


def _mismatch(where: str, expected: str, seen: str, state: str) -> DigestMismatch:
    return DigestMismatch(
        f"{where} is not what its digest says",
        expected=expected,
        seen=seen,
        state=state,
        next="release build DIR --version VERSION",
    )
