from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.aws.proposed import fits, proposed_new
from localcloud.engine.aws.unknown import UNKNOWN
from tests.local.engine.aws.typed import NUMBER, STRING, block, field, map_of, tree

RULE = (field("port", NUMBER), field("text", computed=True), field("id", output=True))
RESOURCE = tree(
    field("name", computed=True),
    field("size", NUMBER),
    field("tags", map_of(STRING)),
    field("arn", output=True),
    block("step", *RULE),
    block("rule", *RULE, nesting="set"),
)


def rule(port: int | None, text: str | None = None, id: str | None = None) -> dict[str, object]:
    return {"port": port, "text": text, "id": id}


def config(**given: object) -> dict[str, object]:
    empty = {"name": None, "size": None, "tags": None, "arn": None, "step": [], "rule": []}
    return empty | given


def test_what_aws_decided_stays_while_the_program_says_nothing() -> None:
    prior = config(name="auto", arn="a", size=3)
    assert proposed_new(RESOURCE, prior, config()) == config(name="auto", arn="a")


def test_what_the_program_says_wins() -> None:
    assert proposed_new(RESOURCE, config(name="auto"), config(name="mine"))["name"] == "mine"
    assert proposed_new(RESOURCE, config(name="auto"), config(name=UNKNOWN))["name"] is UNKNOWN


def test_a_new_resource_is_what_the_program_says() -> None:
    assert proposed_new(RESOURCE, None, config(step=[rule(80)])) == config(step=[rule(80)])


def test_list_elements_correspond_by_their_place() -> None:
    prior = config(step=[rule(80, "a", "1"), rule(443, "b", "2")])
    proposed = proposed_new(RESOURCE, prior, config(step=[rule(81), rule(443), rule(9)]))
    assert proposed["step"] == [rule(81, "a", "1"), rule(443, "b", "2"), rule(9)]


def test_set_elements_correspond_by_what_the_program_gave_for_them() -> None:
    prior = config(rule=[rule(80, "a", "1"), rule(443, "b", "2")])
    proposed = proposed_new(RESOURCE, prior, config(rule=[rule(443), rule(9), rule(80)]))
    assert proposed["rule"] == [rule(443, "b", "2"), rule(9), rule(80, "a", "1")]


def test_an_element_of_a_set_is_used_once() -> None:
    prior = config(rule=[rule(80, "a", "1"), rule(80, "b", "2")])
    proposed = proposed_new(RESOURCE, prior, config(rule=[rule(80), rule(80), rule(80)]))
    assert proposed["rule"] == [rule(80, "a", "1"), rule(80, "b", "2"), rule(80)]


def test_unknown_blocks_are_passed_on() -> None:
    assert proposed_new(RESOURCE, config(), config(rule=UNKNOWN))["rule"] is UNKNOWN
    assert proposed_new(RESOURCE, config(), config(rule=[UNKNOWN]))["rule"] == [UNKNOWN]


def test_an_element_fits_when_only_computed_parts_were_left_out() -> None:
    kind = tree(*RULE)
    assert fits(kind, rule(80, "a", "1"), rule(80))
    assert not fits(kind, rule(80, "a", "1"), rule(81))
    assert not fits(kind, rule(80, "a", "1"), rule(80, "b"))


PORTS = st.lists(st.integers(0, 5), unique=True, max_size=5)


@given(PORTS, st.randoms())
def test_the_order_of_a_set_does_not_matter(ports: list[int], random: object) -> None:
    prior = config(rule=[rule(port, f"t{port}", f"i{port}") for port in ports])
    mixed = list(ports)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    proposed = proposed_new(RESOURCE, prior, config(rule=[rule(port) for port in mixed]))
    assert sorted(proposed["rule"], key=str) == sorted(prior["rule"], key=str)  # type: ignore[call-overload]


@given(PORTS)
def test_proposing_again_changes_nothing(ports: list[int]) -> None:
    wanted = config(rule=[rule(port) for port in ports], step=[rule(port) for port in ports])
    once = proposed_new(RESOURCE, None, wanted)
    assert proposed_new(RESOURCE, once, wanted) == once
