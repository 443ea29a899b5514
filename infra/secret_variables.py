"""The environment's secret variables: one secret, of which each release freezes one version."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.tags import named

RECOVERABLE = 30
"""Days in which a deleted secret of a protected environment can be had back: the most that Secrets Manager offers."""


class SecretVariables(pulumi.ComponentResource):
    """A secret without a version: versions are made by who sets a variable, JSON of names and values each, and never by
    an update. A release that names no version reads none.
    """

    arn: pulumi.Output[str]

    def __init__(self, environment: str, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("uneventful:infra:SecretVariables", "secret-variables", None, opts)
        secret = aws.secretsmanager.Secret(
            "variables",
            description=f"The secret variables of {environment}; a release names the version that it was made with",
            recovery_window_in_days=RECOVERABLE if protect else 0,
            tags=named(f"{environment}-variables"),
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.arn = secret.arn
        self.register_outputs({"arn": secret.arn})
