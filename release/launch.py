"""The launch template that every instance of a release is made from, whatever process it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import tags
from infra.environment import Outputs
from infra.settings import Settings
from release.boot import Boot, encoded, user_data
from release.environment_file import variables_of
from release.migration import Migration
from release.model import WEB, Process, Release

DELETE_MARGIN = 900
"""Seconds that deleting a group of instances may take beyond its drain: AWS empties it first."""


def labels(environment: Outputs, release: Release, process: str) -> dict[str, str]:
    """The tags of what runs this process of this release."""
    return {
        **tags.named(f"{environment.name}-{process}-{release.id}"),
        tags.ENVIRONMENT: environment.name,
        tags.RELEASE: release.id,
        tags.VERSION: release.version,
        tags.PROCESS: process,
    }


def group_labels(labels: Mapping[str, str]) -> list[aws.autoscaling.GroupTagArgs]:
    """The same tags as an auto-scaling group has them, for itself and its instances."""
    return [
        aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
        for key, value in sorted(labels.items())
    ]


def until_drained(release: Release) -> pulumi.CustomTimeouts:
    """How long the deletion of a group of this release's instances may take."""
    return pulumi.CustomTimeouts(delete=f"{release.manifest.drain_seconds + DELETE_MARGIN}s")


def template(
    release: Release,
    process: Process,
    instance: str,
    environment: Outputs,
    settings: Settings,
    migration: Migration,
    log_group: pulumi.Output[str],
    parent: pulumi.Resource,
) -> aws.ec2.LaunchTemplate:
    """Instances of this type (`instance`) that boot into this process of this release."""
    labelled = labels(environment, release, process.name)
    return aws.ec2.LaunchTemplate(
        f"{process.name}-{release.id}",
        image_id=_image(settings.web.image, parent),
        instance_type=instance,
        user_data=_told(release, process, environment, migration, log_group),
        iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
            arn=environment.instance_profile_arn
        ),
        vpc_security_group_ids=[environment.security_group_id],
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=1,
            # A worker learns from its tags whether it is its turn.
            instance_metadata_tags=None if process.name == WEB else "enabled",
        ),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=labelled)
            for kind in ("instance", "volume")
        ],
        tags=labelled,
        # A newer image, or a newer version of this program, belongs to the next fleet.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["imageId", "userData", "metadataOptions"]),
    )


def _told(
    release: Release,
    process: Process,
    environment: Outputs,
    migration: Migration,
    log_group: pulumi.Output[str],
) -> pulumi.Output[str]:
    def rendered(seen: Mapping[str, Any]) -> str:
        told = variables_of(release, seen["known"], seen["login"], seen["cache"], seen["variables"])
        boot = Boot(
            release=release,
            process=process,
            bucket=seen["bucket"],
            region=environment.region,
            log_group=seen["log_group"],
            variables=told,
        )
        return encoded(user_data(boot))

    return pulumi.Output.all(
        bucket=environment.bundle_bucket,
        known=dict(environment.variables),
        login=migration.login_secret_arn,
        cache=environment.cache_secret_arn,
        variables=environment.variables_secret_arn,
        log_group=log_group,
    ).apply(rendered)


def _image(image: str, parent: pulumi.Resource) -> pulumi.Input[str]:
    if not image.startswith("/"):
        return image
    answer = aws.ssm.get_parameter_output(name=image, opts=pulumi.InvokeOutputOptions(parent=parent))
    return answer.insecure_value  # type: ignore[no-any-return]
