"""User data: read the way that an instance reads it, by cloud-init's template, YAML, a shell and systemd."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import secrets
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra import prefixes, tags
from infra.machine import variables
from release.boot import LIMIT, Boot, boot_script, encoded, user_data
from release.environment_file import Secret, Variables
from release.errors import BundleError
from release.instance import turn
from release.model import Manifest, Process, Release, freeze

WEB = Process(name="web", command="python3 -m shop.web")
WORKER = Process(name="worker", command="python3 -m shop.worker")
KNOWN = {"DATABASE_HOST": "db.example.com", "CACHE_NAMESPACE": "dev:", "GREETING": "of the environment"}
SECRETS = (Secret("arn:login"), Secret("arn:variables", "v" * 32))


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


def boot_of(release: Release, variables: Variables | None = None) -> Boot:
    web = release.manifest.processes[0]
    return Boot(release, web, "bundles-1234567", "eu-west-1", "/app/dev/web-1", variables or Variables())


def as_cloud_init_reads(text: str) -> dict[str, Any]:
    """The cloud-config: rendered as cloud-init's `templater` does, then read as YAML."""
    header, _, template = text.partition("\n")
    assert header == "## template: jinja"
    rendered = jinja2.Template(template, undefined=jinja2.StrictUndefined, trim_blocks=True).render(
        ds={"meta_data": {"local_ipv4": "10.10.128.7", "instance_id": "i-0123456789abcdef0"}}
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


def test_it_asks_for_a_user_files_and_its_boot_and_nothing_else() -> None:
    config = as_cloud_init_reads(user_data(boot_of(release_of())))
    assert set(config) == {"users", "write_files", "runcmd"}
    assert config["users"][0]["name"] == "uneventful"
    assert config["users"][0]["lock_passwd"] is True
    assert config["runcmd"] == [
        ["systemctl", "daemon-reload"],
        ["systemctl", "start", "uneventful-boot.service"],
    ]


def test_files_are_roots_and_only_what_must_run_can_be_run() -> None:
    entries = as_cloud_init_reads(user_data(boot_of(release_of())))["write_files"]
    assert {entry["path"]: entry["permissions"] for entry in entries} == {
        "/var/log/uneventful/boot.log": "0640",
        "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json": "0644",
        "/etc/logrotate.d/uneventful": "0644",
        "/opt/uneventful/boot": "0755",
        "/opt/uneventful/process": "0755",
        "/opt/uneventful/leave": "0755",
        "/opt/uneventful/usage": "0755",
        "/opt/uneventful/variables.py": "0644",
        "/opt/uneventful/variables.json": "0600",
        "/etc/systemd/system/uneventful-boot.service": "0644",
        "/etc/systemd/system/uneventful-gone.service": "0644",
        "/etc/systemd/system/uneventful-usage.service": "0644",
        "/etc/systemd/system/uneventful-web.service": "0644",
        "/etc/uneventful/environment": "0600",
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


def test_what_the_release_says_wins_over_what_is_fetched_and_what_an_instance_sets_over_both() -> None:
    files = files_of(user_data(boot_of(release_of(), Variables(KNOWN, SECRETS))))
    asked = json.loads(files["/opt/uneventful/variables.json"])
    assert asked["region"] == "eu-west-1"
    assert asked["known"] == KNOWN
    assert asked["secrets"] == [{"id": "arn:login"}, {"id": "arn:variables", "version": "v" * 32}]
    lines = files["/etc/systemd/system/uneventful-web.service"].splitlines()
    # systemd.exec(5): of two files that set a variable, the later one wins.
    assert [line for line in lines if line.startswith("EnvironmentFile=")] == [
        "EnvironmentFile=/opt/uneventful/secrets",
        "EnvironmentFile=/etc/uneventful/environment",
    ]


def test_the_script_arrives_as_it_is_in_the_repository() -> None:
    script = files_of(user_data(boot_of(release_of())))["/opt/uneventful/variables.py"]
    assert script == Path(variables.__file__).read_text()


def test_what_a_process_and_the_boot_say_is_shipped_from_the_files_that_systemd_writes() -> None:
    release = release_of()
    files = files_of(user_data(boot_of(release)))
    agent = json.loads(files["/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json"])
    shipped = {
        each["file_path"]: (each["log_group_name"], each["log_stream_name"])
        for each in agent["logs"]["logs_collected"]["files"]["collect_list"]
    }
    assert shipped == {
        "/var/log/uneventful/web.log": ("/app/dev/web-1", f"{release.id}/{{instance_id}}/web"),
        "/var/log/uneventful/boot.log": ("/app/dev/web-1", f"{release.id}/{{instance_id}}/boot"),
        "/var/log/uneventful/usage.log": ("/app/dev/web-1", "usage/{instance_id}"),
    }
    for name in ("web", "boot", "usage"):
        service = files[f"/etc/systemd/system/uneventful-{name}.service"].splitlines()
        for stream in ("Output", "Error"):
            assert f"Standard{stream}=append:/var/log/uneventful/{name}.log" in service


def test_a_worker_is_started_by_its_turn_and_web_by_the_boot() -> None:
    release = freeze(
        Manifest(version="7", digest="a" * 64, size=1, processes=(WEB, WORKER)), {"BRACES": "{{ x }}"}
    )
    of_worker, of_web = (
        files_of(user_data(Boot(release, process, "bundles-1", "eu-west-1", "/app/dev/log")))
        for process in (WORKER, WEB)
    )
    assert "systemctl enable --now uneventful-web.service" in of_web["/opt/uneventful/boot"]
    assert "/opt/uneventful/turn" not in of_web
    boot = of_worker["/opt/uneventful/boot"]
    assert "uneventful-worker" not in boot
    assert 'echo "turn: ready"\nsystemctl enable --now uneventful-turn.service\n' in boot
    obeys = f"ExecStart=/opt/uneventful/turn {release.id} worker bundles-1 eu-west-1"
    assert obeys in of_worker["/etc/systemd/system/uneventful-turn.service"].splitlines()
    script = of_worker["/opt/uneventful/turn"]
    assert script == f"#!/usr/bin/env -S python3 -I\n{Path(turn.__file__).read_text()}"
    assert (f"meta-data/tags/instance/{tags.TURN}", prefixes.WORKING) == (turn.TAG, turn.LIST)


def test_the_socket_of_a_process_is_open_at_the_instances_address_before_it_starts() -> None:
    web = Process(name="web", command="./web", socket=True)
    release = freeze(Manifest(version="7", digest="a" * 64, size=1, processes=(web,)), {})
    boot = Boot(release, web, bucket="bundles-1", region="eu-west-1", log_group="/web")
    script, data = boot_script(boot), user_data(boot)
    assert (
        0
        < script.index("enable --now uneventful-web.socket")
        < script.index("enable --now uneventful-web.service")
    )
    assert "ListenStream={{ ds.meta_data.local_ipv4 }}:8080" in data
    assert ".socket" not in user_data(Boot(release_of(), WEB, "bundles-1", "eu-west-1", "/web"))


def test_an_instance_asks_for_its_own_replacement_alone() -> None:
    leave = files_of(user_data(boot_of(release_of())))["/opt/uneventful/leave"]
    assert "set-instance-health --region eu-west-1 --instance-id i-0123456789abcdef0 " in leave
    assert "--health-status Unhealthy" in leave


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


def test_what_ec2_would_not_take_is_refused_before_anything_is_made() -> None:
    release = release_of(variables={"BIG": secrets.token_urlsafe(LIMIT)})
    with pytest.raises(BundleError, match="too long") as refused:
        user_data(boot_of(release))
    said = str(refused.value)
    assert "at most 16384 bytes" in said
    assert "uneventful:variables" in said


def test_the_largest_user_data_that_is_accepted_is_within_the_limit_as_the_template_carries_it() -> None:
    noise = secrets.token_urlsafe(2 * LIMIT)
    fits, too_long = 0, len(noise)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        try:
            user_data(boot_of(release_of(variables={"BIG": noise[:middle]})))
            fits = middle
        except BundleError:
            too_long = middle
    assert fits > 12000, "what packing cannot shorten"
    text = user_data(boot_of(release_of(variables={"BIG": noise[:fits]})))
    carried = base64.b64decode(encoded(text))
    assert LIMIT - 8 <= len(carried) <= LIMIT
    assert gzip.decompress(carried).decode() == text


# --- the boot script, run for real with stand-ins for what it calls ---


def bundle(folder: Path) -> tuple[Path, str]:
    path = folder / "origin.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("Procfile")
        content = b"web: true\n"
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


class Machine:
    """A folder in which the boot script runs: what it calls is noted, and fails as often as a test says."""

    def __init__(self, folder: Path, digest: str, origin: Path) -> None:
        self.folder = folder / "machine"
        self.folder.mkdir()
        self._origin, self._tools = origin, folder / "tools"
        self._tools.mkdir()
        self._log = folder / "log"
        self._log.touch()
        self.tool("aws", 'for last; do :; done; cp "$ORIGIN" "$last"')
        self.tool("curl", "touch database-ca.pem")
        for name in ("systemctl", "sleep", "dnf", "timeout", "python3"):
            self.tool(name, "")
        script = self.folder / "boot"
        script.write_text(boot_script(boot_of(release_of(digest=digest))))
        script.chmod(0o755)

    def tool(self, name: str, does: str, failures: int = 0) -> None:
        path = self._tools / name
        path.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {self._log}\n'
            f'[ "$(grep -c "^{name} " {self._log})" -gt {failures} ] || exit 1\n{does}\n'
        )
        path.chmod(0o755)

    def boot(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "boot")],
            env={"PATH": f"{self._tools}:{os.environ['PATH']}", "ORIGIN": str(self._origin)},
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

    def calls(self, *but: str) -> list[str]:
        return [line for line in self._log.read_text().splitlines() if line.split()[0] not in but]


