"""User data: read the way that an instance reads it, by cloud-init's template, YAML, a shell and systemd."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from release.boot import LIMIT, Boot, boot_script, encoded, unit, unit_name, user_data
from release.errors import BundleError
from release.model import Manifest, Process, Release, freeze

WEB = Process(name="web", command="python3 -m shop.web")


def release_of(
    command: str = WEB.command, variables: dict[str, str] | None = None, digest: str = "a" * 64
) -> Release:
    manifest = Manifest(
        version="7",
        digest=digest,
        size=1,
        processes=(Process(name="web", command=command),),
        drain_seconds=45,
    )
    return freeze(manifest, variables or {})


def boot_of(release: Release) -> Boot:
    return Boot(release, release.manifest.processes, "bundles-1234567", "eu-west-1")


def as_cloud_init_reads(text: str) -> dict[str, Any]:
    """The cloud-config: rendered as cloud-init's `templater` does, then read as YAML."""
    header, _, template = text.partition("\n")
    assert header == "## template: jinja"
    rendered = jinja2.Template(template, undefined=jinja2.StrictUndefined, trim_blocks=True).render(
        ds={"meta_data": {"local_ipv4": "10.10.128.7"}}
    )
    assert rendered.startswith("#cloud-config\n")
    config: dict[str, Any] = yaml.safe_load(rendered)
    return config


def files_of(text: str) -> dict[str, str]:
    return {entry["path"]: entry["content"] for entry in as_cloud_init_reads(text)["write_files"]}


def as_systemd_reads(environment_file: str) -> dict[str, str]:
    """Double-quoted values of systemd.exec(5)'s EnvironmentFile=, the only kind that we write."""
    values: dict[str, str] = {}
    rest = environment_file
    while rest:
        name, _, rest = rest.partition('="')
        value = ""
        while not rest.startswith('"'):
            if rest[0] == "\\" and rest[1] in '"\\`$':
                rest = rest[1:]
            value, rest = value + rest[0], rest[1:]
        assert rest[:2] == '"\n'
        values[name], rest = value, rest[2:]
    return values


def test_it_asks_for_a_user_files_and_one_command_and_nothing_else() -> None:
    config = as_cloud_init_reads(user_data(boot_of(release_of())))
    assert set(config) == {"users", "write_files", "runcmd"}
    assert config["users"][0]["name"] == "uneventful"
    assert config["users"][0]["lock_passwd"] is True
    assert config["runcmd"] == [["/opt/uneventful/boot"]]


def test_files_are_roots_and_only_what_must_run_can_be_run() -> None:
    entries = as_cloud_init_reads(user_data(boot_of(release_of())))["write_files"]
    assert {entry["path"]: entry["permissions"] for entry in entries} == {
        "/opt/uneventful/boot": "0755",
        "/etc/uneventful/environment": "0600",
        "/etc/systemd/system/uneventful-web.service": "0644",
    }
    # cloud-init writes files before it makes users: an owner would not be there yet.
    assert not any("owner" in entry for entry in entries)


def test_a_process_learns_where_to_listen_and_which_release_it_is() -> None:
    release = release_of(variables={"GREETING": "hello"})
    environment = as_systemd_reads(files_of(user_data(boot_of(release)))["/etc/uneventful/environment"])
    assert environment == {
        "HOST": "10.10.128.7",
        "PORT": "8080",
        "RELEASE_ID": release.id,
        "RELEASE_VERSION": "7",
        "GREETING": "hello",
    }


text_of_variables = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t\n"), max_size=60
) | st.sampled_from(
    ["{{ x }}", "{% raw %}", "{% endraw %}", "{#", "{{{%", "$HOME", "`id`", "\\", '"', "'", "a\n b\n", "%h"]
)


@given(st.lists(text_of_variables, max_size=4).map("".join))
def test_any_value_of_a_variable_arrives_as_it_was_written(value: str) -> None:
    release = release_of(variables={"VALUE": value})
    files = files_of(user_data(boot_of(release)))
    assert as_systemd_reads(files["/etc/uneventful/environment"])["VALUE"] == value


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60).filter(str.strip))
def test_any_command_arrives_at_the_shell_as_the_procfile_has_it(command: str) -> None:
    release = release_of(command=command)
    service = files_of(user_data(boot_of(release)))["/etc/systemd/system/uneventful-web.service"]
    line = next(line for line in service.splitlines() if line.startswith("ExecStart="))
    word = line.removeprefix('ExecStart=/bin/sh -c "').removesuffix('"').replace("%%", "%").replace("$$", "$")
    read, at = "", 0
    while at < len(word):
        at += word[at] == "\\"
        read, at = read + word[at], at + 1
    assert read == f"exec {command}"


