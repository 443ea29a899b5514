"""Rules: ALB's conditions, priorities and actions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.balancer.clusters import others, statuses
from localcloud.balancer.routes import action_part, wildcard
from localcloud.errors import PartFailed
from localcloud.parts import Action, Rule


def matches(pattern: str, text: str) -> bool:
    """ALB's wildcards, by hand."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])


@given(st.text("ab/.*?[+", max_size=8), st.text("ab/.[+", max_size=8))
def test_a_wildcard_means_what_it_means_in_the_load_balancer(pattern, text):
    assert (re.fullmatch(wildcard(pattern), text) is not None) == matches(pattern, text)


@given(st.lists(st.tuples(st.integers(100, 599), st.integers(0, 99)), min_size=1, max_size=5))
def test_a_matcher_and_its_others_are_all_codes_once(parts):
    spans = [(low, min(low + more, 599)) for low, more in parts]
    passing = statuses(",".join(f"{low}-{high}" for low, high in spans))
    codes = {code for low, high in passing for code in range(low, high)}
    assert codes == {code for low, high in spans for code in range(low, high + 1)}
    rest = [code for low, high in others(passing) for code in range(low, high)]
    assert sorted([*codes, *rest]) == list(range(100, 600))


@pytest.mark.parametrize("matcher", ["", "99", "600", "300-200", "ok", "200-"[:3] + "x"])
def test_a_matcher_that_is_none_is_refused(matcher):
    with pytest.raises(ValueError, match=r"expected HTTP codes|invalid literal"):
        statuses(matcher)


def says(word: str) -> Action:
    return Action("fixed-response", status=200, body=word)


async def test_rules_are_tried_in_order_of_priority_whatever_their_order(stage):
    rules = (
        Rule(30, says("third"), path_patterns=("/a*",)),
        Rule(10, says("first"), path_patterns=("/a/?.png", "/exact")),
        Rule(
            20, says("second"), path_patterns=("/a/*",), headers=(("X-One", ("y*", "z")), ("x-two", ("?",)))
        ),
        Rule(25, says("host"), host_headers=("*.Example.com",)),
    )
    await stage.apply(stage.state((), (), rules))
    assert (await stage.get("/a/b.png?q=/x"))[2] == "first"
    assert (await stage.get("/exact"))[2] == "first"
    assert (await stage.get("/a/bb.png"))[2] == "third"
    assert (await stage.get("/a/bb.png", x_one="YES", x_two="1"))[2] == "second"
    assert (await stage.get("/a/bb.png", x_one="YES", x_two="12"))[2] == "third"
    assert (await stage.get("/a/bb.png", x_one="no", x_two="1"))[2] == "third"
    assert (await stage.get("/A", host="www.EXAMPLE.com:8080"))[2] == "host"
    status, headers, body = await stage.get("/A")
    assert (status, body, headers["content-type"]) == (503, "no release", "text/plain")


async def test_redirects_keep_what_they_do_not_name(stage):
    def to(
        scheme="#{protocol}", host="#{host}", port="#{port}", path="/#{path}", query="#{query}", status=302
    ):
        return Action("redirect", status=status, location=(scheme, host, port, path, query))

    rules = (
        Rule(1, to(scheme="HTTPS", port="443", status=301), path_patterns=("/secure*",)),
        Rule(2, to(host="other.test", path="/new/#{path}"), path_patterns=("/moved/*",)),
        Rule(3, to(path="/fixed", query="a=1"), path_patterns=("/gone",)),
    )
    await stage.apply(stage.state((), (), rules))
    status, headers, _ = await stage.get("/secure/x?y=1")
    assert (status, headers["location"]) == (301, "https://stage.test:443/secure/x?y=1")
    status, headers, _ = await stage.get("/moved/x?y=1")
    assert (status, headers["location"]) == (302, "http://other.test/new/moved/x?y=1")
    _, headers, _ = await stage.get("/gone?b=2")
    assert headers["location"] == "http://stage.test/fixed?a=1"


@pytest.mark.parametrize(
    ("host", "path", "query"),
    [
        ("www.#{host}", "/#{path}", "#{query}"),
        ("#{host}", "/#{path}", "a=1"),
        ("#{host}", "/", "a=1&#{query}"),
    ],
)
def test_a_redirect_that_cannot_be_served_is_refused_by_name(host, path, query):
    action = Action("redirect", status=301, location=("#{protocol}", host, "#{port}", path, query))
    with pytest.raises(PartFailed, match="cannot be served here"):
        action_part(action, 60)


async def test_three_groups_share_by_weight(stage, backend):
    groups = tuple([stage.group(name, await backend(name)) for name in ("a", "b", "c")])
    await stage.serve(groups, (1, 2, 0))
    seen = [await stage.release() for _ in range(90)]
    assert set(seen) == {"a", "b"}
    assert seen.count("b") > seen.count("a")
