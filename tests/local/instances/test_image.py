"""What an instance has before any user data: programs that check or answer, and logs where a unit wants them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from localcloud.instances.shims import DATABASE_CA
from tests.local.instances.trial import Cloud, awaited, cloud_config, unit

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nthe local cloud's own\n-----END CERTIFICATE-----\n"


def script(*lines: str) -> bytes:
    return "\n".join(("#!/bin/sh", *lines, "")).encode()


def root(cloud: Cloud, spec) -> Path:
    return cloud.folder / spec.instance_id / "root"


def own_words(cloud: Cloud, spec) -> list[str]:
    return [line for line in cloud.log(spec, "cloud-init").splitlines() if " systemd: " not in line]


@pytest.mark.parametrize(
    "asked", ["-fsS {url} -o got.pem", "-fsSo got.pem --retry 3 {url}", "-fsS {url} > got.pem"]
)
def test_the_certificates_of_databases_are_those_of_the_local_cloud(cloud: Cloud, asked: str):
    cloud.authority.write_text(CERTIFICATE)
    spec = cloud.booted(script(f"curl {asked.format(url=DATABASE_CA)}", "cat $SSL_CERT_FILE > trusted.pem"))
    assert (root(cloud, spec) / "got.pem").read_text() == CERTIFICATE
    trusted = (root(cloud, spec) / "trusted.pem").read_text()
    assert trusted.endswith(CERTIFICATE)
    others = ssl.create_default_context(cadata=trusted.removesuffix(CERTIFICATE))
    assert others.cert_store_stats()["x509_ca"] > 50


def test_without_an_authority_curl_fails_and_every_other_address_is_the_real_curls(cloud: Cloud):
    spec = cloud.booted(
        script(f"curl -fsS {DATABASE_CA} || echo status $?", "curl -fsS file:///no-such-file || echo $?")
    )
    said = own_words(cloud, spec)
    assert "certificate authority" in said[0]
    assert said[1] == "status 22"
    assert said[-1] in ("37", "127")


def test_dnf_has_what_the_machine_has_and_fails_by_name_for_all_else(cloud: Cloud):
    spec = cloud.booted(
        script(
            "sudo dnf install -y -q python3 tar && echo installed",
            "dnf install -y tar no-such-thing || echo status $?",
            "dnf remove tar || echo refused",
            "USER=nobody sudo true || echo no rights",
        )
    )
    installed, unmatched, error, status, usage, *last = own_words(cloud, spec)
    assert (installed, unmatched) == ("installed", "No match for argument: no-such-thing")
    assert error.startswith("Error: Unable to find a match: no-such-thing")
    assert status == "status 1"
    assert usage.startswith("dnf remove tar: the local cloud knows only")
    assert last == ["refused", "nobody is not in the sudoers file.", "no rights"]


def test_a_units_output_is_appended_to_its_file_and_goes_on_there_after_a_rotation(cloud: Cloud):
    text = unit(more="StandardOutput=append:/var/log/app/web.log\nStandardError=journal\n")
    boot = "mkdir ../../var/log/app\nsystemctl start uneventful-web"
    spec = cloud.booted(cloud_config(text.replace("python3 web.py", "python3 web.py; echo e >&2"), boot=boot))
    log = root(cloud, spec) / "var/log/app/web.log"
    awaited(lambda: log.read_text() == "web listens\n")
    assert "web listens" not in cloud.log(spec)
    log.write_text("")
    cloud.instances.terminate(spec.instance_id)


def test_a_log_whose_folder_is_not_there_fails_the_unit_as_systemd_fails_it(cloud: Cloud):
    text = unit(more="StandardOutput=append:/var/log/nowhere/web.log\n")
    status = cloud.settled(cloud.start(cloud_config(text)))
    assert status.state == "failed"
    assert "/var/log/nowhere/web.log" in status.detail


def test_a_failed_unit_with_a_log_of_its_own_tells_its_last_words(cloud: Cloud):
    text = unit('sh -c \\"echo it is broken; exit 4\\"', "StandardOutput=append:/var/log/web.log\n")
    text = text.replace("Restart=always", "Type=oneshot\nRestart=no")
    status = cloud.settled(cloud.start(cloud_config(text)))
    assert "exit status 4" in status.detail
    assert "it is broken" in status.detail
