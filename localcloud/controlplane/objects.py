"""What a bucket's policy denies is refused in AWS's word, and to the versions of an object as to the object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.responses import S3Response

from localcloud.controlplane.hooks import Hook

_DENIED: Any = (403, {}, "")


def denied_objects() -> tuple[Hook, ...]:
    """Seen on moto 5.2.5: a denial has no body, and a version can be deleted once its object has a delete marker."""
    return (
        Hook(S3Response, "_key_response", ("request", "full_url"), _in_words),
        Hook(S3Response, "delete_object", (), _also_versions),
    )


def _in_words(original: Callable[..., Any], response: Any, *args: Any) -> Any:
    answer = original(response, *args)
    if answer == _DENIED:
        raise S3AccessDeniedError
    return answer


def _also_versions(original: Callable[..., Any], response: Any) -> Any:
    bucket, key = response.backend.get_bucket(response.bucket_name), response.parse_key_name()
    action = "s3:DeleteObjectVersion" if response._get_param("versionId") else "s3:DeleteObject"
    if bucket.get_permission(action, f"{bucket.arn}/{key}") == PermissionResult.DENIED:
        raise S3AccessDeniedError
    return original(response)
