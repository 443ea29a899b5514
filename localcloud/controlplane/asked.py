"""What a request to AWS's API asks for, read from its signature, headers and body before anything answers
it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs

Protocol = Literal["query", "ec2", "s3", "json", "cbor"]
Environ = dict[str, Any]
StartResponse = Callable[..., Any]

FORM = "application/x-www-form-urlencoded"
SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]*)/([^/]+)/aws4_request")
READS = ("Describe", "Get", "List", "Head", "Lookup")


@dataclass(frozen=True)
class Asked:
    """`service` is the name in the signature's scope ("" when unsigned); `action` as AWS's documents write
    it."""

    service: str
    region: str
    action: str
    protocol: Protocol

    @property
    def changes(self) -> bool:
        """Whether the call may change something."""
        return not self.action.startswith(READS)


def asked(environ: Environ) -> Asked:
    """Read a WSGI request; its body can still be read afterwards."""
    scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, service = (scope[1], scope[2].lower()) if scope else ("", "")
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return Asked(service, region, environ.get("PATH_INFO", "").rpartition("/")[2], "cbor")
    if "HTTP_X_AMZ_TARGET" in environ:
        return Asked(service, region, environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], "json")
    if environ.get("CONTENT_TYPE", "").startswith(FORM) and service != "s3":
        form = parse_qs(_body(environ).decode(errors="replace"))
        return Asked(service, region, form.get("Action", [""])[0], "ec2" if service == "ec2" else "query")
    if service == "s3":
        return Asked(service, region, _s3_action(environ), "s3")
    if service == "scheduler":
        return Asked(service, region, _scheduler_action(environ), "json")
    return Asked(service, region, "", "query")


def _body(environ: Environ) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3_action(environ: Environ) -> str:
    """S3 names no action; these are the ones that matter here, the rest are named by method and
    sub-resource."""
    method = environ["REQUEST_METHOD"]
    bucket, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    if "list-type" in query:
        return "ListObjectsV2"
    sub = next((name for name in query if name in _S3_SUBRESOURCES), "")
    if sub:
        return f"{method.capitalize()}{'Object' if key else 'Bucket'}{sub.capitalize()}"
    if not bucket:
        return "ListBuckets"
    verb = {"PUT": "Put" if key else "Create", "POST": "Post"}.get(method, method.capitalize())
    return f"{verb}{'Object' if key else 'Bucket'}"


def _scheduler_action(environ: Environ) -> str:
    """EventBridge Scheduler is REST with JSON: its calls are methods on `/schedules` and `/schedule-groups`."""
    collection, _, name = environ.get("PATH_INFO", "").lstrip("/").partition("/")
    kind = {"schedules": "Schedule", "schedule-groups": "ScheduleGroup"}.get(collection, "")
    if not kind:
        return ""
    if not name:
        return f"List{kind}s"
    verbs = {"GET": "Get", "POST": "Create", "PUT": "Update", "DELETE": "Delete"}
    return f"{verbs.get(environ['REQUEST_METHOD'], '')}{kind}"


_S3_SUBRESOURCES = frozenset(
    """acl cors delete encryption lifecycle location logging object-lock ownershipControls policy
    publicAccessBlock tagging uploadId uploads versioning versions website""".split()  # noqa: SIM905
)
