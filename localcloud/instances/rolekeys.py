"""The keys that a program on an instance works with: its own variables, else the role's from the metadata service."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
KEPT_SECONDS = 300.0
_ROLES = "latest/meta-data/iam/security-credentials/"


@dataclass(frozen=True)
class Keys:
    id: str
    secret: str
    token: str = ""


class RoleKeys:
    """Asks again when what it knows is five minutes old."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        own = environ.get("AWS_ACCESS_KEY_ID")
        secret, token = environ.get("AWS_SECRET_ACCESS_KEY", ""), environ.get("AWS_SESSION_TOKEN", "")
        self._keys = Keys(own, secret, token) if own else None
        self._until = float("inf") if own else 0.0
        self._endpoint = urlsplit(environ.get(ENDPOINT_VARIABLE, ""))

    def current(self) -> Keys | None:
        """None where the instance has no role, or its metadata service does not answer."""
        if time.monotonic() >= self._until:
            try:
                self._keys = self._fetched()
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                self._keys = None
            self._until = time.monotonic() + (KEPT_SECONDS if self._keys else 1.0)
        return self._keys

    def _fetched(self) -> Keys | None:
        token = self._asked("PUT", "latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
        allowed = {"X-aws-ec2-metadata-token": token}
        role = self._asked("GET", _ROLES, allowed).strip()
        found = json.loads(self._asked("GET", f"{_ROLES}{role}", allowed))
        return Keys(found["AccessKeyId"], found["SecretAccessKey"], found["Token"])

    def _asked(self, method: str, path: str, headers: Mapping[str, str]) -> str:
        connection = http.client.HTTPConnection(
            self._endpoint.hostname or "", self._endpoint.port or 80, timeout=2
        )
        try:
            connection.request(method, f"{self._endpoint.path.rstrip('/')}/{path}", headers=dict(headers))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(f"{path}: {answer.status}")
        return text
