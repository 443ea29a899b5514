from __future__ import annotations

from localcloud.engine.command.difference import compare
from localcloud.engine.command.properties import UNKNOWN


def test_nothing_changed_is_nothing_to_run() -> None:
    assert compare({"create": "a", "__x": 1}, {"create": "a", "__x": 2}).changed == ()


def test_changed_triggers_replace_a_command_that_has_no_update() -> None:
    assert compare({"create": "a", "triggers": [1]}, {"create": "a", "triggers": [2]}).replaces == (
        "triggers",
    )


def test_changed_triggers_update_a_command_that_has_one() -> None:
    old = {"create": "a", "update": "b", "triggers": [1]}
    difference = compare(old, {**old, "triggers": [2]})
    assert difference.changed == ("triggers",)
    assert difference.replaces == ()


def test_a_changed_connection_runs_the_command_again_unless_it_is_ignored() -> None:
    old, new = {"connection": {"host": "a"}}, {"connection": {"host": "b"}}
    assert compare(old, new).changed == ("connection",)
    assert compare(old, new, ["connection"]).changed == ()
    assert compare(old, new, ["connection.host"]).changed == ()


def test_a_value_that_is_not_known_yet_counts_as_changed() -> None:
    assert compare({"stdin": "a"}, {"stdin": UNKNOWN}).changed == ("stdin",)
