"""The master user's password where RDS manages it: a secret of Secrets Manager that holds what the server takes."""

from __future__ import annotations

import json
import secrets
import string
import uuid
from collections.abc import Callable
from typing import Any

from moto.rds.models import MasterUserSecret

from localcloud.controlplane.hooks import Hook

LENGTH = 32
MARKS = "!#$%&()*+,-.:;<=>?[]^_{|}~"
"""RDS's passwords hold any printable mark but `/`, `"`, `@`, quotes and blanks; so do these."""


def managed_secrets() -> tuple[Hook, ...]:
    """moto's secret of an instance always says `admin` and the same password, and cannot be rotated."""
    return (
        Hook(MasterUserSecret, "_generate_secret_string", (), _contents),
        Hook(MasterUserSecret, "rotate_secret", (), _rotate),
    )


def new_password() -> str:
    """As RDS makes them: letters, digits and marks, at least one of each."""
    kinds = (string.ascii_letters, string.digits, MARKS)
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _ in range(LENGTH - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _contents(_original: Callable[..., str], held: Any) -> str:
    password = new_password()
    held.resource.master_user_password = password
    return json.dumps({"username": held.resource.master_username, "password": password})


def _rotate(_original: Callable[..., None], held: Any) -> None:
    held._status = "rotating"
    held.secretsmanager.put_secret_value(
        secret_id=held.secret.arn,
        secret_string=held._generate_secret_string(),
        secret_binary=None,
        client_request_token=str(uuid.uuid4()),
        version_stages=["AWSCURRENT"],
    )
