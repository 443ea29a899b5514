"""`release compare` as it is typed: with the stack files and nothing else to go by."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from release.cli.main import run
from tests.unit.release.cli.cost import cpu_seconds

ROOT = Path(__file__).parents[4]
ALONE = {"PATH": "/nowhere", "COLUMNS": "40"}
ENOUGH = 'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["111122223333"]\n'
APART = '  uneventful:network: {cidr: "10.99.0.0/16"}\n'


@dataclass
class Checkout:
    """A project's folder, in which commands run without an engine, a home or credentials."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, stack: str, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / f"Pulumi.{stack}.yaml").write_bytes(data)

    def typed(self, *arguments: str, code: str = "import sys; from release.cli.main import run") -> Any:
        """The command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-c", f"{code}; sys.exit(run(sys.argv[1:]))", "compare", *arguments],
            cwd=self.folder,
            env={**ALONE, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The same in this process, which takes a hundredth of the time."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.chdir(self.folder)
            monkeypatch.setattr(os, "environ", dict(ALONE))
            self.capsys.readouterr()
            status = run(["compare", *arguments])
        out, error = self.capsys.readouterr()
        return status, out, error

    def said(self, *arguments: str) -> str:
        status, out, error = self.run(*arguments)
        assert (status, error) == (0, "")
        return out

    def refused(self, *arguments: str) -> str:
        """All that was said, once it is known to be an error: on stdout too where JSON is wanted."""
        status, out, error = self.run(*arguments)
        assert status == 1
        assert (list(json.loads(out)) == ["error"]) if "--json" in arguments else not out
        assert error.startswith("error: ")
        assert "Traceback" not in error + out
        return error + out


@pytest.fixture
def checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Checkout:
    (tmp_path / "Pulumi.yaml").write_text("name: uneventful\nruntime: python\n")
    for stack in ("dev", "staging", "production"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_bytes((ROOT / f"Pulumi.{stack}.yaml").read_bytes())
    return Checkout(tmp_path, capsys)


def differences(checkout: Checkout, first: str, second: str) -> dict[str, tuple[Any, Any]]:
    said = json.loads(checkout.said(first, second, "--json"))
    return {found["key"]: (found["values"][first], found["values"][second]) for found in said["differences"]}


def rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}


def test_each_two_of_the_committed_stacks_are_told_apart_in_the_same_settings(checkout: Checkout) -> None:
    numbers = set()
    for first, second in itertools.permutations(("dev", "staging", "production"), 2):
        said = json.loads(checkout.said(first, second, "--json"))
        assert said["stacks"] == [first, second]
        assert said["warnings"] == []
        numbers.add(len(said["differences"]) + said["identical"])
        found = differences(checkout, first, second)
        assert {"aws:allowedAccountIds", "uneventful:network.cidr", "uneventful:rollout.drain"} <= set(found)
        assert all(one != other for one, other in found.values())
    assert len(numbers) == 1


def test_the_table_has_a_row_for_each_difference_however_narrow_the_terminal(checkout: Checkout) -> None:
    for stack, size in (("one", 2), ("two", 3)):
        extra = f"  uneventful:web: {{min: {size}}}\n  uneventful:variables: {{NAME: '{str(size) * 100}'}}\n"
        checkout.write(stack, ENOUGH + APART * (size == 3) + extra)
    text = checkout.said("one", "two")
    assert rows(text)["setting"] == ["one", "two"]
    assert rows(text)["uneventful:network.cidr"] == ["10.10.0.0/16", "10.99.0.0/16"]
    assert rows(text)["uneventful:web.min"] == ["2", "3"]
    assert rows(text)["uneventful:variables.NAME"] == ["2" * 100, "3" * 100]
    assert text.splitlines()[-1].startswith("identical otherwise (")


def test_values_that_look_like_something_else_are_quoted_and_markup_and_escapes_are_no_more_than_text(
    checkout: Checkout,
) -> None:
    checkout.write("one", ENOUGH + APART)
    checkout.write(
        "two",
        ENOUGH + APART + "  uneventful:variables: {A: '', B: 'not set', C: '[red]x[/]', D: \"\\x9b31m\"}\n",
    )
    text = checkout.said("one", "two")
    assert [line.split("not set", 1)[1].strip() for line in text.splitlines() if ":variables" in line] == [
        '""',
        '"not set"',
        '"[red]x[/]"',
        '"\\u009b31m"',
    ]
    assert differences(checkout, "one", "two")["uneventful:variables.A"] == (None, "")


def test_without_a_difference_it_says_so_and_defaults_count_as_written(checkout: Checkout) -> None:
    checkout.write("one", ENOUGH + APART)
    checkout.write("two", ENOUGH + APART + "  uneventful:window: 1\n  uneventful:web: {max: 4}\n")
    assert checkout.said("one", "two").splitlines()[0] == "no difference"
    assert json.loads(checkout.said("one", "two", "--json"))["differences"] == []


def test_one_account_and_overlapping_networks_are_a_warning_below_the_table(checkout: Checkout) -> None:
    checkout.write("one", ENOUGH)
    checkout.write("two", ENOUGH + "  uneventful:window: 2\n")
    warning = "one and two share account 111122223333 and overlapping networks 10.10.0.0/16 and 10.10.0.0/16"
    otherwise, below = checkout.said("one", "two").splitlines()[-2:]
    assert otherwise.startswith("identical otherwise (")
    assert below == f"warning: {warning}"
    assert json.loads(checkout.said("one", "two", "--json"))["warnings"] == [warning]


def test_what_is_written_is_read_as_the_engine_reads_it(checkout: Checkout) -> None:
    checkout.write("one", ENOUGH)
    checkout.write(
        "two",
        ENOUGH
        + "  uneventful:release: 1.10\n"
        + "  uneventful:variables: {FLAG: on, AT: 12:30, DAY: 2026-01-02}\n"
        + "  uneventful:web: &web {min: 0x3, max: 5}\n"
        + "  other:web: *web\n",
    )
    assert differences(checkout, "one", "two") == {
        "uneventful:web.min": (2, 3),
        "uneventful:web.max": (4, 5),
        "uneventful:variables.AT": (None, "12:30"),
        "uneventful:variables.DAY": (None, "2026-01-02"),
        "uneventful:variables.FLAG": (None, "on"),
        "uneventful:release": (None, "1.10"),
    }


def test_a_stack_with_itself_is_an_error_however_it_is_named(checkout: Checkout) -> None:
    for other in ("staging", "me/uneventful/staging"):
        error = checkout.refused("staging", other)
        assert "the stack staging cannot be compared with itself" in error
        assert "  next:     release compare staging dev" in error


def test_a_stack_without_a_file_is_told_with_the_nearest_that_has_one(checkout: Checkout) -> None:
    error = checkout.refused("staging", "prod")
    assert "the stack prod has no file" in error
    assert "Pulumi.production.yaml" in error
    assert "  next:     release compare staging production" in error
    assert "  next:     release compare dev staging" in checkout.refused("def", "staging")
    assert "  next:     release compare dev " in checkout.refused("def", "def")


def test_outside_of_a_project_it_says_where_to_go(checkout: Checkout) -> None:
    (checkout.folder / "Pulumi.yaml").unlink()
    assert "this is not inside a project" in checkout.refused("dev", "staging")


def test_a_refused_file_is_told_in_the_words_of_an_update(checkout: Checkout) -> None:
    checkout.write("odd", "config:\n  aws:region: Ireland\n  uneventful:rollout: {observ: 5}\n")
    error = checkout.refused("odd", "dev")
    assert "error: Pulumi.odd.yaml has 3 settings that cannot be used; nothing was touched" in error
    assert "uneventful:rollout.observ" in error
    assert "  next: edit Pulumi.odd.yaml, then run the same command again" in error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "config:\n",
        "config: [1]\n",
        "just text",
        "config: {\n",
        "config:\n\tx: 1\n",
        "a: 1\n---\nb: 2\n",
        ENOUGH + "  uneventful:web: *nothing\n",
        ENOUGH + "  uneventful:web: &web {health: *web}\n",
        ENOUGH + "  uneventful:web: !!python/none\n    min: 1\n",
        ENOUGH + "  uneventful:web: {? [a] : 1}\n",
        ENOUGH + "  uneventful:web: {min: !!int many}\n",
        ENOUGH + "  uneventful:web: {min: !!bool many}\n",
        ENOUGH + "  uneventful:web: {!!binary YQ==: 1}\n",
        ENOUGH + "  uneventful:rollout: {limits: {errors: .nan}}\n",
        ENOUGH + "  uneventful:rollout: {limits: {latency: .inf}}\n",
        ENOUGH + "  uneventful:window:\n",
        ENOUGH + "  uneventful:window: ~\n",
        b"config:\n  aws:region: \xff\n",
        "config:\n  aws:region: \x07\n",
    ],
)
def test_no_file_is_so_broken_that_a_stack_trace_is_shown(checkout: Checkout, text: str | bytes) -> None:
    checkout.write("broken", text)
    error = checkout.refused("dev", "broken")
    assert "Pulumi.broken.yaml" in error
    assert "edit Pulumi.broken.yaml, then run the same command again" in error


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("uneventful:release", "{secure: v1:HUSH}"),
        ("uneventful:variables", "{secure: v1:HUSH}"),
        ("uneventful:variables", "{PASSWORD: {secure: v1:HUSH}}"),
        ("uneventful:balancer", "{allow: [{secure: v1:HUSH}]}"),
        ("uneventful:nothing", "{secure: v1:HUSH}"),
        ("aws:region", "{secure: v1:HUSH}"),
        ("aws:allowedAccountIds", '["111122223333", {secure: v1:HUSH}]'),
        ("aws:secretKey", "{secure: v1:HUSH}"),
        ("other:token", "{secure: v1:HUSH}\n  uneventful:window: 9"),
        ("other:token", "{secure: v1:HUSH"),
    ],
)
def test_an_encrypted_value_is_refused_where_it_may_not_be_and_never_shown(
    checkout: Checkout, key: str, value: str
) -> None:
    lines = [line for line in ENOUGH.splitlines() if not line.strip().startswith(f"{key}:")]
    checkout.write("sealed", "\n".join([*lines, f"  {key}: {value}", ""]))
    for arguments in (("sealed", "dev"), ("dev", "sealed", "--json")):
        error = checkout.refused(*arguments)
        assert "Pulumi.sealed.yaml" in error
        assert "HUSH" not in error


def test_another_tools_secret_is_neither_compared_nor_shown(checkout: Checkout) -> None:
    checkout.write("one", ENOUGH)
    checkout.write("two", ENOUGH + "  other:token: {secure: v1:HUSH}\nencryptionsalt: v1:HUSH\n")
    text = checkout.said("one", "two")
    assert text.startswith("no difference\n")
    assert "HUSH" not in text + checkout.said("one", "two", "--json")


def test_help_says_that_differences_are_no_failure(checkout: Checkout) -> None:
    assert "exit status is 0 whether or not there are differences" in " ".join(
        checkout.said("--help").split()
    )


def test_it_starts_fast_and_without_the_engines_libraries(checkout: Checkout) -> None:
    code = (
        "import sys; from release.cli import main; "
        "run = lambda typed: main.run(typed) or any(m.split('.')[0] in ('pulumi', 'pulumi_aws', 'boto3') "
        "for m in sys.modules)"
    )
    assert checkout.typed("dev", "staging", code=code).returncode == 0
    assert cpu_seconds(lambda: checkout.typed("dev", "staging")) < 0.5


def test_nothing_is_written_and_no_error_comes_but_as_words(checkout: Checkout) -> None:
    before = sorted(os.walk(checkout.folder))
    done = checkout.typed("dev", "staging")
    assert (done.returncode, done.stdout, done.stderr) == (0, checkout.said("dev", "staging"), "")
    done = checkout.typed("dev", "prod")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", checkout.refused("dev", "prod"))
    assert sorted(os.walk(checkout.folder)) == before
