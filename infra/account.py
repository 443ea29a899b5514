"""The guard that keeps one environment's update out of another's account and region."""

from __future__ import annotations

from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import AccountError
from infra.settings import Settings


@dataclass(frozen=True)
class Identity:
    """Where AWS's own variables lead: an account's id, and a region ("" where they name none)."""

    account: str
    region: str


def whoami(region: str) -> Identity:
    """Who AWS says we are, asked in `region`. Raises AccountError when it doesn't say."""
    session = boto3.session.Session()
    patience = Config(
        connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
    )
    try:
        client = session.client("sts", region_name=region, config=patience)
        account = client.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise AccountError(
            "AWS does not say whose credentials these are; nothing was touched\n"
            f"  expected: credentials in AWS's own variables or files, valid in {region}\n"
            f"  seen:     {error}\n"
            "  next:     aws sts get-caller-identity"
        ) from None
    return Identity(account, session.region_name or "")


def check(settings: Settings, seen: Identity) -> None:
    """Return only if `seen` is where this environment belongs; else raise AccountError."""
    file = f"Pulumi.{settings.stack}.yaml"
    if seen.account not in settings.account_ids:
        raise AccountError(
            f"these credentials are not for the environment {settings.stack}; nothing was touched\n"
            f"  expected: account {' or '.join(settings.account_ids)}, as aws:allowedAccountIds in {file} says\n"
            f"  seen:     account {seen.account}\n"
            f"  next:     use that account's credentials, or name account {seen.account} in {file}"
        )
    # What watches and shifts the traffic is told its region by AWS's own variables alone.
    if seen.region != settings.region:
        raise AccountError(
            f"these credentials are for another region than the environment {settings.stack}; nothing was touched\n"
            f"  expected: {settings.region}, as aws:region in {file} says\n"
            f"  seen:     {seen.region or 'no region'} in AWS's own variables and files\n"
            f"  next:     export AWS_REGION={settings.region} AWS_DEFAULT_REGION={settings.region}"
        )
