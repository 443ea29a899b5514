"""Orders for the operations host: all that it needs to know, and nothing that is secret."""

from __future__ import annotations

import json
import shlex

from hypothesis import given
from hypothesis import strategies as st

from release.command import Place, line, order
from release.model import freeze
from tests.unit.release.releases import manifest

PLACE = Place("b", "eu-west-1", {"DATABASE_HOST": "db"}, "arn:login", "arn:cache", "arn:shared")


def test_an_order_names_the_bundle_the_variables_and_who_asks() -> None:
    release = freeze(manifest("2"), {"GREETING": "hello", "PATH_OF": "a b"}, "v" * 32)
    told = order(release, PLACE, "python3 -m tidy", by="a on b", limit=60)
    assert told == {
        "bucket": "b",
        "key": release.manifest.key,
        "digest": release.manifest.digest,
        "region": "eu-west-1",
        "release": release.id,
        "version": "2",
        "by": "a on b",
        "command": "python3 -m tidy",
        "limit": 60,
        "attended": False,
        "open": {
            "GREETING": "hello",
            "PATH_OF": "a b",
            "PORT": "8080",
            "RELEASE_ID": release.id,
            "RELEASE_VERSION": "2",
        },
        "variables": {
            "region": "eu-west-1",
            "known": {"DATABASE_HOST": "db"},
            "secrets": [{"id": "arn:login"}, {"id": "arn:cache"}, {"id": "arn:shared", "version": "v" * 32}],
        },
    }
    assert "\n" not in json.dumps(told)


@given(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=5))
def test_words_stay_words(words: list[str]) -> None:
    assert shlex.split(line(words)) == words


def test_a_single_word_is_a_line_for_the_shell() -> None:
    assert line(["echo a | wc -c"]) == "echo a | wc -c"
