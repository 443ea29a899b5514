"""Whose credentials these are, and whether the region is usable with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError, ProfileNotFound

from release.doctor.finding import Finding, bad, ok, warn

Clients = Callable[[str], Any]
"""A boto3 client of a service, by its name."""

EXAMPLES = frozenset({"111122223333", "123456789012", "444455556666", "777788889999"})
"""Accounts that AWS's documentation and this project's stack files have for show."""

_REFUSED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True)
class Identity:
    """Who AWS says we are (both empty where it refuses, and then `refused` says why), and by how many seconds this
    machine's clock is ahead of AWS's (None: AWS did not say its time).
    """

    account: str
    arn: str
    skew: float | None
    refused: str = ""


def look(clients: Clients, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Identity:
    """Ask AWS who we are. Raises what boto3 does where nobody answers."""
    try:
        answer = clients("sts").get_caller_identity()
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        return Identity("", "", None, str(error))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSED:
            raise
        return Identity("", "", _skew(error.response, now()), str(error))
    return Identity(str(answer["Account"]), str(answer["Arn"]), _skew(answer, now()))


def _skew(response: Any, now: datetime) -> float | None:
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return (now - parsedate_to_datetime(headers["date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return None


def credentials(seen: Identity, allowed: Collection[str], file: str) -> Finding:
    """`allowed` are the accounts that the stack's `file` names."""
    if seen.refused:
        return bad("credentials", seen.refused, "log in to AWS, then: aws sts get-caller-identity")
    if seen.account not in allowed:
        return bad(
            "credentials",
            f"account {seen.account}, and {file} allows {' or '.join(allowed)}",
            f"use that account's credentials, or name account {seen.account} as aws:allowedAccountIds in {file}",
        )
    return ok("credentials", f"{seen.arn}, of account {seen.account}")


def made_up(account_ids: Collection[str], file: str, seen: str) -> Finding | None:
    """Whether the `file` still names an account for show that isn't the one that was `seen`."""
    for account in sorted(EXAMPLES & set(account_ids)):
        if account != seen:
            return warn(
                "account", f"{file} names {account}, a made-up example", f"put your own account into {file}"
            )
    return None


@dataclass(frozen=True)
class Region:
    """`status` is AWS's word for whether the account has opted in, `zones` its availability zones."""

    name: str
    status: str
    zones: tuple[str, ...]


def look_at_region(clients: Clients, name: str) -> Region:
    ec2 = clients("ec2")
    found = ec2.describe_regions(AllRegions=True, RegionNames=[name])["Regions"]
    zones: Sequence[Any] = ec2.describe_availability_zones(
        Filters=[
            {"Name": "zone-type", "Values": ["availability-zone"]},
            {"Name": "state", "Values": ["available"]},
        ]
    )["AvailabilityZones"]
    status = str(found[0].get("OptInStatus", "")) if found else "unknown"
    return Region(name, status, tuple(sorted(str(zone["ZoneName"]) for zone in zones)))


def region(seen: Region, zones: int) -> Finding:
    """`zones`: as many as the settings want."""
    if seen.status not in ("opt-in-not-required", "opted-in", ""):
        return bad(
            "region",
            f"{seen.name} is not enabled in this account ({seen.status})",
            f"aws account enable-region --region-name {seen.name}, and wait until it is",
        )
    if len(seen.zones) < zones:
        return bad(
            "region",
            f"{len(seen.zones)} zones in {seen.name}, and uneventful:network.zones wants {zones}",
            "lower uneventful:network.zones, or choose another aws:region",
        )
    return ok("region", f"{seen.name} is enabled and has {len(seen.zones)} zones, of which {zones} are used")
