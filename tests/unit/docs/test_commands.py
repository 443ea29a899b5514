"""Nothing that the documents tell to type may be refused by what it is typed to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from localcloud.engine.places import Cache
from release.cli.main import run
from tests.unit.docs.typed import DOCUMENTS, PULUMI, ROOT, Typed, fenced, inline, parts, refused

MAIN_PATH = {
    ("make", "up"): "tests/e2e/stage.py",
    ("make", "demo"): "demo/__main__.py",
    ("pulumi", "stack", "init"): "tests/local/controlplane/test_state_bucket.py",
    ("pulumi", "up"): "tests/e2e/stage.py",
    ("release", "build"): "tests/e2e/stage.py",
    ("release", "deploy"): "tests/e2e/stage.py",
}
"""The README's main path: who runs each of it for real, on the engine and the local cloud."""

_ALONE = {("release", "build"), ("release", "compare"), ("release", "migration")}
"""What runs without an environment."""


def test_every_command_of_a_console_block_and_of_the_text_would_be_taken(tmp_path: Path) -> None:
    shown = [each for document in DOCUMENTS for each in (*fenced(document), *inline(document))]
    wrong = {str(each): why for each in shown if (why := refused(each, tmp_path))}
    assert not wrong, "\n".join(f"{command}\n    {why}" for command, why in wrong.items())
    assert len(shown) > 200


@pytest.mark.parametrize(
    "line",
    [
        "release rollbak --stack STACK",
        "release status --stack STACK --everything",
        "release deploy --stack STACK",
        "release secrets put NAME --stack STACK",
        "localcloud fault se slow",
        "make deploy",
        "pulumi up --stak STACK",
        "pulumi deploy",
        "aws sts who-am-i",
        "aws rds describe-events --source-typ db-instance",
        "kubectl get pods",
    ],
)
def test_a_command_that_nobody_would_take_is_found(line: str, tmp_path: Path) -> None:
    (words,) = parts(line)
    assert refused(Typed(words, "here"), tmp_path)


def test_each_line_is_read_as_a_shell_reads_it() -> None:
    assert list(parts('A=1 make up ARGS="a b" && release status --stack x | tail -1 > out # why')) == [
        ("make", "up", "ARGS=a b"),
        ("release", "status", "--stack", "x"),
        ("tail", "-1"),
    ]
    assert list(parts('eval "$(localcloud env)"')) == [("localcloud", "env")]


def test_the_readmes_main_path_is_run_for_real_by_a_test_that_is_there() -> None:
    shown = {
        each.words for each in fenced(ROOT / "README.md") if each.words[0] in ("make", "pulumi", "release")
    }
    for words in shown:
        covered = [place for start, place in MAIN_PATH.items() if words[: len(start)] == start]
        alone = words[:2] in _ALONE or "--help" in words
        assert covered or alone, f"no test runs: {' '.join(words)}"
    for start, place in MAIN_PATH.items():
        assert (ROOT / place).is_file()
        assert start[-1] in (ROOT / place).read_text()


def test_what_needs_no_environment_is_run_in_a_copy(tmp_path: Path, monkeypatch, capsys) -> None:
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(
        ROOT / "examples" / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__", "vendor")
    )
    (tmp_path / "shop" / "release.toml").write_text("")
    shutil.rmtree(tmp_path / "shop" / "migrations", ignore_errors=True)
    (tmp_path / "shop" / "migrations").mkdir()
    monkeypatch.chdir(tmp_path)
    commands = {
        each.words[1:]
        for document in DOCUMENTS
        for each in fenced(document)
        if each.words[0] == "release" and (each.words[1:2] == ("--help",) or each.words[:2] in _ALONE)
    }
    assert {words[0] for words in commands} >= {"--help", "build", "compare", "migration"}
    for words in sorted(commands):
        told = ["shop" if word in ("DIR", "path/to/your/application") else word for word in words]
        assert run(told) == 0, f"release {' '.join(told)}: {capsys.readouterr().err}"


@pytest.mark.engine
def test_pulumi_has_the_verbs_and_options_that_the_documents_name() -> None:
    built = sorted(Cache.of_user().folder.glob("*/bin/pulumi"))
    engine = shutil.which("pulumi") or (str(built[-1]) if built else "")
    if not engine:
        pytest.skip("there is no pulumi on this machine")
    for verb, options in PULUMI.items():
        told = subprocess.run([engine, *verb.split(), "--help"], capture_output=True, text=True, check=True)
        # Some versions take it and do not tell of it.
        shown = options - {"--json"}
        assert not [option for option in shown if option not in told.stdout], f"pulumi {verb}"