def test_a_process_has_its_own_user_and_time_to_finish_and_comes_back_when_it_ends() -> None:
    service = unit(release_of(), WEB).splitlines()
    for line in (
        "Type=exec",
        "User=uneventful",
        "WorkingDirectory=/opt/uneventful/app",
        "Restart=always",
        "TimeoutStopSec=45",
        "KillSignal=SIGTERM",
        "KillMode=mixed",
        "StandardOutput=journal",
        "StartLimitIntervalSec=0",
        "WantedBy=multi-user.target",
    ):
        assert line in service


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    "command", ["python3 -m shop.web", "sh -c \"echo $HOME '100%' \\\\\"", "web {{ x }}"]
)
def test_systemd_accepts_the_unit(command: str, tmp_path: Path) -> None:
    process = Process(name="web", command=command)
    path = tmp_path / unit_name(process)
    path.write_text(unit(release_of(command), process))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_would_not_accept_a_directive_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / unit_name(WEB)
    path.write_text(unit(release_of(), WEB).replace("Restart=always", "Restarts=always"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
    )
    assert "Restarts" in verified.stderr


def test_what_ec2_would_not_take_is_refused_before_anything_is_made() -> None:
    release = release_of(variables={"BIG": "x" * LIMIT})
    with pytest.raises(BundleError, match="too long") as refused:
        user_data(boot_of(release))
    said = str(refused.value)
    assert "at most 16384 bytes" in said
    assert "uneventful:variables" in said


def test_the_largest_user_data_that_is_accepted_is_within_the_limit_as_the_template_carries_it() -> None:
    release = release_of(variables={"BIG": "x" * (LIMIT - 2500)})
    text = user_data(boot_of(release))
    assert len(base64.b64decode(encoded(text))) <= LIMIT
    assert base64.b64decode(encoded(text)).decode() == text


def test_user_data_says_nothing_that_a_release_does_not_hold_in_the_open() -> None:
    text = user_data(boot_of(release_of()))
    assert not any(word in text.lower() for word in ("secret", "password", "token", "aws_access_key"))


# --- the boot script, run for real with stand-ins for `aws` and `systemctl` ---


def bundle(folder: Path) -> tuple[Path, str]:
    path = folder / "origin.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("Procfile")
        content = b"web: true\n"
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def run_boot(folder: Path, digest: str, origin: Path, failures: int = 0) -> subprocess.CompletedProcess[str]:
    tools = folder / "tools"
    tools.mkdir()
    (tools / "aws").write_text(
        f'#!/bin/sh\necho "aws $@" >> {folder}/log\n'
        f'[ "$(grep -c ^aws {folder}/log)" -gt {failures} ] || exit 1\n'
        f'for last; do :; done\ncp {origin} "$last"\n'
    )
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "systemctl $@" >> {folder}/log\n')
    (tools / "sleep").write_text("#!/bin/sh\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    machine = folder / "machine"
    machine.mkdir()
    script = machine / "boot"
    script.write_text(boot_script(boot_of(release_of(digest=digest))))
    script.chmod(0o755)
    return subprocess.run(
        [str(script)],
        env={"PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_an_instance_fetches_the_bundle_by_digest_unpacks_it_and_starts_its_processes(tmp_path: Path) -> None:
    origin, digest = bundle(tmp_path)
    assert run_boot(tmp_path, digest, origin).returncode == 0
    assert (tmp_path / "machine/app/Procfile").read_text() == "web: true\n"
    assert (tmp_path / "log").read_text().splitlines() == [
        f"aws s3 cp --region eu-west-1 --only-show-errors s3://bundles-1234567/bundles/{digest}.tar.gz bundle.tar.gz",
        "systemctl daemon-reload",
        "systemctl enable --now uneventful-web.service",
    ]


def test_other_bytes_than_the_digest_names_are_never_unpacked_nor_started(tmp_path: Path) -> None:
    origin, _ = bundle(tmp_path)
    assert run_boot(tmp_path, "b" * 64, origin).returncode != 0
    assert not (tmp_path / "machine/app").exists()
    assert "systemctl" not in (tmp_path / "log").read_text()


def test_a_bucket_that_does_not_answer_at_first_is_asked_again(tmp_path: Path) -> None:
    origin, digest = bundle(tmp_path)
    assert run_boot(tmp_path, digest, origin, failures=5).returncode == 0
    assert (tmp_path / "log").read_text().count("aws s3 cp") == 6


def test_a_bucket_that_never_answers_ends_the_boot_with_an_error(tmp_path: Path) -> None:
    origin, digest = bundle(tmp_path)
    assert run_boot(tmp_path, digest, origin, failures=99).returncode != 0
    assert (tmp_path / "log").read_text().count("aws s3 cp") == 30
