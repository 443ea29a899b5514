"""The guard that keeps one environment's update out of another's account."""

from __future__ import annotations

from collections.abc import Callable, Collection

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import AccountError


def caller(region: str) -> str:
    """The id of the account that AWS's own variables lead to. Raises AccountError when AWS doesn't say."""
    try:
        options = Config(
            connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
        )
        client = boto3.session.Session().client("sts", region_name=region, config=options)
        return client.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise AccountError(
            "AWS does not say whose credentials these are; nothing was touched\n"
            f"  expected: credentials in AWS's own variables or files, valid in {region}\n"
            f"  seen:     {error}\n"
            "  next:     aws sts get-caller-identity"
        ) from None


def check(stack: str, allowed: Collection[str], seen: Callable[[], str]) -> None:
    """Return only if `seen()` is one of the accounts that the stack names; else raise AccountError."""
    account = seen()
    if account not in allowed:
        raise AccountError(
            f"these credentials are not for the environment {stack}; nothing was touched\n"
            f"  expected: account {' or '.join(sorted(allowed))}, as aws:allowedAccountIds says\n"
            f"  seen:     account {account}\n"
            f"  next:     use that account's credentials, or name this account in Pulumi.{stack}.yaml"
        )
