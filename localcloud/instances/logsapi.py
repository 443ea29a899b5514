"""CloudWatch Logs as the log agent needs it: PutLogEvents, and CreateLogStream where there is none yet.

Source: Amazon CloudWatch Logs API Reference, "PutLogEvents". The signature is not computed: the local cloud's API looks
at its scope only.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from localcloud.instances.rolekeys import RoleKeys

TIMEOUT = 2.0


class Refused(Exception):
    """A call that was not answered, or answered with an error; `code` is AWS's, "" when there was no answer."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class LogsApi:
    """Through AWS_ENDPOINT_URL, in AWS_REGION, with the keys that the instance has; one connection a call."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        endpoint = urlsplit(environ.get("AWS_ENDPOINT_URL", ""))
        self._host, self._port = endpoint.hostname or "", endpoint.port or 80
        self._region = environ.get("AWS_REGION", "")
        self._keys = RoleKeys(environ)

    def put(self, group: str, stream: str, lines: Sequence[bytes], at: float) -> None:
        """Store the lines as events of the time `at`; raises Refused, and none of them is stored."""
        names = {"logGroupName": group, "logStreamName": stream}
        milliseconds = int(at * 1000)
        events = [{"timestamp": milliseconds, "message": line.decode(errors="replace")} for line in lines]
        try:
            self._call("PutLogEvents", {**names, "logEvents": events})
        except Refused as refused:
            if refused.code != "ResourceNotFoundException":
                raise
            self._make_stream(names)
            self._call("PutLogEvents", {**names, "logEvents": events})

    def _make_stream(self, names: Mapping[str, str]) -> None:
        try:
            self._call("CreateLogStream", names)
        except Refused as refused:
            if refused.code != "ResourceAlreadyExistsException":
                raise

    def _call(self, action: str, body: Mapping[str, Any]) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        try:
            connection.request("POST", "/", json.dumps(body), self._headers(action))
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"{action}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise Refused(f"{action}: {answer.status} {said[:300].decode(errors='replace')}", _code(said))

    def _headers(self, action: str) -> dict[str, str]:
        keys = self._keys.current()
        if keys is None:
            raise Refused(f"{action}: the instance has no credentials; give it an instance profile")
        scope = f"{keys.id}/{time.strftime('%Y%m%d', time.gmtime())}/{self._region}/logs/aws4_request"
        token = {"X-Amz-Security-Token": keys.token} if keys.token else {}
        return {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"Logs_20140328.{action}",
            "Host": f"logs.{self._region}.amazonaws.com",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
            **token,
        }


def _code(said: bytes) -> str:
    try:
        return str(json.loads(said).get("__type", "")).rpartition("#")[2]
    except (ValueError, AttributeError):
        return ""
