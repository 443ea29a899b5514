"""Who is logged in: sessions in the cache, which outlive every release."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from redis.asyncio import Redis

COOKIE = "session"
LIFE = 24 * 3600
"""Seconds."""

FORMAT = "1"
"""Part of every key: a release that keeps something else in a session counts on, and old keys expire by themselves."""


class Sessions:
    """Sessions by a name that nobody can guess. Errors are redis-py's."""

    def __init__(self, cache: Redis, namespace: str) -> None:
        self._cache = cache
        self._namespace = namespace

    async def begin(self, user: str) -> str:
        """Log a user in; returns what the cookie must hold."""
        session = secrets.token_urlsafe(24)
        await self._cache.set(self._key(session), user, ex=LIFE)
        return session

    async def user(self, session: str) -> str | None:
        """Whose session it is, None for one that there never was or that is over."""
        found: str | None = await self._cache.get(self._key(session))
        return found

    def _key(self, session: str) -> str:
        return f"{self._namespace}session:{FORMAT}:{session}"


def open_sessions(environment: Mapping[str, str]) -> Sessions | None:
    """The sessions in the cache that CACHE_URL names, None where there is none. Connects when first used."""
    url = environment.get("CACHE_URL")
    if not url:
        return None
    cache = Redis.from_url(
        url, socket_connect_timeout=3, socket_timeout=3, health_check_interval=30, decode_responses=True
    )
    return Sessions(cache, environment.get("CACHE_NAMESPACE", ""))
