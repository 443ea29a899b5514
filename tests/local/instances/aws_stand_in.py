"""AWS's API for instances that are tried by themselves: moto, as it comes, on a port."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"
BUCKET = "bundles-of-test"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def stand_in(*groups: str) -> Iterator[str]:
    """The endpoint of an API that has a bucket for bundles and these log groups. All APIs of a process hold the same:
    each finds what the others made, and takes nothing away from those that are still in use."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    s3, logs = client(endpoint, "s3"), client(endpoint, "logs")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for group in groups:
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
    yield endpoint
    server.stop()


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
