"""The secret variables of an environment: one secret, JSON of names and values, whose versions never change.

Secrets Manager keeps a version as long as it has a label, and has room for 20 labels (its quotas). A version is given
one when it is made; the oldest that nobody needs lose theirs when room is needed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from release.aws import Busy, Refused
from release.errors import SecretsUnusable, StoreError

KEPT = 16
"""Versions that are kept: AWS's own labels and the newest one need some of the 20 as well."""

LONGEST = 65536
"""Bytes of a secret's value (AWS Secrets Manager User Guide, "Quotas")."""

PATIENCE = 10.0
"""Seconds that Secrets Manager may throttle or be silent."""

_CURRENT = "AWSCURRENT"
_KEEP = "kept-"


class Ask(Protocol):
    """`release.aws.Calls`, for Secrets Manager."""

    async def __call__(
        self, action: str, patience: float = 0.0, /, **arguments: Any
    ) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Version:
    """One version of all secret variables: its id, empty where there is none yet, and the values by name."""

    id: str
    pairs: Mapping[str, str]


class SecretVariables:
    """The versions of the secret with this ARN. Each method raises StoreError when AWS refuses or does not answer."""

    def __init__(self, ask: Ask, arn: str) -> None:
        self._ask = ask
        self._arn = arn

    async def newest(self) -> Version:
        """The version that was made last; one without an id or values where none was made."""
        if not await self._labels():
            return Version("", {})
        answer = await self._call("get_secret_value", "read the newest version")
        try:
            pairs = json.loads(answer["SecretString"])
        except (KeyError, ValueError):
            pairs = None
        if not isinstance(pairs, dict):
            raise SecretsUnusable(
                "the secret variables are not what `release secrets` writes",
                expected="JSON of names and values",
                seen=f"something else in version {answer['VersionId']}",
                state="nothing was changed",
                next=f"aws secretsmanager list-secret-version-ids --secret-id {self._arn}",
            )
        return Version(answer["VersionId"], pairs)

    async def make(self, pairs: Mapping[str, str], needed: Collection[str]) -> str:
        """The id of a new version, the newest from now on. Those of the ids `needed` are kept, whatever their age.

        Raises StoreError, before anything is changed, where the values are too many for one secret.
        """
        value = json.dumps(dict(sorted(pairs.items())), ensure_ascii=False)
        if len(value.encode()) > LONGEST:
            raise SecretsUnusable(
                "the secret variables are too many, or too long, for one secret",
                expected=f"at most {LONGEST} bytes in all",
                seen=f"{len(value.encode())} bytes in {len(pairs)} variables",
                state="nothing was changed",
                next="release secrets list --stack STACK",
            )
        await self._make_room(needed)
        version = str(uuid.uuid4())
        await self._call(
            "put_secret_value",
            "make a new version",
            ClientRequestToken=version,
            SecretString=value,
            VersionStages=[_CURRENT, f"{_KEEP}{version[:8]}"],
        )
        return version

    async def _make_room(self, needed: Collection[str]) -> None:
        labels = await self._labels()
        created = await self._created() if len(labels) >= KEPT else {}
        spare = [
            version
            for version in sorted(labels, key=lambda version: created.get(version, 0.0))
            if version not in needed and _CURRENT not in labels[version]
        ]
        for version in spare[: max(0, len(labels) - KEPT + 1)]:
            for label in labels[version]:
                if label.startswith(_KEEP):
                    await self._call(
                        "update_secret_version_stage",
                        "let an old version go",
                        VersionStage=label,
                        RemoveFromVersionId=version,
                    )

    async def _labels(self) -> Mapping[str, list[str]]:
        answer = await self._call("describe_secret", "look at it")
        return answer.get("VersionIdsToStages") or {}

    async def _created(self) -> Mapping[str, float]:
        answer = await self._call("list_secret_version_ids", "list its versions", MaxResults=100)
        return {each["VersionId"]: each["CreatedDate"].timestamp() for each in answer["Versions"]}

    async def _call(self, action: str, doing: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            return await self._ask(action, PATIENCE, SecretId=self._arn, **arguments)
        except (Busy, Refused) as error:
            raise StoreError(
                f"the secret variables did not let us {doing}",
                expected="an answer from Secrets Manager with the credentials in this environment",
                seen=str(error),
                state="no release is changed; what serves is untouched",
                next="aws sts get-caller-identity",
            ) from error
