from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.aws.convert import to_terraform
from localcloud.engine.aws.refresh import imported_inputs, refreshed_inputs
from tests.local.engine.aws.typed import BOOL, NUMBER, STRING, block, field, list_of, map_of, set_of, tree

RESOURCE = tree(
    field("name", computed=True),
    field("size", NUMBER),
    field("force", BOOL),
    field("secret"),
    field("order", list_of(STRING)),
    field("subnet", set_of(STRING)),
    field("tags", map_of(STRING)),
    field("arn", output=True),
    block("health", field("path"), field("interval", NUMBER, computed=True), one=True),
    block("rule", field("port", NUMBER), field("text"), nesting="set"),
)


def state(**properties: Any) -> dict[str, Any]:
    return to_terraform(RESOURCE, properties, str)


def refreshed(inputs: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return refreshed_inputs(RESOURCE, inputs, state(**old), state(**new))


def test_inputs_stay_as_given_while_aws_has_what_it_had() -> None:
    inputs = {"size": "3", "secret": "given", "rules": [{"port": 2}, {"port": 1}]}
    known = {"size": 3, "secret": "hashed", "rules": [{"port": 1, "text": ""}, {"port": 2, "text": ""}]}
    assert refreshed(inputs, known, known) == inputs


def test_drift_is_taken_over() -> None:
    assert refreshed({"size": 3}, {"size": 3}, {"size": 5}) == {"size": 5}


def test_what_is_gone_is_no_input_any_more() -> None:
    assert refreshed({"size": 3, "name": "a"}, {"size": 3, "name": "a"}, {"name": "a"}) == {"name": "a"}


def test_what_the_program_never_set_does_not_become_an_input() -> None:
    assert refreshed({"name": "a"}, {"name": "a"}, {"name": "a", "size": 4}) == {"name": "a"}


def test_only_the_drifted_key_of_an_object_changes() -> None:
    inputs = {"health": {"path": "/"}}
    old = {"health": {"path": "/", "interval": 30}}
    assert refreshed(inputs, old, {"health": {"path": "/x", "interval": 30}}) == {"health": {"path": "/x"}}
    by_hand = {"health": {"path": "/", "interval": 5}}
    assert refreshed(inputs, old, by_hand) == {"health": {"path": "/", "interval": 5}}


def test_tags_by_hand_come_and_go_beside_those_of_the_program() -> None:
    inputs = {"tags": {"a": "1", "b": "1"}}
    old = {"tags": {"a": "1", "b": "1", "by-policy": "x"}}
    new = {"tags": {"a": "2", "by-policy": "x", "c": "3"}}
    assert refreshed(inputs, old, new) == {"tags": {"a": "2", "c": "3"}}


def test_a_set_keeps_the_order_and_words_of_the_program() -> None:
    inputs = {"rules": [{"port": 2}, {"port": 1}], "subnets": ["b", "a"]}
    old = {"rules": [{"port": 1, "text": ""}, {"port": 2, "text": ""}], "subnets": ["a", "b"]}
    new = {
        "rules": [{"port": 1, "text": ""}, {"port": 2, "text": ""}, {"port": 3, "text": "by hand"}],
        "subnets": ["a", "b", "c"],
    }
    assert refreshed(inputs, old, new) == {
        "rules": [{"port": 2}, {"port": 1}, {"port": 3, "text": "by hand"}],
        "subnets": ["b", "a", "c"],
    }


def test_an_exchanged_element_of_a_set_is_exchanged_alone() -> None:
    inputs = {"rules": [{"port": 2}, {"port": 1}]}
    old = {"rules": [{"port": 1}, {"port": 2}]}
    new = {"rules": [{"port": 1}, {"port": 9}]}
    assert refreshed(inputs, old, new) == {"rules": [{"port": 1}, {"port": 9}]}


def test_empty_text_and_nothing_are_the_same_to_a_refresh() -> None:
    inputs = {"rules": [{"port": 1}], "force": False}
    assert (
        refreshed(inputs, {"rules": [{"port": 1}]}, {"rules": [{"port": 1, "text": ""}], "force": False})
        == inputs
    )


def test_an_import_has_what_a_program_could_have_set() -> None:
    found = state(name="auto", size=3, force=False, arn="a", tags={}, health={"path": "/", "interval": 5})
    assert imported_inputs(RESOURCE, found) == {
        "size": 3,
        "force": False,
        "health": {"path": "/", "interval": 5},
    }


SUBNETS = st.lists(st.sampled_from("abcdef"), unique=True)


@given(SUBNETS, SUBNETS)
def test_a_refreshed_set_is_what_aws_has(old: list[str], new: list[str]) -> None:
    result = refreshed({"subnets": old}, {"subnets": sorted(old)}, {"subnets": new}).get("subnets", [])
    assert sorted(result) == sorted(new)
