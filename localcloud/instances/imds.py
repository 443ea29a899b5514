"""The instance metadata service (IMDSv2), one for all instances: each has its own path on it.

AWS's SDKs and command line find it by AWS's own variable AWS_EC2_METADATA_SERVICE_ENDPOINT. Source: Amazon EC2 User
Guide, "Use the Instance Metadata Service" and "Instance metadata categories"; answers to what is not there are 404, to
a request without a valid token 401. The tags are those of the moment, and are there for an instance that asked for them
when it was launched.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from localcloud.instances.metadata import availability_zone, hostname
from localcloud.parts import InstanceSpec

VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
LONGEST_TTL = 21600
KEYS_LAST = timedelta(hours=6)
_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_TOKEN = "X-aws-ec2-metadata-token"


Tags = Callable[[str], Mapping[str, str] | None]
"""The tags of an instance at this moment, by its id; None where its metadata tells none."""


def category(
    spec: InstanceSpec, path: str, now: datetime, tags: Mapping[str, str] | None = None
) -> str | None:
    """What `/latest/<path>` says of an instance; None when there is nothing of that name. Pure."""
    told = {
        "meta-data/instance-id": spec.instance_id,
        "meta-data/ami-id": spec.image_id,
        "meta-data/instance-type": spec.instance_type,
        "meta-data/hostname": hostname(spec),
        "meta-data/local-hostname": hostname(spec),
        "meta-data/local-ipv4": spec.address,
        "meta-data/placement/availability-zone": availability_zone(spec),
        "meta-data/placement/region": spec.region,
        "dynamic/instance-identity/document": json.dumps(
            {"instanceId": spec.instance_id, "region": spec.region, "privateIp": spec.address}
        ),
        **({"meta-data/public-ipv4": spec.address} if spec.public else {}),
    }
    if tags:
        told |= {
            "meta-data/tags/instance": "\n".join(sorted(tags)),
            **{f"meta-data/tags/instance/{key}": value for key, value in tags.items()},
        }
    if role := spec.role:
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        updated = {"Code": "Success", "LastUpdated": now.strftime(stamp)}
        profile = {"InstanceProfileArn": role.profile_arn, "InstanceProfileId": role.profile_id}
        keys = {"AccessKeyId": role.access_key, "SecretAccessKey": role.secret_key, "Token": role.token}
        expires = {"Type": "AWS-HMAC", "Expiration": (now + KEYS_LAST).strftime(stamp)}
        told |= {
            "meta-data/iam/info": json.dumps({**updated, **profile}),
            "meta-data/iam/security-credentials": role.name,
            f"meta-data/iam/security-credentials/{role.name}": json.dumps({**updated, **keys, **expires}),
        }
    return told.get(path.rstrip("/"))


class MetadataService:
    """Answers from construction until `close`, on a port of its own."""

    def __init__(self, spec_of: Callable[[str], InstanceSpec | None], tags_of: Tags) -> None:
        self._spec_of = spec_of
        self._tags_of = tags_of
        self._tokens: dict[str, tuple[str, float]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="metadata", daemon=True
        )
        self._thread.start()

    def endpoint(self, instance_id: str) -> str:
        """The value of AWS_EC2_METADATA_SERVICE_ENDPOINT for an instance."""
        return f"http://127.0.0.1:{self._server.server_port}/{instance_id}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, headers: Any) -> tuple[int, str]:
        """Status and body of one request."""
        instance_id, _, rest = path.lstrip("/").partition("/")
        spec = self._spec_of(instance_id)
        latest, _, asked = rest.lstrip("/").partition("/")
        if spec is None or latest != "latest":
            return 404, ""
        if headers.get("X-Forwarded-For"):
            return 403, ""
        if method == "PUT":
            return self._token(instance_id, headers.get(_TTL, "")) if asked == "api/token" else (405, "")
        owner, until = self._tokens.get(headers.get(_TOKEN, ""), ("", 0.0))
        if owner != instance_id or time.monotonic() >= until:
            return 401, ""
        told = category(spec, asked, datetime.now(UTC), self._tags_of(instance_id))
        return (404, "") if told is None else (200, told)

    def _token(self, instance_id: str, ttl: str) -> tuple[int, str]:
        if not ttl.isdecimal() or not 0 < int(ttl) <= LONGEST_TTL:
            return 400, ""
        now, token = time.monotonic(), secrets.token_urlsafe(40)
        self._tokens = {held: kept for held, kept in self._tokens.items() if kept[1] > now}
        self._tokens[token] = (instance_id, now + int(ttl))
        return 200, token

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            # One packet an answer: the client's kernel acknowledges the first of two only after 40 ms.
            wbufsize = -1

            def _respond(self) -> None:
                status, text = service.answer(self.command, self.path, self.headers)
                body = text.encode()
                self.send_response(status)
                ttl = self.headers.get(_TTL)
                if self.command == "PUT" and ttl:
                    self.send_header(_TTL, ttl)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = _respond  # noqa: N815 - names that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
