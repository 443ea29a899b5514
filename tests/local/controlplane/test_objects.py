"""Objects that a bucket's policy keeps: the policy is the product's own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.private_bucket import policy
from localcloud.location import Location
from tests.local.controlplane.conftest import World

KEPT, FREE = "bundles/kept.tar.gz", "bundles/free.tar.gz"


class Bundles:
    """A versioned bucket with two bundles, of which one is kept."""

    def __init__(self, world: World) -> None:
        self.s3: Any = world.client("s3")
        self.bucket = f"bundles-{uuid.uuid4().hex}"
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": Location().region}
        )
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.versions = {
            key: self.s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode())["VersionId"]
            for key in (KEPT, FREE)
        }

    def keep(self, *keys: str) -> None:
        text = policy(f"arn:aws:s3:::{self.bucket}", kept=keys)
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=text)

    def delete(self, key: str, **version: str) -> str:
        try:
            self.s3.delete_object(Bucket=self.bucket, Key=key, **version)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "deleted"


@pytest.fixture
def bundles(world: World) -> Bundles:
    return Bundles(world)


def test_a_kept_bundle_and_its_version_cannot_be_deleted_and_another_one_can(bundles: Bundles) -> None:
    bundles.keep(KEPT)
    assert bundles.delete(KEPT) == "AccessDenied"
    assert bundles.delete(KEPT, VersionId=bundles.versions[KEPT]) == "AccessDenied"
    many = bundles.s3.delete_objects(
        Bucket=bundles.bucket, Delete={"Objects": [{"Key": KEPT}, {"Key": FREE}]}
    )
    assert [error["Code"] for error in many["Errors"]] == ["AccessDenied"]
    assert [deleted["Key"] for deleted in many["Deleted"]] == [FREE]
    assert bundles.s3.get_object(Bucket=bundles.bucket, Key=KEPT)["Body"].read() == KEPT.encode()
    assert bundles.delete(FREE, VersionId=bundles.versions[FREE]) == "deleted"


def test_a_version_behind_a_delete_marker_is_kept_too(bundles: Bundles) -> None:
    assert bundles.delete(KEPT) == "deleted"
    bundles.keep(KEPT)
    assert bundles.delete(KEPT, VersionId=bundles.versions[KEPT]) == "AccessDenied"


def test_what_is_not_kept_any_more_can_be_deleted_and_a_bucket_without_its_policy_emptied(
    bundles: Bundles,
) -> None:
    bundles.keep(KEPT, FREE)
    bundles.keep(FREE)
    assert bundles.delete(KEPT, VersionId=bundles.versions[KEPT]) == "deleted"
    bundles.s3.delete_bucket_policy(Bucket=bundles.bucket)
    assert bundles.delete(FREE, VersionId=bundles.versions[FREE]) == "deleted"
    bundles.s3.delete_bucket(Bucket=bundles.bucket)
