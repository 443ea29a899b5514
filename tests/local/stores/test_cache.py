"""A cache of the local cloud asks for TLS and its token, and keeps what was answered."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from localcloud.parts import CacheSpec
from localcloud.stores.local import LocalCaches
from tests.local.stores.conftest import Site, available, until


@pytest.fixture(scope="module")
def running(site: Site) -> Iterator[tuple[LocalCaches, CacheSpec]]:
    caches = LocalCaches(lambda: site.place, site.authority, site.log.append)
    spec = CacheSpec("sessions", site.pool.take("sessions"), 6379, token="token-" * 4)
    caches.create(spec)
    available(caches, "sessions")
    yield caches, spec
    caches.close()
    assert site.processes() == []


def client(site: Site, spec: CacheSpec, **options: Any) -> Any:
    return redis.Redis(
        **{
            "host": spec.address,
            "port": spec.port,
            "password": spec.token,
            "ssl": True,
            "ssl_ca_certs": str(site.authority.ca_path),
            "socket_timeout": 5,
            "retry": Retry(NoBackoff(), 0),
            **options,
        }
    )


def test_it_answers_over_verified_tls_with_the_token_only(
    site: Site, running: tuple[LocalCaches, CacheSpec]
) -> None:
    _, spec = running
    assert client(site, spec).ping()
    with pytest.raises(redis.AuthenticationError):
        client(site, spec, password="guess").ping()
    with pytest.raises(redis.AuthenticationError):
        client(site, spec, password=None).ping()
    with pytest.raises(redis.ConnectionError):
        client(site, spec, ssl=False).ping()
    with pytest.raises(redis.ConnectionError, match=r"(?i)certificate"):
        client(site, spec, ssl_ca_certs="/etc/ssl/certs/ca-certificates.crt").ping()


def test_commands_that_elasticache_keeps_for_itself_are_refused(
    site: Site, running: tuple[LocalCaches, CacheSpec]
) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        client(site, running[1]).config_get("*")


def test_a_killed_server_comes_back_with_every_write_that_was_answered(
    site: Site, running: tuple[LocalCaches, CacheSpec]
) -> None:
    caches, spec = running
    client(site, spec).set("session", "alice")
    os.kill(caches.status("sessions").pids[0], signal.SIGKILL)

    def session() -> bytes | None:
        try:
            found: bytes | None = client(site, spec).get("session")
        except redis.RedisError:
            return None
        return found

    assert until(session) == b"alice"


def test_the_token_is_in_no_file(site: Site, running: tuple[LocalCaches, CacheSpec]) -> None:
    folder = site.place.root / "caches" / "sessions"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not any(running[1].token.encode() in path.read_bytes() for path in files)
