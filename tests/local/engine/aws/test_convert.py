from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.aws.convert import primitive, to_pulumi, to_terraform
from localcloud.engine.aws.types import Collection, Primitive, Structure, Type
from localcloud.engine.aws.unknown import UNKNOWN
from localcloud.engine.aws.values import Secret, from_struct, to_struct
from localcloud.engine.aws.wire import decode, encode
from tests.local.engine.aws.typed import BOOL, NUMBER, STRING, block, field, list_of, map_of, set_of, tree

HEALTH = block("health_check", field("path"), field("interval", NUMBER), one=True)
ACTION = block("action", field("type", required=True), block("forward", field("arn"), one=True))
RESOURCE = tree(
    field("name"),
    field("port", NUMBER),
    field("internal", BOOL),
    field("subnet", set_of(STRING)),
    field("order", list_of(NUMBER)),
    field("tags", map_of(STRING)),
    HEALTH,
    ACTION,
    field("password", sensitive=True),
    field("arn", output=True),
)


def no_asset(asset: object) -> str:
    raise AssertionError(f"no asset was given, but {asset}")


def test_properties_go_to_terraform_and_come_back() -> None:
    properties = {
        "name": "web",
        "port": 8080,
        "internal": False,
        "subnets": ["b", "a"],
        "orders": [2, 1],
        "tags": {"a.b": "c"},
        "healthCheck": {"path": "/", "interval": 5},
        "actions": [{"type": "forward", "forward": {"arn": "x"}}, {"type": "none"}],
    }
    state = to_terraform(RESOURCE, properties, no_asset)
    assert state["health_check"] == [{"path": "/", "interval": 5}]
    assert state["action"][1] == {"type": "none", "forward": []}
    assert to_pulumi(RESOURCE, state) == properties


def test_terraform_gets_every_field_and_blocks_are_never_null() -> None:
    assert to_terraform(RESOURCE, {}, no_asset) == {
        "name": None,
        "port": None,
        "internal": None,
        "subnet": None,
        "order": None,
        "tags": None,
        "health_check": [],
        "action": [],
        "password": None,
        "arn": None,
    }


def test_unknown_values_stay_unknown_at_every_depth() -> None:
    state = to_terraform(
        RESOURCE,
        {"name": UNKNOWN, "healthCheck": UNKNOWN, "actions": [{"type": UNKNOWN}], "subnets": [UNKNOWN]},
        no_asset,
    )
    assert state["name"] is UNKNOWN
    assert state["health_check"] is UNKNOWN
    assert state["action"][0]["type"] is UNKNOWN
    assert state["subnet"] == [UNKNOWN]
    assert to_pulumi(RESOURCE, state)["healthCheck"] is UNKNOWN
    assert decode(encode(state)) == state


def test_sensitive_values_are_secret_for_the_engine_and_only_there() -> None:
    state = to_terraform(RESOURCE, {"password": "p"}, no_asset)
    assert to_pulumi(RESOURCE, state, secrets=True)["password"] == Secret("p")
    assert to_pulumi(RESOURCE, state)["password"] == "p"
    assert from_struct(to_struct({"password": Secret("p")})) == {"password": "p"}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (STRING, 80, "80"),
        (STRING, 80.0, "80"),
        (STRING, True, "true"),
        (STRING, {"a": 1}, '{"a": 1}'),
        (NUMBER, "80", 80),
        (NUMBER, "0.5", 0.5),
        (NUMBER, 80.0, 80),
        (NUMBER, "12345678901234567890", 12345678901234567890),
        (BOOL, "true", True),
        (BOOL, "False", False),
        (BOOL, False, False),
    ],
)
def test_scalars_are_read_as_the_type_wants_them(kind: Primitive, value: Any, expected: Any) -> None:
    result = primitive(kind, value)
    assert result == expected
    assert type(result) is type(expected)


def test_the_time_limits_of_terraform_are_not_properties() -> None:
    timed = tree(field("name"), field("timeouts", tree(field("create"))))
    assert to_terraform(timed, {"timeouts": {"create": "1s"}}, no_asset)["timeouts"] is None
    assert to_pulumi(timed, {"name": "a", "timeouts": {"create": "1s"}}) == {"name": "a"}


def test_numbers_beyond_64_bits_travel_as_text_as_terraform_does_it() -> None:
    assert decode(encode({"port": 2**80})) == {"port": str(2**80)}
    assert to_pulumi(RESOURCE, {"port": str(2**80)}) == {"port": 2**80}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda text: text[:2] != "__")
SCALARS: dict[Primitive, st.SearchStrategy[Any]] = {
    STRING: TEXT,
    NUMBER: st.integers(-(2**52), 2**52) | st.floats(-(2.0**52), 2.0**52),
    BOOL: st.booleans(),
}


def values(kind: Type) -> st.SearchStrategy[Any]:
    match kind:
        case Primitive():
            return SCALARS[kind]
        case Collection(kind="map"):
            return st.dictionaries(TEXT, values(kind.element), max_size=3)
        case Collection():
            return st.lists(values(kind.element), max_size=3)
        case Structure():
            return st.fixed_dictionaries(
                {},
                optional={
                    inner.pulumi: values(inner.type.element if inner.flat else inner.type)  # type: ignore[union-attr]
                    for inner in kind.fields
                },
            )


@given(values(RESOURCE))
def test_whatever_a_program_gives_comes_back_from_terraform(properties: dict[str, Any]) -> None:
    state = to_terraform(RESOURCE, properties, no_asset)
    assert decode(encode(state)) == state
    back = to_pulumi(RESOURCE, state)
    assert to_terraform(RESOURCE, back, no_asset) == state
    given_something = {name: value for name, value in properties.items() if value not in ([], {})}
    assert {
        name: value for name, value in back.items() if value not in ([], {})
    }.keys() == given_something.keys()


@given(values(RESOURCE))
def test_whatever_a_program_gives_comes_back_from_the_engine(properties: dict[str, Any]) -> None:
    assert from_struct(to_struct(properties)) == properties
    same = struct_pb2.Struct()
    json_format.ParseDict(properties, same)
    assert to_struct(properties) == same


def test_outputs_and_resources_of_the_engine_are_unwrapped() -> None:
    signature = "4dabf18193072939515e22adb298388d"
    output = {signature: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    wire = to_struct({"known": {**output, "value": 1}, "later": output})
    assert from_struct(wire) == {"known": 1, "later": UNKNOWN}
    assert from_struct(to_struct({"later": UNKNOWN})) == {"later": UNKNOWN}
