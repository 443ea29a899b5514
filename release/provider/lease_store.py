"""The lease in the bundle bucket: `lease/000000000042.json`, and its sign `lease/000000000042.asked.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from infra.prefixes import LEASES
from release.aws import Busy, Calls, Refused
from release.errors import LeaseError
from release.provider.lease import Grip

_END = ".json"
_SIGN = ".asked.json"


class BucketLeaseStore:
    """`LeaseStore` on S3, whose conditional writes let one of several creators win."""

    def __init__(self, calls: Calls, bucket: str) -> None:
        self._calls = calls
        self._bucket = bucket

    async def highest(self) -> Grip | None:
        numbers, signs, now = await self._listed()
        if not numbers:
            return None
        top = max(numbers)
        found = numbers[top]
        silent = (now - found["LastModified"]).total_seconds() if now else 0.0
        return Grip(top, found["ETag"], silent, top in signs)

    async def create(self, number: int, record: Mapping[str, Any]) -> bool:
        with self._told():
            try:
                await self._put(_key(number), record, IfNoneMatch="*")
            except Refused as refused:
                if refused.code not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
                return False
        return True

    async def read(self, number: int) -> Mapping[str, Any]:
        return await self._get(_key(number))

    async def asked(self, number: int) -> Mapping[str, Any]:
        return await self._get(_sign(number))

    async def write(self, number: int, record: Mapping[str, Any]) -> None:
        with self._told():
            await self._put(_key(number), record)

    async def ask(self, number: int, record: Mapping[str, Any]) -> None:
        with self._told():
            await self._put(_sign(number), record)

    async def drop_below(self, number: int) -> None:
        numbers, signs, _ = await self._listed()
        lower = [_key(n) for n in numbers if n < number] + [_sign(n) for n in signs if n < number]
        with self._told():
            for key in lower:
                await self._calls("delete_object", Bucket=self._bucket, Key=key)

    async def _get(self, key: str) -> Mapping[str, Any]:
        with self._told():
            try:
                answer = await self._calls("get_object", Bucket=self._bucket, Key=key)
            except Refused as refused:
                if refused.code != "NoSuchKey":
                    raise
                return {}
        record: Mapping[str, Any] = json.loads(answer["Body"].read())
        return record

    async def _put(self, key: str, record: Mapping[str, Any], **condition: str) -> None:
        body = json.dumps(record, sort_keys=True).encode()
        await self._calls("put_object", Bucket=self._bucket, Key=key, Body=body, **condition)

    async def _listed(self) -> tuple[Mapping[int, Mapping[str, Any]], frozenset[int], datetime | None]:
        """The numbers as S3 lists them, those with a sign, and S3's own time of day."""
        with self._told():
            answer = await self._calls("list_objects_v2", Bucket=self._bucket, Prefix=LEASES)
        names = {found["Key"].removeprefix(LEASES): found for found in answer.get("Contents", ())}
        signs = frozenset(int(name.removesuffix(_SIGN)) for name in names if name.endswith(_SIGN))
        numbers = {int(n.removesuffix(_END)): names[n] for n in names if not n.endswith(_SIGN)}
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        return numbers, signs, parsedate_to_datetime(told) if told else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (Busy, Refused) as error:
            raise LeaseError(
                f"the lease in the bucket {self._bucket} cannot be read or written", seen=str(error)
            ) from error


def _key(number: int) -> str:
    return f"{LEASES}{number:012d}{_END}"


def _sign(number: int) -> str:
    return f"{LEASES}{number:012d}{_SIGN}"
