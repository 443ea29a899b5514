"""What `--help` says of each verb is true, and enough."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from release.cli.main import app

ROOT = Path(__file__).parents[4]


def verbs(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, *before, name)
        else:
            yield " ".join((*before, name)), command


VERBS = dict(verbs(get_command(app)))


def parse(line: str) -> str:
    """The verb of a command line, which the real parser takes; whatever is wrong with it is raised."""
    words = shlex.split(line)
    assert words.pop(0) == "release"
    command, name = get_command(app), ""
    while hasattr(command, "commands"):
        name = f"{name} {words[0]}".strip()
        command = command.commands[words.pop(0)]
    command.make_context(name, words)
    return name


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example_that_the_parser_takes(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = re.findall(r"Example:\s+(release .+)", VERBS[verb].help or "")
    assert examples, f"release {verb} --help shows no example"
    assert {parse(example) for example in examples} == {verb}


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_and_argument_is_explained(verb: str) -> None:
    silent = [
        each.name for each in VERBS[verb].params if each.name != "help" and not getattr(each, "help", "")
    ]
    assert not silent


def test_an_option_means_the_same_wherever_it_is() -> None:
    """`-s` is always a stack, `-m` why, `-y` yes; and who can say JSON says it by the same word."""
    meanings: dict[str, set[str]] = {}
    for command in VERBS.values():
        for each in command.params:
            names = sorted(name for name in each.opts if name.startswith("--"))
            for letter in (name for name in each.opts if re.fullmatch(r"-\w", name)):
                meanings.setdefault(letter, set()).update(names)
    assert meanings == {
        "-s": {"--stack"},
        "-m": {"--message", "--reason"},
        "-y": {"--yes"},
        "-f": {"--follow"},
    }


def test_a_line_that_is_no_command_is_not_taken_for_an_example() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse("release status --stack dev --fast")
    with pytest.raises(KeyError):
        parse("release rollout 2")
