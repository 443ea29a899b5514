"""What stands before every answer: only this machine asks, and only to read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names that no DNS server answers for: a page of somebody else cannot be reached by one of them."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses what is not GET or HEAD (405), names another host (421) or is asked by another site's page (403). Every
    answer, a refusal too, has the headers that keep the page to itself; those that the answer has are kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (_refusal(scope) or self._app)(scope, receive, guarded)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    headers = Headers(scope=scope)
    if not is_loopback(headers.get("host", "")) or len(headers.getlist("host")) != 1:
        return PlainTextResponse("This page answers to localhost and 127.0.0.1 alone.\n", 421)
    if scope["method"] not in ("GET", "HEAD"):
        allowed = {"Allow": "GET, HEAD"}
        return PlainTextResponse("This page only reads: GET or HEAD.\n", 405, allowed)
    # Somebody else's page may link to this one, and not make it work.
    foreign = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
    if foreign and (headers.get("sec-fetch-mode") != "navigate" or scope["path"] != "/"):
        return PlainTextResponse("This page does not answer to other pages.\n", 403)
    return None


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine; the port may be another one, as behind `ssh -L`."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname in LOOPBACK and parts.netloc == host and "@" not in host and parts.port != 0
    except ValueError:
        return False
