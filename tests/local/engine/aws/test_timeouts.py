from __future__ import annotations

import json

from localcloud.engine.aws.timeouts import private_with_limit, with_limit, without_limits
from tests.local.engine.aws.typed import field, tree

LIMITS = tree(field("create"), field("update"), field("delete"))
RESOURCE = tree(field("name"), field("timeouts", LIMITS, block=True))
KEY = "e2bfb730-ecaa-11e6-8f88-34363bc7c4c0"


def test_a_limit_is_for_one_operation() -> None:
    limited = with_limit(RESOURCE, {"name": "a", "timeouts": None}, "create", 90)
    assert limited == {"name": "a", "timeouts": {"create": "90s", "update": None, "delete": None}}
    assert without_limits(limited) == {"name": "a", "timeouts": None}


def test_no_limit_changes_nothing() -> None:
    config = {"name": "a", "timeouts": None}
    assert with_limit(RESOURCE, config, "create", 0) == config
    assert private_with_limit(RESOURCE, b"x", 0) == b"x"


def test_a_resource_without_limits_gets_none() -> None:
    plain = tree(field("name"))
    assert with_limit(plain, {"name": "a"}, "create", 90) == {"name": "a"}
    assert private_with_limit(plain, b"{}", 90) == b"{}"
    assert without_limits({"name": "a"}) == {"name": "a"}


def test_the_limit_of_a_delete_is_beside_the_others_of_the_provider() -> None:
    private = json.dumps({KEY: {"create": 1}, "schema_version": "1"}).encode()
    limited = json.loads(private_with_limit(RESOURCE, private, 1.5))
    assert limited == {KEY: {"create": 1, "delete": 1_500_000_000}, "schema_version": "1"}
    assert json.loads(private_with_limit(RESOURCE, b"", 2)) == {KEY: {"delete": 2_000_000_000}}
    assert private_with_limit(RESOURCE, b"\xff", 2) == b"\xff"
