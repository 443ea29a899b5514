"""A door in front of AWS that turns calls away as a throttled service does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_REFUSAL = b"""<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error>
<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"""
_OWN_HEADERS = {"connection", "transfer-encoding", "content-length", "server", "date"}


class Door:
    """Calls for which `refuses(action)` holds are answered with Throttling, all others by `upstream`."""

    def __init__(self, upstream: str, refuses: Callable[[str], bool]) -> None:
        self.refused: list[str] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                action = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
                if refuses(action):
                    door.refused.append(action)
                    self._answer(400, {"content-type": "text/xml"}, _REFUSAL)
                else:
                    self._answer(*door._passed(self.command, self.path, dict(self.headers), body))

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in _OWN_HEADERS:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._upstream = urlsplit(upstream).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _passed(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self._upstream, timeout=30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return result

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
