"""The lease's numbers as objects in the bundle bucket: `lease/000000000042.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.prefixes import LEASES
from release.aws import Busy, Calls, Refused
from release.errors import LeaseError
from release.provider.lease import Grip


class BucketLeaseStore:
    """`LeaseStore` on S3, whose conditional writes let one of several creators win."""

    def __init__(self, calls: Calls, bucket: str) -> None:
        self._calls = calls
        self._bucket = bucket

    async def highest(self) -> Grip | None:
        return max(await self._grips(), key=lambda grip: grip.number, default=None)

    async def create(self, number: int, record: Mapping[str, Any]) -> bool:
        with self._told():
            try:
                await self._put(number, record, IfNoneMatch="*")
            except Refused as refused:
                if refused.code not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
                return False
        return True

    async def read(self, number: int) -> Mapping[str, Any]:
        with self._told():
            try:
                answer = await self._calls("get_object", Bucket=self._bucket, Key=_key(number))
            except Refused as refused:
                if refused.code != "NoSuchKey":
                    raise
                return {}
        record: Mapping[str, Any] = json.loads(answer["Body"].read())
        return record

    async def write(self, number: int, record: Mapping[str, Any]) -> None:
        with self._told():
            await self._put(number, record)

    async def drop_below(self, number: int) -> None:
        with self._told():
            for grip in await self._grips():
                if grip.number < number:
                    await self._calls("delete_object", Bucket=self._bucket, Key=_key(grip.number))

    async def _put(self, number: int, record: Mapping[str, Any], **condition: str) -> None:
        body = json.dumps(record, sort_keys=True).encode()
        await self._calls("put_object", Bucket=self._bucket, Key=_key(number), Body=body, **condition)

    async def _grips(self) -> list[Grip]:
        with self._told():
            answer = await self._calls("list_objects_v2", Bucket=self._bucket, Prefix=LEASES)
        return [Grip(_number(found["Key"]), found["ETag"]) for found in answer.get("Contents", ())]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (Busy, Refused) as error:
            raise LeaseError(
                f"the lease in the bucket {self._bucket} cannot be read or written", seen=str(error)
            ) from error


def _key(number: int) -> str:
    return f"{LEASES}{number:012d}.json"


def _number(key: str) -> int:
    return int(key.removeprefix(LEASES).removesuffix(".json"))
