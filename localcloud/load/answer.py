"""One HTTP/1.1 answer, read as its bytes come."""

from __future__ import annotations

import json
import re

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_RELEASE = re.compile(rb"\r\nx-release: *([^\r\n]*)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.I)
_CLOSE = re.compile(rb"\r\nconnection:[^\r\n]*close", re.I)


class NotHttp(Exception):
    """The bytes are no HTTP/1 answer."""


class Answer:
    """Fed until whole. `status` is 0 until the head is there. Raises NotHttp from `feed`."""

    __slots__ = ("_buffer", "_chunked", "_head", "_length", "body", "status")

    def __init__(self) -> None:
        self._buffer = b""
        self._head = b""
        self._length: int | None = None
        self._chunked = False
        self.status = 0
        self.body = b""

    @property
    def begun(self) -> bool:
        """Whether any byte has come."""
        return bool(self._buffer or self._head)

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: the answer's end was told, and no close announced."""
        told = self._chunked or self._length is not None
        return told and self._head.startswith(b"HTTP/1.1") and not _CLOSE.search(self._head)

    def feed(self, data: bytes) -> bool:
        """Take some bytes; True when the answer is whole."""
        self._buffer += data
        while not self._head:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not self._buffer.startswith(b"HTTP/1."[: len(self._buffer)]):
                raise NotHttp(self._buffer[:40])
            if not found:
                return False
            self._begin(head, rest)
        if self._chunked:
            return self._dechunk()
        self.body = self._buffer
        return self._length is not None and len(self._buffer) >= self._length

    def _begin(self, head: bytes, rest: bytes) -> None:
        try:
            status = int(head[9:12])
        except ValueError:
            raise NotHttp(head[:40]) from None
        self._buffer = rest
        if status < 200:
            return
        self.status, self._head = status, head
        self._chunked = _CHUNKED.search(head) is not None
        length = _LENGTH.search(head)
        if status in (204, 304):
            self._length = 0
        elif length and not self._chunked:
            self._length = int(length[1])

    def _dechunk(self) -> bool:
        while True:
            size_text, found, rest = self._buffer.partition(b"\r\n")
            if not found:
                return False
            try:
                size = int(size_text.partition(b";")[0], 16)
            except ValueError:
                raise NotHttp(size_text[:40]) from None
            if size == 0:
                return rest.startswith(b"\r\n") or b"\r\n\r\n" in rest
            if len(rest) < size + 2:
                return False
            self.body += rest[:size]
            self._buffer = rest[size + 2 :]

    def ended(self) -> bool:
        """The connection was closed: whether that ends the answer, rather than cutting it."""
        return bool(self._head) and self._length is None and not self._chunked

    def release(self) -> str:
        """The release that answered: header `x-release`, else `release` in a JSON object, else ""."""
        named = _RELEASE.search(self._head)
        if named:
            return named[1].decode("latin-1").strip()
        said = self.json().get("release", "")
        return said if isinstance(said, str) else ""

    def json(self) -> dict[str, object]:
        """The body as a JSON object; empty when it is none."""
        if not self.body.lstrip().startswith(b"{"):
            return {}
        try:
            said = json.loads(self.body)
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}
