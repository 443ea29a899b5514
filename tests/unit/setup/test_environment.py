"""The virtual environment is whole, or it is not believed."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.engine.progress import Progress
from setup import installation, pip_settings, stamp
from setup.environment import ensure
from setup.installation import SetupError
from setup.stamp import Profile, Stamp, Work, decide

WANTED = Stamp(Profile.LOCAL, "requirements", "project", "/clone")


@pytest.mark.parametrize(
    ("found", "runs", "work"),
    [
        (WANTED, True, Work.NOTHING),
        (WANTED, False, Work.RENEW),
        (None, True, Work.UPDATE),
        (None, False, Work.RENEW),
        (replace(WANTED, complete=False), True, Work.RENEW),
        (replace(WANTED, root="/elsewhere"), True, Work.RENEW),
        (replace(WANTED, requirements="others"), True, Work.UPDATE),
        (replace(WANTED, project="another"), True, Work.UPDATE),
    ],
)
def test_only_what_is_whole_and_current_is_believed(found: Stamp | None, runs: bool, work: Work) -> None:
    assert decide(found, WANTED, runs) is work


def test_what_tests_need_is_not_taken_away_by_a_smaller_wish() -> None:
    assert stamp.profile(replace(WANTED, profile=Profile.DEV), Profile.LOCAL) is Profile.DEV
    assert stamp.profile(WANTED, Profile.DEV) is Profile.DEV
    assert stamp.profile(None, Profile.LOCAL) is Profile.LOCAL


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"profile": "other"}', '{"profile": "dev"}'])
def test_a_stamp_that_is_none_counts_as_none(text: str) -> None:
    assert stamp.parse(text) is None


@pytest.mark.parametrize("complete", [True, False])
def test_a_stamp_is_read_as_it_was_written(complete: bool) -> None:
    written = replace(WANTED, complete=complete)
    assert stamp.parse(written.dump()) == written


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without dependencies whose requirements hold one local wheel: nothing comes from a network."""
    wheel = make_wheel(tmp_path / "wheels", "tiny_part", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    root = tmp_path / "clone"
    (root / "requirements").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\nname = 'tiny'\nversion = '1'\n")
    for name, text in (("install", ""), ("local", f"tiny_part==1.0 --hash=sha256:{digest}\n"), ("dev", "")):
        (root / "requirements" / f"{name}.txt").write_text(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return root


def make_wheel(folder: Path, name: str, version: str) -> Path:
    import zipfile

    folder.mkdir()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "HERE = True\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\nGenerator: t\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


def record(root: Path) -> Stamp | None:
    return stamp.parse((root / ".uneventful" / "environment.json").read_text())


def test_an_installation_that_was_interrupted_is_not_believed_and_made_anew(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    run = installation.follow
    commands: list[list[str]] = []

    def interrupted(command: list[str], *others: object):  # type: ignore[no-untyped-def]
        commands.append(list(command))
        if "install" in command:
            raise KeyboardInterrupt
        return run(command, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(installation, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure(clone, Profile.LOCAL, Progress(stream), sys.executable)
    half = record(clone)
    assert half is not None
    assert not half.complete
    (clone / ".venv" / "half-installed").touch()

    def project_apart(command: list[str], *others: object):  # type: ignore[no-untyped-def]
        commands.append(list(command))
        if "-e" in command:
            return installation.Ended(0, "", ())
        return run(command, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(installation, "follow", project_apart)
    ensure(clone, Profile.LOCAL, Progress(stream), sys.executable)
    assert not (clone / ".venv" / "half-installed").exists()
    assert list((clone / ".venv").glob("lib/*/site-packages/tiny_part.py"))
    assert record(clone) == stamp.of(Profile.LOCAL, clone)
    assert "uv cannot install it (" in stream.getvalue()

    commands.clear()
    ensure(clone, Profile.LOCAL, Progress(stream), sys.executable)
    assert commands == []


def test_a_wheel_with_another_hash_is_refused_and_the_environment_not_believed(
    clone: Path, tmp_path: Path
) -> None:
    requirements = clone / "requirements" / "local.txt"
    requirements.write_text(f"tiny_part==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SetupError, match=r"(?i)hash"):
        ensure(clone, Profile.LOCAL, Progress(io.StringIO()), sys.executable)
    half = record(clone)
    assert half is not None
    assert not half.complete


def test_uv_is_told_what_pip_was_told() -> None:
    said = """
    global.index-url='https://mirror.example/simple'
    global.cert='/etc/ca.pem'
    install.find-links='/wheels\\n/more'
    :env:.extra-index-url='https://extra.example/simple'
    global.timeout='60'
    """.splitlines()
    told = pip_settings.for_uv(said, {})
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert told["SSL_CERT_FILE"] == "/etc/ca.pem"
    assert told["UV_FIND_LINKS"] == "/wheels /more"
    assert told["UV_INDEX"] == "https://extra.example/simple"
    assert told["UV_SYSTEM_CERTS"] == "true"
    assert not any("60" in value for value in told.values())


def test_pip_s_order_of_precedence_holds_and_what_uv_was_told_itself_stays() -> None:
    said = [
        ":env:.index-url='https://env'",
        "install.index-url='https://install'",
        "global.index-url='https://g'",
    ]
    assert pip_settings.for_uv(said, {})["UV_DEFAULT_INDEX"] == "https://env"
    assert "UV_DEFAULT_INDEX" not in pip_settings.for_uv(said, {"UV_DEFAULT_INDEX": "https://mine"})


def test_what_pip_does_not_print_as_a_setting_is_passed_over() -> None:
    assert "UV_DEFAULT_INDEX" not in pip_settings.for_uv(["", "index-url", "global.index-url=no quotes"], {})


def test_requirements_have_a_hash_for_everything_and_no_address() -> None:
    folder = Path(__file__).resolve().parents[3] / "requirements"
    for file in sorted(folder.glob("*.txt")):
        text = file.read_text()
        assert "://" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin for pin in pins)
        assert text.count("--hash=sha256:") >= len(pins)
    assert (
        json.dumps(sorted(file.stem for file in folder.glob("*.in"))) == '["core", "dev", "install", "local"]'
    )


def test_each_set_of_requirements_has_the_pins_of_the_smaller_one() -> None:
    folder = Path(__file__).resolve().parents[3] / "requirements"

    def pins(name: str) -> set[str]:
        return {line.split()[0] for line in (folder / f"{name}.txt").read_text().splitlines() if "==" in line}

    assert pins("core") < pins("local") < pins("dev")