def last_line(booted: subprocess.CompletedProcess[str]) -> str:
    return booted.stdout.splitlines()[-1]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    origin, digest = bundle(tmp_path)
    return Machine(tmp_path, digest, origin)


def test_an_instance_fetches_all_that_it_needs_and_then_starts_its_process(machine: Machine) -> None:
    booted = machine.boot()
    assert booted.returncode == 0
    assert "boot failed" not in booted.stdout
    assert (machine.folder / "app/Procfile").read_text() == "web: true\n"
    digest = hashlib.sha256(machine._origin.read_bytes()).hexdigest()
    assert machine.calls() == [
        "timeout 180 dnf install -y -q amazon-cloudwatch-agent",
        "systemctl enable --now amazon-cloudwatch-agent",
        "aws s3 cp --region eu-west-1 --only-show-errors "
        f"s3://bundles-1234567/bundles/{digest}.tar.gz bundle.tar.gz",
        "curl -fsS --max-time 30 -o database-ca.pem "
        "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        "python3 -I variables.py",
        "systemctl enable --now uneventful-web.service",
        "systemctl enable --now uneventful-usage.service",
    ]


def test_a_log_agent_that_is_there_is_not_installed_again(machine: Machine) -> None:
    machine.tool("amazon-cloudwatch-agent-ctl", "")
    assert machine.boot().returncode == 0
    assert not any("dnf" in call for call in machine.calls())


