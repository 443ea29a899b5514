"""What an instance may do in AWS."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from infra.prefixes import BUNDLES

ASSUMED_BY_INSTANCES = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        ],
    }
)


class Access(pulumi.ComponentResource):
    """A role for instances: to read a bundle by its name, and nothing else."""

    instance_profile_arn: pulumi.Output[str]

    def __init__(self, bucket_arn: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:Access", "access", None, opts)
        own = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role("instances", assume_role_policy=ASSUMED_BY_INSTANCES, opts=own)
        policy = aws.iam.RolePolicy(
            "bundles",
            role=role.name,
            policy=pulumi.Output.from_input(bucket_arn).apply(reads_bundles),
            opts=own,
        )
        profile = aws.iam.InstanceProfile(
            "instances",
            role=role.name,
            opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[policy])),
        )
        self.instance_profile_arn = profile.arn
        self.register_outputs({"instanceProfileArn": profile.arn})


def reads_bundles(bucket_arn: str) -> str:
    """A policy that allows reading the bundles in this bucket."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ReadBundles",
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": f"{bucket_arn}/{BUNDLES}*",
                }
            ],
        }
    )
