"""How commands talk to the daemon: one JSON object a line, over a unix socket that only its user can open.

-> {"do": "fault-set", "name": "weights-delay", "value": "5"}
<- {"ok": true, ...}                                       or
<- {"ok": false, "error": "what is wrong", "remedy": "the next command"}
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.errors import CloudError, CloudNotRunning, ControlFailed

Answer = Mapping[str, Any]
Handler = Callable[[Mapping[str, Any]], Answer]


class ControlServer:
    """Listens at `path` when constructed; each request is answered by the handler that its `do` names."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        self._path = path

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    for line in self.rfile:
                        self.wfile.write(json.dumps(_answer(line, handlers)).encode() + b"\n")

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self._server = Server(str(path), Conversation)
        path.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="control", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def _answer(line: bytes, handlers: Mapping[str, Handler]) -> Answer:
    try:
        asked = json.loads(line)
        handler = handlers.get(asked["do"])
        if handler is None:
            raise ControlFailed(
                f"the local cloud does not know '{asked['do']}'.", f"It knows: {', '.join(handlers)}"
            )
        return {"ok": True, **handler(asked)}
    except CloudError as refused:
        return {"ok": False, "error": refused.message, "remedy": refused.remedy}
    except Exception as unexpected:
        return {"ok": False, "error": f"{type(unexpected).__name__}: {unexpected}", "remedy": ""}


def ask(path: Path, do: str, timeout: float = 30.0, **details: Any) -> dict[str, Any]:
    """Ask the daemon at `path`; `timeout` in seconds.

    Raises `CloudNotRunning` when nothing answers there, `ControlFailed` with the daemon's own words when it refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps({"do": do, **details}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except TimeoutError:
            raise ControlFailed(
                f"the local cloud did not answer '{do}' within {timeout:.0f} s.",
                "Look at its log, then: localcloud down",
            ) from None
        except OSError:
            raise CloudNotRunning(str(path.parent)) from None
    if not line:
        raise CloudNotRunning(str(path.parent), left_over=True)
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise ControlFailed(answer["error"], answer.get("remedy", ""))
    return answer
