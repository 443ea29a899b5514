"""A way to AWS's API that counts what goes over it."""

from __future__ import annotations

import http.client
import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from localcloud.controlplane.asked import asked

_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}
PATIENCE = 120.0


@dataclass
class Tally:
    """`url` is the way. Calls by service and action, each attempt one."""

    url: str
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def counting(endpoint: str) -> Iterator[Tally]:
    """A way to `endpoint` (a URL), which answers what that answers."""
    to = urlsplit(endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self._body()
            with tally.lock:
                tally.calls[self._named(body)] += 1
            connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=PATIENCE)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in _OF_A_CONNECTION:
                        connection.putheader(name, value)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
                answer = connection.getresponse()
                self._answer(answer, answer.read())
            finally:
                connection.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - names of the base class

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return found

        def _named(self, body: bytes) -> str:
            path, _, query = self.path.partition("?")
            environ = {
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
                **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()},
            }
            one = asked(environ)
            return f"{one.service or 'unsigned'} {one.action or self.command}"

        def _answer(self, answer: http.client.HTTPResponse, body: bytes) -> None:
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            told = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", told or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    tally = Tally(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield tally
    finally:
        server.shutdown()
        server.server_close()
