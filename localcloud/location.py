"""Where in AWS a stack's cloud is: the account and region that its stack file names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.checkout import USUAL_STACK
from localcloud.errors import NoStack

ACCOUNTS_KEY, REGION_KEY = "aws:allowedAccountIds", "aws:region"
ACCOUNT_DIGITS = 12


@dataclass(frozen=True)
class Location:
    """`account` has twelve digits; `region` is a name such as `eu-west-1`."""

    account: str = "123456789012"
    region: str = "eu-west-1"


def location_of(root: Path, stack: str) -> Location:
    """The first account and the region of `Pulumi.<stack>.yaml` in `root`. What it does not name, and a `dev` without
    a file, has AWS's own example account, and Ireland.

    Raises `NoStack` where there is no file of another stack, or one that cannot be read as that.
    """
    file = root / f"Pulumi.{stack}.yaml"
    if not file.exists():
        if stack == USUAL_STACK:
            return Location()
        known = sorted(one.name.split(".")[1] for one in root.glob("Pulumi.*.yaml"))
        raise NoStack(
            f"there is no stack {stack}: {file} does not exist.",
            f"There are: {', '.join(known) or 'none'}. The usual one is {USUAL_STACK}.",
        )
    config = _config(file)
    account, region = _account(config.get(ACCOUNTS_KEY), file), config.get(REGION_KEY, Location.region)
    if not isinstance(region, str) or not region:
        raise NoStack(f"{file}: {REGION_KEY}: expected a region's name, seen {region!r}.", _REMEDY)
    return Location(account, region)


_REMEDY = f'For example: {ACCOUNTS_KEY}: ["123456789012"] and {REGION_KEY}: eu-west-1, below config:'


def _config(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise NoStack(f"{file} is not YAML: {error}", f"Correct it: {file}") from None
    config = found.get("config") if isinstance(found, dict) else found
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise NoStack(f"{file}: config: expected keys with values, seen {config!r}.", _REMEDY)
    return config


def _account(named: Any, file: Path) -> str:
    if named is None:
        return Location.account
    first = named[0] if isinstance(named, list) and named else named
    if not isinstance(first, str) or len(first) != ACCOUNT_DIGITS or not first.isdigit():
        raise NoStack(
            f"{file}: {ACCOUNTS_KEY}: expected account ids of {ACCOUNT_DIGITS} digits in quotes, seen {named!r}.",
            _REMEDY,
        )
    return first
