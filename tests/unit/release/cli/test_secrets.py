"""`release secrets`, typed at a stack whose AWS is moto."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

from release.ledger import Ledger, promote
from release.model import freeze
from release.secret_variables import SecretVariables
from tests.unit.release.releases import manifest

WHERE = ("--stack", "dev")

FILE = """\
# The development environment.
config:
  aws:region: eu-west-1
  aws:allowedAccountIds: ["123456789012"]
  uneventful:variables: # plain
    GREETING: "hello"

  # a last word
"""


class Stack:
    """A stack with a place for secret variables."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.file = world.folder / "project" / "Pulumi.dev.yaml"
        self.file.write_text(FILE)
        self.client = world.client("secretsmanager")
        self.arn = self.client.create_secret(Name="variables")["ARN"]
        self.live(Ledger())

    def live(self, ledger: Ledger) -> None:
        state = self._world.state(ledger)
        state["deployment"]["resources"][0]["outputs"]["variablesSecret"] = self.arn
        self._world.begin(state)

    def type(self, *words: str, value: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-c", "from release.cli.main import main; main()", "secrets", *words, *WHERE],
            cwd=self._world.folder / "project",
            env=self._world.environment,
            input=value,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert not value.strip() or value.strip() not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    @property
    def named(self) -> str:
        return str(yaml.safe_load(self.file.read_text())["config"]["uneventful:secrets"])

    def pairs(self, version: str) -> dict[str, str]:
        answer = self.client.get_secret_value(SecretId=self.arn, VersionId=version)
        return dict(json.loads(answer["SecretString"]))


@pytest.fixture
def stack(world: Any) -> Stack:
    return Stack(world)


def test_each_change_is_a_version_of_its_own_that_the_stacks_file_names(stack: Stack) -> None:
    assert stack.type("set", "API_KEY", value="first value\n")[0] == 0
    first = stack.named
    assert stack.pairs(first) == {"API_KEY": "first value"}
    assert stack.type("set", "PIN", value="12\n34\n\n")[0] == 0
    second = stack.named
    assert stack.pairs(second) == {"API_KEY": "first value", "PIN": "12\n34\n"}
    assert stack.type("rm", "API_KEY")[0] == 0
    assert stack.pairs(stack.named) == {"PIN": "12\n34\n"}
    # A release that was frozen with an older version still finds it.
    assert stack.pairs(first) == {"API_KEY": "first value"}
    before, after = FILE.splitlines(), stack.file.read_text().splitlines()
    assert [line for line in after if line not in before] == [f'  uneventful:secrets: "{stack.named}"']
    assert [line for line in after if line in before] == before


def test_names_are_listed_and_values_never(stack: Stack) -> None:
    assert "no secret variable yet" in stack.type("list")[1]
    stack.type("set", "API_KEY", value="unmistakable")
    status, out, error = stack.type("list")
    assert (status, out, error) == (0, "API_KEY\n", "")


def test_what_somebody_else_set_meanwhile_is_kept_and_told(stack: Stack) -> None:
    stack.type("set", "MINE", value="first value")
    of_mine = stack.file.read_text()
    stack.type("set", "THEIRS", value="second value")
    theirs = stack.named
    stack.file.write_text(of_mine)
    assert theirs in stack.type("list")[1]
    status, out, _ = stack.type("set", "MINE", value="third value")
    assert status == 0
    assert f"made from the newest version, {theirs}" in out
    assert stack.pairs(stack.named) == {"MINE": "third value", "THEIRS": "second value"}


@pytest.mark.parametrize(
    ("words", "value", "what"),
    [
        (("set", "PORT"), "some value", "every instance sets it itself"),
        (("set", "A-B"), "some value", "cannot be set"),
        (("set", "GREETING"), "some value", "a plain variable of dev"),
        (("set", "EMPTY"), "\n", "cannot have that value"),
        (("set", "BELL"), "some\avalue", "cannot have that value"),
        (("set", "LONG"), "x" * 70_000, "at most 65536 bytes"),
        (("rm", "NOBODY"), "", "there is no secret variable NOBODY"),
    ],
)
def test_what_cannot_be_set_or_removed_is_refused_and_nothing_is_made(
    stack: Stack, words: tuple[str, ...], value: str, what: str
) -> None:
    status, _, error = stack.type(*words, value=value)
    assert status == 1
    assert what in error
    assert "  next: " in error
    assert stack.file.read_text() == FILE
    assert not stack.client.list_secret_version_ids(SecretId=stack.arn)["Versions"]


def test_an_environment_that_was_not_made_yet_is_told_how(world: Any) -> None:
    world.begin(world.state(Ledger()))
    stack = Stack.__new__(Stack)
    stack._world = world
    status, _, error = stack.type("list")
    assert status == 1
    assert "pulumi up --stack dev" in error


def test_more_changes_than_secrets_manager_has_labels_for_lose_no_version_that_runs(stack: Stack) -> None:
    stack.type("set", "N", value="the first of all")
    frozen = stack.named
    stack.live(promote(Ledger(), freeze(manifest("1"), {}, frozen), 1, "2026-01-01T00:00:00Z"))

    async def ask(action: str, patience: float = 0.0, /, **arguments: Any) -> Any:
        return getattr(stack.client, action)(**arguments)

    secret = SecretVariables(ask, stack.arn)
    made = [asyncio.run(secret.make({"N": str(number)}, {frozen})) for number in range(25)]
    labels = stack.client.describe_secret(SecretId=stack.arn)["VersionIdsToStages"]
    assert sum(len(each) for each in labels.values()) <= 20
    assert {frozen, *made[-10:]} <= set(labels)
    assert stack.pairs(frozen) == {"N": "the first of all"}
    assert asyncio.run(secret.newest()).id == made[-1]
