"""The user data runs to its end, or the instance says why it did not; and nothing else of the machine is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.errors import PartFailed
from tests.local.instances.trial import Cloud, awaited, cloud_config, fetched, unit


def test_a_unit_of_the_user_data_answers_on_the_instances_own_address(cloud: Cloud):
    spec = cloud.booted(cloud_config())
    answer = awaited(lambda: fetched(spec.address))
    assert answer["pid"] in cloud.status(spec).pids
    assert answer["folder"].endswith(f"{spec.instance_id}/root/opt/uneventful/app")
    assert "web listens" in cloud.log(spec)


def test_two_instances_have_the_same_port_on_addresses_of_their_own(cloud: Cloud):
    first, second = cloud.booted(cloud_config()), cloud.booted(cloud_config())
    answers = [awaited(lambda spec=spec: fetched(spec.address)) for spec in (first, second)]
    assert [a["environment"]["HOST"] for a in answers] == [first.address, second.address]
    assert answers[0]["pid"] != answers[1]["pid"]


def test_an_instance_sees_nothing_of_the_users_own_environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_PROFILE", "the-users-own")
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    spec = cloud.booted(cloud_config())
    environment = awaited(lambda: fetched(spec.address))["environment"]
    assert set(environment) <= {
        *("PATH", "HOME", "LANG", "USER", "LOGNAME", "PWD", "INVOCATION_ID"),
        *("UNEVENTFUL_CLOUD", "UNEVENTFUL_INSTANCE", "AWS_REGION", "AWS_ACCESS_KEY_ID"),
        *("HOST", "PORT", "GREETING", "SSL_CERT_FILE", "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
    }
    assert environment["GREETING"] == "a 'b' $c"
    assert environment["UNEVENTFUL_CLOUD"] == cloud.marker
    assert environment["HOME"].startswith(str(cloud.folder))
    assert not [p for p in environment["PATH"].split(":") if ".venv" in p]


def test_python_on_an_instance_is_bare(cloud: Cloud):
    again = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    look = "import importlib.util as u; print([m for m in ('boto3', 'pip', 'localcloud') if u.find_spec(m)])"
    lines = (f'python3 -c "{look}"', f'/usr/bin/env python3 -c "{look}"', f'python3 -c "{again}" -c "{look}"')
    spec = cloud.booted("\n".join(("#!/bin/sh", *lines, "")).encode())
    assert cloud.log(spec, "cloud-init").splitlines()[:3] == ["[]"] * 3


def test_a_script_as_user_data_runs_with_the_instances_root_as_its_folder(cloud: Cloud):
    spec = cloud.booted(b"#!/bin/sh\npwd\necho made > made\n")
    root = cloud.folder / spec.instance_id / "root"
    assert cloud.log(spec, "cloud-init").startswith(f"{root}\n")
    assert (root / "made").read_text() == "made\n"


def test_scripts_that_end_at_once_are_all_seen_to_end(cloud: Cloud):
    specs = [cloud.start(b"#!/bin/sh\n") for _ in range(12)]
    assert [cloud.settled(spec).state for spec in specs] == ["running"] * 12


def test_no_user_data_is_a_running_instance(cloud: Cloud):
    spec = cloud.booted(b"")
    assert cloud.instances.alive(spec.instance_id)


def test_a_failing_command_is_a_failed_instance_with_its_last_words(cloud: Cloud):
    spec = cloud.start(cloud_config(boot="echo about to fail\nexit 7"))
    status = cloud.settled(spec)
    assert status.state == "failed"
    assert "exit status 7" in status.detail
    assert status.detail.endswith("about to fail")
    assert cloud.instances.alive(spec.instance_id), (
        "as on EC2: the machine is there, only its boot has failed"
    )


def test_a_bundle_that_is_not_what_its_digest_says_fails_the_boot(cloud: Cloud):
    boot = f'echo rotten > bundle\necho "{"0" * 64}  bundle" | sha256sum -c -\nsystemctl start uneventful-web'
    status = cloud.settled(cloud.start(cloud_config(boot=boot)))
    assert status.state == "failed"
    assert "bundle: FAILED" in status.detail
    assert len(status.pids) == 1


@pytest.mark.parametrize(
    ("user_data", "named"),
    [
        (b"#cloud-config\npackages: [no-such-package]\n", "no-such-package"),
        (b"#cloud-config\nbootcmd: [ls]\n", "bootcmd"),
        (cloud_config(unit(more="ExecReload=/bin/true\n")), "ExecReload"),
        (cloud_config(boot="systemctl mask x"), "mask"),
        (cloud_config(boot="systemctl start nowhere"), "nowhere.service"),
        (
            cloud_config(
                boot="systemctl start uneventful-web", unit_text=unit().replace("=uneventful", "=nobody2")
            ),
            "nobody2",
        ),
        (cloud_config(unit().replace("WantedBy=multi-user.target", "")), "WantedBy"),
        (cloud_config(unit().replace("/bin/sh -c", "/bin/not-there")), "not-there"),
        (cloud_config(unit().replace("=/opt/uneventful/app", "=/opt/nowhere")), "/opt/nowhere"),
        (cloud_config(boot="chown -R stranger: app"), "stranger"),
    ],
    ids=[
        "package",
        "module",
        "directive",
        "verb",
        "unit",
        "user",
        "not wanted",
        "program",
        "folder",
        "chown",
    ],
)
def test_what_an_instance_cannot_do_fails_it_by_name(cloud: Cloud, user_data: bytes, named: str):
    status = cloud.settled(cloud.start(user_data))
    assert (status.state, named in status.detail) == ("failed", True), status.detail


def test_starting_never_waits(cloud: Cloud):
    spec = cloud.start(b"#!/bin/sh\nsleep 30\n")
    assert cloud.status(spec).state == "booting"
    awaited(lambda: len(cloud.status(spec).pids) == 2)
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone", within=3)


def test_an_instance_is_started_once(cloud: Cloud):
    spec = cloud.booted(b"")
    with pytest.raises(PartFailed, match=spec.instance_id):
        cloud.instances.start(spec)


def test_paths_with_blanks_and_beyond_a_sockets_length_are_no_obstacle(tmp_path: Path):
    cloud = Cloud(tmp_path / ("a folder with blanks " * 6) / "instances")
    try:
        spec = cloud.booted(cloud_config())
        assert awaited(lambda: fetched(spec.address))
        assert len(str(cloud.folder)) > 120
    finally:
        cloud.instances.close()


def test_a_stopped_instance_boots_again_with_its_enabled_units_and_without_its_user_data(cloud: Cloud):
    boot = "echo again >> boots\nsystemctl enable --now uneventful-web.service"
    spec = cloud.booted(cloud_config(boot=boot))
    first = awaited(lambda: fetched(spec.address))
    cloud.instances.stop(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "stopped")
    assert fetched(spec.address) == {}
    cloud.instances.boot(spec.instance_id)
    second = awaited(lambda: fetched(spec.address))
    assert second["pid"] != first["pid"]
    assert (cloud.folder / spec.instance_id / "root/opt/uneventful/boots").read_text() == "again\n"
    assert cloud.exits == []
    cloud.instances.stop(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "stopped")
    cloud.instances.terminate(spec.instance_id)
    assert cloud.status(spec).state == "gone"
    with pytest.raises(PartFailed, match="gone"):
        cloud.instances.boot(spec.instance_id)


def test_the_plan_of_an_instance_is_for_its_owner_alone(cloud: Cloud):
    spec = cloud.booted(b"")
    assert (cloud.folder / spec.instance_id / "machine.json").stat().st_mode & 0o077 == 0


def test_an_instance_changes_nothing_of_the_machine_outside_its_folder(cloud: Cloud):
    # Where a user's own files are; /tmp is everybody's, so a checkout or a home below it proves nothing.
    places = [place for place in (Path(__file__).parent, Path.home()) if not place.is_relative_to("/tmp")]
    if not places:
        pytest.skip("both the checkout and the home folder are in /tmp")
    victim = places[0] / "victim-of-an-instance"
    victim.write_text("mine")
    try:
        lines = (
            f"echo x > '{victim}'",
            f"rm '{victim}'",
            f"mv '{victim}' moved",
            f"mkdir '{victim}-2'",
            "mkdir within",
        )
        spec = cloud.booted("\n".join(("#!/bin/sh", *lines, "")).encode())
        if "cannot confine" in cloud.log(spec, "machine"):
            pytest.skip("the kernel has no Landlock, or is older than 6.2")
        assert victim.read_text() == "mine"
        assert not victim.with_name(f"{victim.name}-2").exists()
        assert (cloud.folder / spec.instance_id / "root/within").is_dir()
    finally:
        victim.unlink(missing_ok=True)
