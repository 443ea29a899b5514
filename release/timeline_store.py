"""Timelines in the bundle bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from release.aws import Busy, Calls, Refused
from release.errors import StoreError

_PATIENCE = 10.0
"""How long (s) a read is tried again."""


class BucketTimelines:
    """`release.timeline.Store` on S3, and the only place that writes there."""

    def __init__(self, calls: Calls, bucket: str) -> None:
        self._calls = calls
        self._bucket = bucket

    async def put(self, key: str, body: bytes, patience: float = 0.0) -> None:
        """Write the object, whatever was there, trying again for `patience` (s). Raises StoreError."""
        await self._ask("put_object", patience, Key=key, Body=body, ContentType="application/json")

    async def keys(self, prefix: str) -> Sequence[str]:
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            answer = await self._ask("list_objects_v2", _PATIENCE, Prefix=prefix, **more)
            found += [each["Key"] for each in answer.get("Contents", ())]
            if not answer.get("IsTruncated"):
                return sorted(found)
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    async def get(self, key: str) -> bytes:
        body: bytes = (await self._ask("get_object", _PATIENCE, Key=key))["Body"].read()
        return body

    async def _ask(self, action: str, patience: float, **arguments: Any) -> Mapping[str, Any]:
        try:
            return await self._calls(action, patience, Bucket=self._bucket, **arguments)
        except (Busy, Refused) as error:
            raise StoreError(
                f"the timelines in the bucket {self._bucket} cannot be read or written",
                expected="an answer from S3 with the credentials in this environment",
                seen=str(error),
                state="nothing was changed",
                next="aws sts get-caller-identity",
            ) from error
