"""What the real oasdiff says of two documents, and what is said where there is none."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from release.errors import ApiNotCompared
from release.openapi import oasdiff as program
from release.openapi.changes import breaking
from release.openapi.oasdiff import compared
from tests.unit.release.openapi.conftest import OASDIFF

BODY = {"schema": {"type": "object", "properties": {"item": {"type": "string"}}}}
LIVE: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/orders": {
            "get": {"responses": {"200": {"description": "all of them"}}},
            "post": {
                "requestBody": {"content": {"application/json": BODY}},
                "responses": {"201": {"description": "taken"}},
            },
        }
    },
}


def wanted() -> dict[str, Any]:
    return deepcopy(LIVE)


def found(document: dict[str, Any]) -> tuple[str, ...]:
    changes = compared(json.dumps(LIVE).encode(), json.dumps(document).encode())
    return tuple(map(str, breaking(changes)))


@pytest.mark.usefixtures("oasdiff")
def test_what_is_added_breaks_nobody() -> None:
    document = wanted()
    document["paths"]["/baskets"] = {"get": {"responses": {"200": {"description": "new"}}}}
    assert found(LIVE) == found(document) == ()


@pytest.mark.usefixtures("oasdiff")
def test_what_is_taken_away_or_asked_for_breaks_clients_and_is_named() -> None:
    document = wanted()
    del document["paths"]["/orders"]["get"]
    schema = document["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema["required"] = ["item"]
    removed, required = found(document)
    assert removed.startswith("breaks clients: GET /orders: ")
    assert required == "breaks clients: POST /orders: the request property `item` became required"


@pytest.mark.usefixtures("oasdiff")
@pytest.mark.parametrize(
    ("document", "seen"),
    [
        (b'{"openapi": "3.0.3", "paths": 7}', "exit status"),
        (
            b'{"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {"/x": {"$ref": "http://127.0.0.1:9/x"}}}',
            "external reference",
        ),
    ],
    ids=["no document", "one that would be fetched"],
)
def test_a_document_that_cannot_be_read_is_not_taken_for_one_that_breaks_nothing(
    document: bytes, seen: str
) -> None:
    with pytest.raises(ApiNotCompared) as refused:
        compared(json.dumps(LIVE).encode(), document)
    assert seen in refused.value.seen


def test_without_oasdiff_nothing_is_taken_for_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ApiNotCompared) as refused:
        compared(b"{}", b"{}")
    assert "no oasdiff on PATH" in refused.value.seen
    assert f"oasdiff@v{program.VERSION}" in refused.value.next


def test_the_oasdiff_that_is_recommended_is_the_one_that_is_tested() -> None:
    assert OASDIFF.version() == program.VERSION
