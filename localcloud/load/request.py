"""The bytes of each kind of request, made once."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from localcloud.load.destination import Destination
from localcloud.load.mix import Kind


@dataclass(frozen=True)
class Request:
    """What is sent on a fresh connection and on a long-lived one, and the digest that an upload's answer
    must name."""

    kind: Kind
    once: bytes
    kept: bytes
    digest: str = ""


def requests(
    to: Destination, slow_path: str, upload_path: str, upload_bytes: int, seed: int = 1
) -> dict[Kind, Request]:
    """The request of each kind. An upload's body is `upload_bytes` random bytes, the same in every run."""
    body = random.Random(seed).randbytes(upload_bytes)

    def made(kind: Kind, method: str, path: str, content: bytes = b"") -> Request:
        head = f"{method} {path} HTTP/1.1\r\nhost: {to.authority}\r\nuser-agent: localcloud-load\r\n"
        if method == "POST":
            head += f"content-type: application/octet-stream\r\ncontent-length: {len(content)}\r\n"
        digest = hashlib.sha256(content).hexdigest() if content else ""
        once, kept = f"{head}connection: close\r\n\r\n", f"{head}\r\n"
        return Request(kind, once.encode() + content, kept.encode() + content, digest)

    return {
        "plain": made("plain", "GET", to.path),
        "slow": made("slow", "GET", slow_path),
        "upload": made("upload", "POST", upload_path, body),
    }
