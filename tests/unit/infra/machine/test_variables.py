"""The script that an instance fetches its secret variables with: run as it is there, with a stand-in for `aws`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.machine import variables
from infra.machine.variables import NotFetched, assignment, composed, pairs_of
from localcloud.instances.quoting import environment_file

KNOWN = {
    "DATABASE_HOST": "db.example.com",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "app",
    "CACHE_HOST": "cache.example.com",
    "CACHE_PORT": "6379",
}
LOGIN = {"DATABASE_USER": "app_c0ffee12", "DATABASE_PASSWORD": "p:/?#[]@ %'\"\\`$x"}


class Instance:
    """A folder with the script in it, and secrets that its `aws` answers with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "opt"
        self.folder.mkdir()
        self._tools = folder / "tools"
        self._tools.mkdir()
        self._log = folder / "log"
        impatient = Path(variables.__file__).read_text().replace("PATIENCE = 120.0", "PATIENCE = 0.0")
        (self.folder / "variables.py").write_text(impatient)

    def tool(self, name: str, text: str) -> None:
        (self._tools / name).write_text(f'#!/bin/sh\necho "$*" >> {self._log}\n{text}\n')
        (self._tools / name).chmod(0o755)

    def hold(self, **secrets: dict[str, str]) -> None:
        for name, pairs in secrets.items():
            answer = json.dumps({"SecretString": json.dumps(pairs)})
            (self._tools / f"{name}.json").write_text(answer)
        self.tool("aws", f'cat "{self._tools}/$4.json"')
        asked = {"region": "eu-west-1", "known": KNOWN, "secrets": [{"id": name} for name in secrets]}
        (self.folder / "variables.json").write_text(json.dumps(asked))

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "variables.py"],
            cwd=self.folder,
            env={"PATH": f"{self._tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def secrets(self) -> dict[str, str]:
        return dict(environment_file((self.folder / "secrets").read_text(), "secrets"))

    @property
    def asked(self) -> str:
        return self._log.read_text()


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def test_all_secrets_end_in_one_file_that_only_root_reads_with_the_addresses_they_are_part_of(
    instance: Instance,
) -> None:
    instance.hold(login=LOGIN, cache={"CACHE_TOKEN": "to/ken"}, own={"API_KEY": "a b"})
    done = instance.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = instance.secrets
    assert found.items() >= {**KNOWN, **LOGIN, "CACHE_TOKEN": "to/ken", "API_KEY": "a b"}.items()
    database = urlsplit(found["DATABASE_URL"])
    assert unquote(database.password or "") == LOGIN["DATABASE_PASSWORD"]
    assert (database.username, database.hostname, database.port) == ("app_c0ffee12", "db.example.com", 5432)
    assert database.path == "/app"
    assert database.query == f"sslmode=verify-full&sslrootcert={instance.folder}/database-ca.pem"
    assert found["CACHE_URL"] == "rediss://:to%2Fken@cache.example.com:6379/0"
    assert stat.S_IMODE((instance.folder / "secrets").stat().st_mode) == 0o600


def test_no_value_is_ever_on_a_command_line(instance: Instance) -> None:
    instance.hold(login=LOGIN, own={"API_KEY": "unmistakable"})
    assert instance.run().returncode == 0
    assert "unmistakable" not in instance.asked
    assert LOGIN["DATABASE_PASSWORD"] not in instance.asked


def test_a_version_that_was_frozen_is_the_one_that_is_asked_for(instance: Instance) -> None:
    instance.hold(own={"API_KEY": "x"})
    asked = {"region": "eu-west-1", "known": KNOWN, "secrets": [{"id": "own", "version": "v" * 32}]}
    (instance.folder / "variables.json").write_text(json.dumps(asked))
    assert instance.run().returncode == 0
    assert f"--secret-id own --version-id {'v' * 32} --region eu-west-1" in instance.asked


def test_a_secret_variable_wins_over_what_is_known_of_the_environment(instance: Instance) -> None:
    instance.hold(login=LOGIN, own={"DATABASE_URL": "postgresql://elsewhere", "CACHE_HOST": "elsewhere"})
    assert instance.run().returncode == 0
    assert instance.secrets["CACHE_HOST"] == "elsewhere"
    assert instance.secrets["DATABASE_URL"] == "postgresql://elsewhere"


def test_what_is_refused_for_long_is_told_in_awss_words_and_leaves_the_file_as_it_was(
    instance: Instance,
) -> None:
    instance.hold(own={"API_KEY": "x"})
    instance.tool("aws", "echo 'AccessDeniedException: not you' >&2; exit 254")
    (instance.folder / "secrets").write_text("of before")
    done = instance.run()
    assert done.returncode == 1
    assert "could not be fetched: own: no value in 0 s: AccessDeniedException: not you" in done.stderr
    assert "Traceback" not in done.stderr
    assert (instance.folder / "secrets").read_text() == "of before"


def test_a_value_that_is_not_there_yet_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(254, ""), (254, ""), (0, json.dumps({"SecretString": '{"A": "1"}'}))]
    paused: list[float] = []
    monkeypatch.setattr(
        variables.subprocess,
        "run",
        lambda *_, **__: subprocess.CompletedProcess([], *answers.pop(0), "ResourceNotFoundException"),
    )
    monkeypatch.setattr(variables.time, "sleep", paused.append)
    assert variables.fetch({"id": "login"}, "eu-west-1") == {"A": "1"}
    assert paused == [variables.PAUSE] * 2


@pytest.mark.parametrize(
    "value",
    ["no JSON", "[1]", '"text"', '{"A": 1}', '{"A": null}', '{"A": "\\u0000"}', '{"A": {"B": "secret"}}'],
)
def test_a_secret_of_another_shape_is_refused_without_a_word_of_it(value: str) -> None:
    with pytest.raises(NotFetched, match="own: expected") as refused:
        pairs_of("own", json.dumps({"SecretString": value}))
    assert "secret" not in str(refused.value)
    assert "no JSON" not in str(refused.value)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r")))
def test_any_value_is_what_systemd_reads(value: str) -> None:
    assert dict(environment_file(assignment("NAME", value), "x")) == {"NAME": value}


@given(st.text(min_size=1))
def test_any_password_is_part_of_an_address_that_can_be_read(password: str) -> None:
    try:
        password.encode()
    except UnicodeEncodeError:
        return
    made = composed({"DATABASE_USER": "u", "DATABASE_PASSWORD": password}, KNOWN, Path("/ca.pem"))
    assert unquote(urlsplit(made["DATABASE_URL"]).password or "") == password


def test_what_is_not_in_use_has_no_address() -> None:
    assert composed({}, {}, Path("/ca.pem")) == {}


@pytest.mark.skipif(
    not shutil.which("python3.9"), reason="Python 3.9, which Amazon Linux 2023 has, is not here"
)
def test_the_oldest_python_that_it_meets_understands_it(instance: Instance) -> None:
    done = subprocess.run(
        [
            "python3.9",
            "-I",
            "-c",
            "import sys; compile(open(sys.argv[1]).read(), 'x', 'exec')",
            variables.__file__,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "not found" in done.stderr:  # a version manager's stand-in for a Python that it has not
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (0, "")
