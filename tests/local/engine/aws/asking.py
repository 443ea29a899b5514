"""Questions to AWS whose answer for a thing that is gone is None."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_GONE = (
    "NotFound",
    "NoSuch",
    "NonExistent",
    "NotAssociated",
    "ServerSideEncryptionConfigurationNotFound",
    "404",
)


def gone_is_none(question: Callable[[], Any]) -> Any:
    """The answer; None for AWS's errors that say 'not found', and for an empty list."""
    try:
        return question() or None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(word in code for word in _GONE) or "not found" in str(error).lower():
            return None
        raise


def first(items: list[Any]) -> Any:
    return items[0] if items else None
