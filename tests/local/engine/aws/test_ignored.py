from __future__ import annotations

from typing import Any

import pytest

from localcloud.engine.aws.ignored import keep_ignored, parse
from tests.local.engine.aws.typed import NUMBER, STRING, block, field, list_of, map_of, tree

RESOURCE = tree(
    field("desired_capacity", NUMBER, computed=True),
    field("arn", output=True),
    field("tags", map_of(STRING)),
    field("order", list_of(STRING)),
    block("health", field("path"), field("interval", NUMBER), one=True),
    block("action", field("type"), field("weight", NUMBER)),
    block("rule", field("port", NUMBER), nesting="set"),
)


def kept(news: dict[str, Any], olds: dict[str, Any], *paths: str) -> dict[str, Any]:
    return keep_ignored(RESOURCE, news, olds, paths)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ("a[0].b", ("a", 0, "b")),
        ('a["b.c"]', ("a", "b.c")),
        ('a["say \\"x\\""].d', ("a", 'say "x"', "d")),
        ("a[*].b", ("a", "*", "b")),
        ("*", ("*",)),
    ],
)
def test_paths_are_read_as_pulumi_writes_them(path: str, steps: tuple[str | int, ...]) -> None:
    assert parse(path) == steps


def test_the_recorded_value_stays() -> None:
    assert kept({"desiredCapacity": 2}, {"desiredCapacity": 5}, "desiredCapacity") == {"desiredCapacity": 5}


def test_a_new_value_for_what_was_never_there_is_dropped() -> None:
    assert kept({"desiredCapacity": 2}, {}, "desiredCapacity") == {}


def test_a_removed_value_stays() -> None:
    assert kept({}, {"desiredCapacity": 5}, "desiredCapacity") == {"desiredCapacity": 5}


def test_one_key_of_a_map_is_kept_and_the_others_change() -> None:
    news, olds = {"tags": {"a": "2", "b.c": "2"}}, {"tags": {"a": "1", "b.c": "1", "d": "1"}}
    assert kept(news, olds, 'tags["b.c"]') == {"tags": {"a": "2", "b.c": "1"}}
    assert kept(news, olds, "tags.d") == {"tags": {"a": "2", "b.c": "2", "d": "1"}}
    assert kept({"tags": {"a": "2"}}, {}, "tags.a") == {}


def test_one_place_in_blocks_is_kept() -> None:
    news = {"health": {"path": "/new", "interval": 5}, "actions": [{"type": "b", "weight": 1}]}
    olds = {"health": {"path": "/old", "interval": 9}, "actions": [{"type": "a", "weight": 7}]}
    assert kept(news, olds, "health.path", "actions[0].weight") == {
        "health": {"path": "/old", "interval": 5},
        "actions": [{"type": "b", "weight": 7}],
    }


def test_wildcards_reach_every_element() -> None:
    news = {"actions": [{"type": "b", "weight": 1}, {"type": "c", "weight": 2}, {"type": "d", "weight": 3}]}
    olds = {"actions": [{"type": "a", "weight": 7}, {"type": "a", "weight": 8}]}
    assert [action["weight"] for action in kept(news, olds, "actions[*].weight")["actions"]] == [7, 8, 3]
    assert kept({"tags": {"a": "2"}}, {"tags": {"a": "1"}, "arn": "x"}, "*") == {"tags": {"a": "1"}}


def test_a_whole_set_is_kept_but_never_an_element_by_its_place() -> None:
    news, olds = {"rules": [{"port": 1}]}, {"rules": [{"port": 9}, {"port": 8}]}
    assert kept(news, olds, "rules") == olds
    assert kept(news, olds, "rules[0].port") == news


def test_what_only_aws_decides_is_never_taken_for_an_input() -> None:
    assert kept({}, {"arn": "x"}, "arn", "nothing.of.the.kind", "") == {}
