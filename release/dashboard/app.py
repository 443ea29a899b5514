"""What is answered at which path."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from release.dashboard.guard import Guard
from release.dashboard.pages import Pages
from release.dashboard.reader import Reader

Report = Callable[[str, str, str], Awaitable[tuple[bytes, str]]]
"""The report as HTML of what happened to a stack's release (id) at a moment, or nothing and why there is none."""

ASKED = "x-dashboard"
"""A header that another site's page cannot send: whoever asks for something that takes minutes has it."""

_ALONE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox allow-popups"
"""The policy of a report, which is a page that needs nothing beside it."""

_RELEASE = re.compile(r"[0-9a-f]{8}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_COLOURS: Mapping[str, str] = {
    "bad": "#c5221f",
    "unknown": "#7b4fb3",
    "watch": "#b26a00",
    "moving": "#1a66b8",
    "well": "#1e7d4a",
    "none": "#76808b",
}


def app(reader: Reader, report: Report, project: str) -> Guard:
    """The application, behind its guard."""
    pages = Pages(project)

    def environments() -> tuple[str, datetime]:
        now = datetime.now(UTC)
        return pages.environments(reader.sights(), now), now

    async def page(_: Request) -> Response:
        return HTMLResponse(pages.whole(reader.sights(), datetime.now(UTC)))

    async def changed(request: Request) -> Response:
        body, now = environments()
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
        headers = {"ETag": tag, "X-Now": str(int(now.timestamp() * 1000))}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(body, headers=headers)

    async def drift(request: Request) -> Response:
        if ASKED not in request.headers:
            return PlainTextResponse("Asked for by the page alone.\n", 403)
        begun = reader.look_for_drift(request.path_params["stack"])
        return PlainTextResponse("looking\n", 202) if begun else _nothing()

    async def told(request: Request) -> Response:
        stack, release, at = (request.path_params[name] for name in ("stack", "release", "at"))
        known = any(sight.stack == stack for sight in reader.sights())
        if not known or not _RELEASE.fullmatch(release) or not _MOMENT.fullmatch(at):
            return _nothing()
        body, why = await report(stack, release, at)
        if not body:
            return PlainTextResponse(f"There is no report of {release} in {stack}.\n\n{why}\n", 404)
        return HTMLResponse(body, headers={"Content-Security-Policy": _ALONE})

    async def icon(request: Request) -> Response:
        colour = _COLOURS.get(request.path_params["standing"])
        if not colour:
            return _nothing()
        drawn = f'<circle cx="16" cy="16" r="14" fill="{colour}"/>'
        return _kept(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{drawn}</svg>', "image/svg+xml"
        )

    routes = [
        Route("/", page),
        Route("/environments", changed),
        Route("/drift/{stack}", drift),
        Route("/report/{stack}/{release}/{at}", told),
        Route("/icon/{standing}.svg", icon),
        Route("/style.css", _file("style.css", "text/css")),
        Route("/live.js", _file("live.js", "text/javascript")),
    ]
    return Guard(Starlette(routes=routes))


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")

    async def answer(_: Request) -> Response:
        return _kept(text, kind)

    return answer


def _kept(text: str, kind: str) -> Response:
    return Response(text, media_type=kind, headers={"Cache-Control": "no-cache"})


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404)
