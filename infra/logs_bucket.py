"""The bucket that the balancer writes a line into for each request."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra import settings
from infra.private_bucket import Writer, make_private

LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
"""Who delivers a balancer's logs, by Elastic Load Balancing's guide "Enable access logs for your Application Load
Balancer". It asks for S3's own encryption keys too.
"""

FOLDER = "AWSLogs"
"""Where it puts them, by account."""


class LogsBucket(pulumi.ComponentResource):
    """A private, encrypted bucket in which Elastic Load Balancing alone puts objects, and that forgets them after
    the logs' retention. A balancer may write there, and be told to, once `ready` is there.
    """

    bucket: pulumi.Output[str]
    ready: pulumi.Resource

    def __init__(
        self,
        chosen: settings.Logs,
        account_ids: Sequence[str],
        force_destroy: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`account_ids` are those that the environment may be in."""
        super().__init__("uneventful:infra:LogsBucket", "logs", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket("logs", force_destroy=force_destroy, opts=own)
        folders = tuple(f"{FOLDER}/{account}" for account in account_ids)
        self.ready = make_private("logs", bucket, own, Writer(LOG_DELIVERY, folders))
        aws.s3.BucketLifecycleConfiguration(
            "logs",
            bucket=bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="forget-old-logs",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=f"{FOLDER}/"),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=chosen.retention),
                )
            ],
            opts=own,
        )
        self.bucket = bucket.bucket
        self.register_outputs({"bucket": self.bucket})
