"""What every bucket of an environment has in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Writer:
    """An AWS service that may put objects below these folders of a bucket, and do nothing else there."""

    service: str
    folders: tuple[str, ...]


def make_private(
    name: str, bucket: aws.s3.Bucket, own: pulumi.ResourceOptions, writer: Writer | None = None
) -> pulumi.Resource:
    """Give `bucket` no public access, one owner, encryption with S3's own keys, and answers over TLS only.

    Its own account reads and writes it by the policies of roles; others don't, but for `writer`. What is
    returned is there once the bucket's policy holds.
    """
    private = close(name, bucket, own)
    ready: pulumi.Resource = aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=bucket.arn.apply(lambda arn: policy(arn, writer)),
        opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[private])),
    )
    return ready


def close(name: str, bucket: aws.s3.Bucket, own: pulumi.ResourceOptions) -> pulumi.Resource:
    """All of `make_private` but the policy, which whoever calls this has to give the bucket."""
    private: pulumi.Resource = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=own,
    )
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=own,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256"
                )
            )
        ],
        opts=own,
    )
    return private


def policy(bucket_arn: str, writer: Writer | None = None, kept: Sequence[str] = ()) -> str:
    """A bucket policy that refuses whatever does not come over TLS, lets `writer` in, and lets nobody delete the
    objects that are `kept` (keys), nor a version of them.
    """
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    let_in = (
        {
            "Sid": "Writer",
            "Effect": "Allow",
            "Principal": {"Service": writer.service},
            "Action": "s3:PutObject",
            "Resource": [f"{bucket_arn}/{folder}/*" for folder in writer.folders],
        }
        if writer
        else None
    )
    keep = (
        {
            "Sid": "Kept",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": [f"{bucket_arn}/{key}" for key in kept],
        }
        if kept
        else None
    )
    statements = [statement for statement in (tls_only, let_in, keep) if statement]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
