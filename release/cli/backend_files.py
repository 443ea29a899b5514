"""The files of a backend of one's own: in a folder, or in a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from release.errors import StateUnreadable


class Files(Protocol):
    """The files of a backend, by paths relative to its root. Raises CommandError where they cannot be read."""

    def read(self, path: str) -> bytes | None:
        """The content, or None where there is no such file."""

    def below(self, folder: str) -> tuple[str, ...]:
        """The paths of all files in a folder and its folders."""


@dataclass(frozen=True)
class FolderFiles:
    """A folder of this machine."""

    root: Path

    def read(self, path: str) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return None

    def below(self, folder: str) -> tuple[str, ...]:
        return tuple(
            str(path.relative_to(self.root))
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        )


@dataclass(frozen=True)
class BucketFiles:
    """A bucket, which may be in another region, or of another profile, than the environment.

    `options` are those of the backend's URL, as Pulumi's own library for buckets knows them (gocloud.dev v0.46,
    `aws/aws.go`, `blob/s3blob/s3blob.go`): `region`, `endpoint`, `profile`, `disable_https`. Those of addressing are
    not needed here: boto3 finds out by itself.
    """

    name: str
    prefix: str
    options: Mapping[str, str]

    @classmethod
    def at(cls, url: str) -> BucketFiles | None:
        """The bucket, and the folder in it, of `s3://BUCKET/FOLDER?region=…&endpoint=…`; None where the URL says that
        it is read as somebody else.
        """
        parts = urlsplit(url)
        prefix, options = parts.path.strip("/"), dict(parse_qsl(parts.query))
        if options.keys() & {"role", "anonymous"}:
            return None
        return cls(parts.netloc, f"{prefix}/" if prefix else "", options)

    def read(self, path: str) -> bytes | None:
        with self._told():
            try:
                content: bytes = self._s3.get_object(Bucket=self.name, Key=self.prefix + path)["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None
        return content

    def below(self, folder: str) -> tuple[str, ...]:
        with self._told():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=f"{self.prefix}{folder}/"
            )
            return tuple(
                found["Key"].removeprefix(self.prefix) for page in pages for found in page.get("Contents", ())
            )

    @cached_property
    def _s3(self) -> Any:
        import boto3
        from botocore.config import Config

        from release.aws import CONNECT_SECONDS, READ_SECONDS

        endpoint = self.options.get("endpoint")
        if endpoint and "://" not in endpoint:
            plain = "true" in (self.options.get("disableSSL"), self.options.get("disable_https"))
            endpoint = f"{'http' if plain else 'https'}://{endpoint}"
        session = boto3.Session(
            region_name=self.options.get("region"), profile_name=self.options.get("profile")
        )
        return session.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": 4, "mode": "standard"},
            ),
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise StateUnreadable(
                f"the bucket {self.name}, where Pulumi keeps the stack's state, cannot be read",
                expected="AWS's own variables, with which `pulumi stack ls` answers",
                seen=str(error),
                state="nothing was changed",
                next="pulumi stack ls",
            ) from error
