"""AWS's API for instances that are tried by themselves: moto, as it comes, on a port."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"
BUCKET = "bundles-of-test"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def stand_in() -> Iterator[str]:
    """The endpoint of an API that has a bucket for bundles."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    place = {"LocationConstraint": REGION}
    client(endpoint, "s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    yield endpoint
    client(endpoint, "s3").delete_objects(Bucket=BUCKET, Delete={"Objects": _objects(endpoint)})
    client(endpoint, "s3").delete_bucket(Bucket=BUCKET)
    server.stop()


def _objects(endpoint: str) -> list[dict[str, str]]:
    held = client(endpoint, "s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [{"Key": each["Key"]} for each in held] or [{"Key": "none"}]


def client(endpoint: str, service: str) -> Any:
    keys = {name.lower(): value for name, value in KEYS.items()}
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, **keys)


def packed(files: Mapping[str, str]) -> bytes:
    """A bundle: text by path."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def stored(endpoint: str, bundle: bytes, digest: str = "") -> str:
    """Put the bundle where a release looks for it; its digest."""
    digest = digest or hashlib.sha256(bundle).hexdigest()
    client(endpoint, "s3").put_object(Bucket=BUCKET, Key=f"bundles/{digest}.tar.gz", Body=bundle)
    return digest


def said(endpoint: str, group: str, stream: str) -> list[str]:
    """The lines of a log stream; none where it is not there yet."""
    logs = client(endpoint, "logs")
    try:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]
