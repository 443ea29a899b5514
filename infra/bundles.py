"""The bucket that keeps every bundle that was ever published here."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.prefixes import LEASES
from infra.private_bucket import make_private


class Bundles(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket that answers over TLS only and that no other account owns a
    part of.
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(
        self, chosen: settings.Bundles, protect: bool, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`protect` has the engine refuse to delete the bucket."""
        super().__init__("uneventful:infra:Bundles", "bundles", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            "bundles",
            force_destroy=chosen.force_destroy,
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(protect=protect)),
        )
        make_private("bundles", bucket, own)
        versioning = aws.s3.BucketVersioning(
            "bundles",
            bucket=bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=own,
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
