from __future__ import annotations

from localcloud.engine.aws.difference import Change, Difference, difference
from localcloud.engine.aws.unknown import UNKNOWN
from tests.local.engine.aws.typed import BOOL, NUMBER, STRING, block, field, map_of, set_of, tree

RESOURCE = tree(
    field("name", computed=True),
    field("size", NUMBER),
    field("force", BOOL),
    field("tags", map_of(STRING)),
    field("tags_all", map_of(STRING), computed=True),
    field("subnet", set_of(STRING)),
    field("version", output=True),
    block("health", field("path"), field("interval", NUMBER), one=True),
    block("action", field("type"), block("group", field("arn"), field("weight", NUMBER), nesting="set")),
    field("timeouts", tree(field("create"))),
)


def state(**given: object) -> dict[str, object]:
    return {member.terraform: [] if member.block else None for member in RESOURCE.fields} | given


def compare(
    prior: dict[str, object],
    planned: dict[str, object],
    config: dict[str, object] | None = None,
    replace: tuple[tuple[str | int, ...], ...] = (),
) -> Difference:
    return difference(RESOURCE, prior, planned, planned if config is None else config, replace)


def places(found: Difference) -> dict[str, str]:
    return {change.path: change.kind for change in found.changes}


def test_the_same_is_no_difference() -> None:
    one = state(name="a", subnet=["a", "b"], tags={})
    assert compare(one, state(name="a", subnet=["b", "a"])) == Difference()


def test_time_limits_are_no_difference() -> None:
    assert compare(state(), state(timeouts={"create": "1s"})) == Difference()


def test_changes_are_shown_where_they_are() -> None:
    before = state(
        size=1,
        tags={"a": "1", "b.c": "1", "gone": "1"},
        health=[{"path": "/", "interval": 5}],
        action=[{"type": "x", "group": []}],
    )
    after = state(
        size=2,
        tags={"a": "1", "b.c": "2", "new": "1"},
        health=[{"path": "/ready", "interval": 5}],
        action=[{"type": "x", "group": []}, {"type": "y", "group": []}],
    )
    found = compare(before, after)
    assert found.properties == ("size", "tags", "health", "actions")
    assert places(found) == {
        "size": "UPDATE",
        'tags["b.c"]': "UPDATE",
        "tags.gone": "DELETE",
        "tags.new": "ADD",
        "health.path": "UPDATE",
        "actions[1]": "ADD",
    }


def test_a_changed_set_is_shown_as_one_place() -> None:
    one = state(action=[{"type": "x", "group": [{"arn": "a", "weight": 1}, {"arn": "b", "weight": 0}]}])
    two = state(action=[{"type": "x", "group": [{"arn": "b", "weight": 1}, {"arn": "a", "weight": 0}]}])
    assert places(compare(one, two)) == {"actions[0].groups": "UPDATE"}


def test_a_removed_block_is_a_removal() -> None:
    assert places(compare(state(health=[{"path": "/", "interval": 5}]), state())) == {"health": "DELETE"}


def test_a_default_that_nobody_gave_is_no_change() -> None:
    assert compare(state(), state(force=False, size=10), state()) == Difference()
    assert (
        compare(
            state(health=[{"path": None, "interval": 5}]),
            state(health=[{"path": "", "interval": 5}]),
            state(),
        )
        == Difference()
    )


def test_a_given_value_that_the_state_lacks_is_a_change() -> None:
    assert compare(state(), state(force=False), state(force=False)).properties == ("force",)


def test_an_unknown_value_is_a_change_even_of_what_nobody_gave() -> None:
    assert compare(state(), state(version=UNKNOWN), state()).properties == ("version",)


def test_what_aws_decides_is_shown_only_when_nothing_else_is() -> None:
    planned = state(size=2, version=UNKNOWN, tags_all={"a": "1"})
    assert compare(state(size=1), planned).properties == ("size",)


def test_a_place_that_forces_replacement_counts_only_when_it_changed() -> None:
    before = state(name="a", size=1)
    found = compare(before, state(name="a", size=2), replace=(("name",), ("size",)))
    assert found.replaces == ("size",)
    assert found.changes == (Change("size", "UPDATE", replace=True),)


def test_a_nested_place_that_did_not_change_forces_nothing() -> None:
    before = state(health=[{"path": "/", "interval": 5}])
    after = state(health=[{"path": "/", "interval": 6}])
    assert compare(before, after, replace=(("health", 0, "path"),)).replaces == ()
    assert compare(before, after, replace=(("health", 0, "interval"),)).replaces == ("health",)
