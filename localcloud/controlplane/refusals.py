"""AWS's own way of saying no, for each of its protocols, so that every SDK understands it (and retries it,
or not)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from xml.sax.saxutils import escape

from localcloud.controlplane.asked import Protocol


@dataclass(frozen=True)
class Refusal:
    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def throttled(protocol: Protocol) -> Refusal:
    """What a call over the rate is answered: the code and status are those of the service's own protocol."""
    code, status = {
        "query": ("Throttling", "400 Bad Request"),
        "ec2": ("RequestLimitExceeded", "503 Service Unavailable"),
        "s3": ("SlowDown", "503 Slow Down"),
        "json": ("ThrottlingException", "400 Bad Request"),
        "cbor": ("ThrottlingException", "400 Bad Request"),
    }[protocol]
    message = "Please reduce your request rate." if protocol == "s3" else "Rate exceeded"
    return refusal(protocol, code, message, status)


def failed(protocol: Protocol) -> Refusal:
    """What a call is answered when the service itself fails: always a 5xx."""
    code, status = {
        "query": ("ServiceUnavailable", "503 Service Unavailable"),
        "ec2": ("InternalError", "500 Internal Server Error"),
        "s3": ("InternalError", "500 Internal Server Error"),
        "json": ("InternalFailure", "500 Internal Server Error"),
        "cbor": ("InternalFailure", "500 Internal Server Error"),
    }[protocol]
    return refusal(protocol, code, "The request processing has failed because of an unknown error.", status)


def refusal(protocol: Protocol, code: str, message: str, status: str = "400 Bad Request") -> Refusal:
    """An error of this code in the protocol's own form. `status` is the HTTP status line's."""
    request_id = secrets.token_hex(16)
    sender = "Sender" if status.startswith("4") else "Receiver"
    if protocol in ("json", "cbor"):
        error = {"__type": code, "message": message}
        headers = [("x-amzn-RequestId", request_id)]
        if protocol == "json":
            return Refusal(
                status, (*headers, ("Content-Type", "application/x-amz-json-1.1")), json.dumps(error).encode()
            )
        headers += [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        return Refusal(status, tuple(headers), _cbor_map(error))
    said = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "s3":
        text = f"<Error>{said}<RequestId>{request_id}</RequestId></Error>"
    elif protocol == "ec2":
        text = (
            f"<Response><Errors><Error>{said}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
    else:
        said = f"<Type>{sender}</Type>{said}"
        text = f"<ErrorResponse><Error>{said}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    return Refusal(status, tuple(headers), f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode())


def _cbor_map(texts: dict[str, str]) -> bytes:
    """RFC 8949: a map (major type 5) of text strings (major type 3), each shorter than 65,536 bytes."""
    encoded = bytes([0xA0 | len(texts)])
    for key, value in texts.items():
        for text in (key.encode(), value.encode()):
            encoded += b"\x79" + len(text).to_bytes(2, "big") + text
    return encoded
