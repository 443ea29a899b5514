"""Completion as shells ask for it: bash for real, zsh and fish by the words that their scripts say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LEDGER = {"entries": [{"sequence": n, "version": f"2024.{n}"} for n in (1, 2)]}
PATIENCE = 300.0
PRESS_TAB = """
COMP_WORDS=({words}) COMP_CWORD={index} COMPREPLY=()
_release_completion release
printf '%s\\n' "${{COMPREPLY[@]}}" --
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A project with three stacks, two built versions, and a state in a folder."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nbackend: {url: 'file://.'}\n")
    for stack in ("dev", "staging", "production"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    bundles = tmp_path / ".uneventful" / "bundles"
    bundles.mkdir(parents=True)
    for name in ("2024.3-0123abcd.tar.gz", "2024.3-rc1-0123abcd.tar.gz"):
        (bundles / name).touch()
    states = tmp_path / ".pulumi" / "stacks" / "shop"
    states.mkdir(parents=True)
    stack = {"type": "pulumi:pulumi:Stack", "outputs": {"ledger": LEDGER}}
    (states / "dev.json").write_text(
        json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [stack]}}})
    )
    (tmp_path / "release").write_text(f"#!{sys.executable}\nfrom release.cli.main import main\nmain()\n")
    (tmp_path / "release").chmod(0o755)
    return tmp_path


def environment(here: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    root = Path(__file__).parents[4]
    return {**kept, "PATH": f"{here}:{os.environ['PATH']}", "PYTHONPATH": str(root), "HOME": str(here)}


def ask(here: Path, **variables: str) -> str:
    done = subprocess.run(
        [here / "release"],
        cwd=here,
        env=environment(here) | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout


def test_bash_completes_verbs_options_stacks_and_versions(here: Path) -> None:
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("there is no bash")
    (here / "script").write_text(ask(here, _RELEASE_COMPLETE="source_bash"))
    expected = {
        ("roll",): {"rollback"},
        ("secrets", ""): {"list", "rm", "set"},
        ("promote", "2024.3", "--from", "st"): {"staging"},
        ("deploy", "--stack", "dev", "2024."): {"2024.3", "2024.3-rc1", "2024.1", "2024.2"},
        ("rollback", "--stack", "production", "--to", ""): {""},
        ("rollback", "--rea"): {"--reason"},
    }
    presses = "".join(
        PRESS_TAB.format(words=" ".join(f"'{word}'" for word in ("release", *words)), index=len(words))
        for words in expected
    )
    told = subprocess.run(
        [bash, "--norc", "-c", f"source script\n{presses}"],
        cwd=here,
        env=environment(here),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    answers = [set(answer.strip("\n").split("\n")) for answer in told.stdout.split("--\n")[:-1]]
    assert answers == list(expected.values())


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_get_a_script_and_the_same_answers(here: Path, shell: str) -> None:
    script = ask(here, **{"_RELEASE_COMPLETE": f"source_{shell}"})
    assert f"_RELEASE_COMPLETE=complete_{shell}" in script
    asked = {
        "_RELEASE_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "release status --stack ",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    told = ask(here, **asked)
    assert all(stack in told for stack in ("dev", "staging", "production"))
    interpreter = shutil.which(shell)
    if interpreter:
        (here / "script").write_text(script)
        subprocess.run([interpreter, "-n", here / "script"], check=True, timeout=PATIENCE)


def test_outside_of_a_project_and_with_a_broken_state_there_is_nothing_to_complete(here: Path) -> None:
    words = {
        "_RELEASE_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "release rollback --stack dev --to ",
    }
    (here / ".pulumi" / "stacks" / "shop" / "dev.json").write_text("{half")
    assert "2024" not in ask(here, **words)
    (here / "Pulumi.yaml").unlink()
    assert "2024" not in ask(here, **words)
