"""The request on stdin is what it must be, or says what is wrong with it."""

from __future__ import annotations

import json

import pytest

from migrator.errors import RequestError
from migrator.request import Limits, parse

DOCUMENT = {
    "do": "migrate",
    "region": "eu-west-1",
    "release": "abcd1234",
    "version": "2",
    "by": "who",
    "database": {"host": "h", "port": 5432, "name": "app", "master_secret": "arn", "ca": "/ca.pem"},
    "login": {"secret": "arn", "role": "app_abcd1234"},
    "keep": ["abcd1234", "ffff0000"],
    "revisions": ["0001"],
    "limits": {"lock_timeout_ms": 500, "attempts": 40, "deadline": 1800},
}


def test_a_whole_one_is_read():
    request = parse(json.dumps(DOCUMENT | {"bucket": "for whoever fetched the bundle"}))
    assert request.database.ca == "/ca.pem"
    assert request.keep == ("abcd1234", "ffff0000")
    assert request.limits == Limits(lock_timeout_ms=500, attempts=40, deadline=1800)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"do": "drop"}, "'do' is one of migrate, contract, status"),
        ({"release": "app; DROP ROLE master"}, "a release id of 8 hexadecimal digits"),
        ({"keep": ["x"]}, "a release id of 8 hexadecimal digits"),
        ({"fence": ["abcd1234"]}, "a release that isn't fenced against itself"),
        ({"revisions": "0001"}, "revisions is a list of texts"),
        ({"database": {"host": "h"}}, "the field database.name"),
        ({"database": 5}, "database is a mapping"),
        ({"login": {"secret": "a", "role": "master"}}, "login.role is 'app_' and a release id"),
        ({"limits": {"attempts": 0}}, "limits.attempts is a number above 0"),
    ],
)
def test_what_cannot_be_used_is_said(changes, expected):
    with pytest.raises(RequestError) as caught:
        parse(json.dumps(DOCUMENT | changes))
    assert caught.value.expected == expected


def test_text_that_is_no_json_is_said():
    with pytest.raises(RequestError, match="a JSON document"):
        parse("{")
