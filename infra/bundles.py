"""The bucket that keeps every bundle that was ever published here."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.prefixes import LEASES


class Bundles(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket that answers over TLS only and that no other account owns a
    part of.
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, chosen: settings.Bundles, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:Bundles", "bundles", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket("bundles", force_destroy=chosen.force_destroy, opts=own)
        private = aws.s3.BucketPublicAccessBlock(
            "bundles",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=own,
        )
        aws.s3.BucketOwnershipControls(
            "bundles",
            bucket=bucket.id,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=own,
        )
        versioning = aws.s3.BucketVersioning(
            "bundles",
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=own,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "bundles",
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
        aws.s3.BucketPolicy(
            "bundles",
            bucket=bucket.id,
            policy=bucket.arn.apply(tls_only),
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[private])),
        )
        aws.s3.BucketLifecycleConfiguration(
            "bundles",
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="forget-old-leases",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=LEASES),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=1
                    ),
                ),
            ],
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        self.bucket = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket})


def tls_only(bucket_arn: str) -> str:
    """A bucket policy that refuses whatever does not come over TLS."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [bucket_arn, f"{bucket_arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )
