"""The counter: logging in, and ordering. What the database, the cache and the queue are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from anyio import to_thread
from botocore.exceptions import BotoCoreError, ClientError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from shop.jobs import Jobs
from shop.orders import Orders
from shop.sessions import COOKIE, LIFE, Sessions

CLOSED = 503
"""What a request gets whose database, cache or queue is not there, or does not answer."""


class Counter:
    """The paths that keep something. Each part may be None: then its paths answer 503 and the others work."""

    def __init__(self, sessions: Sessions | None, orders: Orders | None, jobs: Jobs | None) -> None:
        self._sessions = sessions
        self._orders = orders
        self._jobs = jobs

    def routes(self) -> Sequence[BaseRoute]:
        return (
            Route("/login", self._login, methods=["POST"]),
            Route("/me", self._me),
            Route("/orders", self._order, methods=["POST"]),
            Route("/orders/{number:int}", self._show),
        )

    async def _login(self, request: Request) -> Response:
        user = request.query_params.get("name", "")
        if not user:
            return PlainTextResponse("who? POST /login?name=ada\n", status_code=400)
        if self._sessions is None:
            return _closed("there is no cache")
        try:
            session = await self._sessions.begin(user)
        except RedisError as trouble:
            return _closed(str(trouble))
        answer = JSONResponse({"user": user})
        secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
        answer.set_cookie(COOKIE, session, max_age=LIFE, httponly=True, samesite="lax", secure=secure)
        return answer

    async def _me(self, request: Request) -> Response:
        session = request.cookies.get(COOKIE, "")
        if self._sessions is None:
            return _closed("there is no cache")
        try:
            user = await self._sessions.user(session) if session else None
        except RedisError as trouble:
            return _closed(str(trouble))
        if user is None:
            return PlainTextResponse("nobody is logged in\n", status_code=401)
        return JSONResponse({"user": user})

    async def _order(self, request: Request) -> Response:
        item = request.query_params.get("item", "surprise")
        if self._orders is None or self._jobs is None:
            return _closed("there is no database or no queue")
        try:
            number = await to_thread.run_sync(self._orders.take, item)
            await to_thread.run_sync(self._jobs.send, number)
        except (SQLAlchemyError, BotoCoreError, ClientError) as trouble:
            return _closed(str(trouble).splitlines()[0])
        return JSONResponse({"order": number}, status_code=201)

    async def _show(self, request: Request) -> Response:
        if self._orders is None:
            return _closed("there is no database")
        try:
            order = await to_thread.run_sync(self._orders.find, request.path_params["number"])
        except SQLAlchemyError as trouble:
            return _closed(str(trouble).splitlines()[0])
        if order is None:
            return PlainTextResponse("no such order\n", status_code=404)
        return JSONResponse(asdict(order))


def _closed(why: str) -> Response:
    return PlainTextResponse(f"the counter is closed: {why}\n", status_code=CLOSED)