def test_an_instance_without_a_log_agent_serves_all_the_same_and_says_so(machine: Machine) -> None:
    machine.tool("timeout", "exit 1")
    machine.tool("systemctl", "", failures=1)
    booted = machine.boot()
    assert booted.returncode == 0
    assert "no log agent" in booted.stdout
    assert machine.calls()[-2] == "systemctl enable --now uneventful-web.service"


def test_other_bytes_than_the_digest_names_are_never_unpacked_nor_started(tmp_path: Path) -> None:
    origin, _ = bundle(tmp_path)
    machine = Machine(tmp_path, "b" * 64, origin)
    booted = machine.boot()
    assert booted.returncode != 0
    assert last_line(booted) == f"boot failed: the bundle is not the one whose digest is {'b' * 64}"
    assert not (machine.folder / "app").exists()
    assert not any("uneventful-web" in call for call in machine.calls())


def test_nothing_is_started_without_its_secret_variables(machine: Machine) -> None:
    machine.tool("python3", "exit 1")
    booted = machine.boot()
    assert booted.returncode != 0
    assert last_line(booted) == "boot failed: the variables could not be fetched"
    assert not any("uneventful-web" in call for call in machine.calls())


@pytest.mark.parametrize("tool", ["aws", "curl"])
def test_what_does_not_answer_at_first_is_asked_again(machine: Machine, tool: str) -> None:
    machine.tool(tool, 'for last; do :; done; cp "$ORIGIN" bundle.tar.gz; touch database-ca.pem', failures=5)
    assert machine.boot().returncode == 0
    assert sum(call.startswith(tool) for call in machine.calls()) == 6


@pytest.mark.parametrize("tool", ["aws", "curl"])
def test_what_never_answers_ends_the_boot_with_what_was_asked(machine: Machine, tool: str) -> None:
    machine.tool(tool, "", failures=99)
    booted = machine.boot()
    assert booted.returncode != 0
    assert f"gave up after 30 tries: {tool} " in booted.stdout
    assert re.fullmatch(r"boot failed: the .* could not be fetched from \S+", last_line(booted))
    assert not any("uneventful-web" in call for call in machine.calls())
