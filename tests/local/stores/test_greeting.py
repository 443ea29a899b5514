"""What a PostgreSQL client says first is read as PostgreSQL reads it, however it comes in pieces."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.stores.greeting import (
    CANCEL_REQUEST,
    GSS_REQUEST,
    LARGEST,
    SSL_REQUEST,
    greeting,
    refusal,
)


def startup(**said: str) -> bytes:
    words = b"".join(f"{name}\0{value}\0".encode() for name, value in said.items()) + b"\0"
    return struct.pack("!II", len(words) + 8, 196608) + words


@pytest.mark.parametrize(("code", "kind"), [(SSL_REQUEST, "ssl"), (GSS_REQUEST, "gss")])
def test_requests_for_encryption_are_told_apart(code: int, kind: str) -> None:
    assert greeting(struct.pack("!II", 8, code)).kind == kind


def test_a_cancel_request_is_one() -> None:
    assert greeting(struct.pack("!IIII", 16, CANCEL_REQUEST, 1, 2)).kind == "cancel"


@given(st.integers(min_value=0, max_value=60))
def test_a_startup_is_known_when_all_of_it_is_there_and_not_before(length: int) -> None:
    packet = startup(user="app", database="orders", application_name="x")
    seen = greeting(packet[:length])
    assert seen.kind == ("startup" if length >= len(packet) else "more")


def test_a_startup_says_who_wants_what() -> None:
    assert greeting(startup(user="app", database="orders")).said == {"user": "app", "database": "orders"}


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_wrong(received: bytes) -> None:
    seen = greeting(received)
    assert seen.length <= max(len(received), 0)


@pytest.mark.parametrize("length", [0, 7, LARGEST + 1, 2**32 - 1])
def test_a_length_that_postgresql_would_not_take_is_wrong(length: int) -> None:
    assert greeting(struct.pack("!II", length, 196608)).kind == "wrong"


def test_the_refusal_names_host_user_and_database_which_is_the_users_own_unless_it_is_said() -> None:
    assert b'host "10.0.0.9", user "app", database "app", no encryption' in refusal(
        "10.0.0.9", {"user": "app"}
    )
    assert b"C28000\0" in refusal("10.0.0.9", {})
