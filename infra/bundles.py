"""The bucket that keeps every bundle that was ever published here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.prefixes import LEASES, TIMELINES
from infra.private_bucket import close, policy


class Bundles(pulumi.ComponentResource):
    """A private, encrypted, versioned bucket that answers over TLS only and that no other account owns a
    part of, once `keep` has given it its policy.
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
        self._private = close("bundles", bucket, own)
        self._id = bucket.id
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
                _forget_old_versions("forget-old-leases", LEASES),
                _forget_old_versions("forget-old-timelines", TIMELINES),
            ],
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        self.bucket = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket})

    def keep(self, keys: Iterable[str], after: Sequence[pulumi.Resource], parent: pulumi.Resource) -> None:
        """Let nobody delete these objects any more, and everybody who may those that were kept before.

        Not before what it comes `after`: until then, and where that fails, what was kept before stays so. It is not
        among this component's own resources, since releases wait for all of those.
        """
        kept = sorted(keys)
        aws.s3.BucketPolicy(
            "bundles",
            bucket=self._id,
            policy=self.arn.apply(lambda arn: policy(arn, kept=kept)),
            opts=pulumi.ResourceOptions(
                parent=parent,
                depends_on=[self._private, *after],
                aliases=[pulumi.Alias(parent=self)],
            ),
        )


def _forget_old_versions(name: str, prefix: str) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=name,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=1
        ),
    )
