"""The operations host's scripts, run as they are in a folder that stands for its file system."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from infra import operations_boot
from tests.unit.infra.host import Host

ECHO = """\
import json, os, sys
order = json.load(sys.stdin)
print("told", json.dumps(order))
print("at", sys.argv[1], os.path.basename(sys.path[0]))
print("beside", open(order["database"]["ca"]).read().strip(), file=sys.stderr)
sys.exit(order.get("exit", 0))
"""


def order(digest: str, **more: Any) -> str:
    where = {"bucket": "b", "key": f"bundles/{digest}.tar.gz", "digest": digest, "region": "eu-west-1"}
    return json.dumps({**where, "database": {"ca": "/opt/uneventful/database-ca.pem"}, **more})


def test_the_host_takes_its_own_key_before_its_ssh_server_starts_anew(fresh: Host) -> None:
    done = fresh.run("boot")
    assert done.returncode == 0, fresh.log("boot")
    key = fresh.root / "etc/ssh/ssh_host_ed25519_key"
    assert key.read_text() == "-----BEGIN KEY-----\nabc\n-----END KEY-----\n"
    assert key.stat().st_mode & 0o777 == 0o600
    asked = fresh.asked
    assert asked.index("systemctl restart sshd") > next(n for n, a in enumerate(asked) if "arn:host-key" in a)
    assert "BEGIN KEY" not in fresh.log("boot")


def test_a_host_that_cannot_read_its_key_never_lets_anyone_in(fresh: Host) -> None:
    (fresh.tools / "arn:host-key").write_text("no JSON")
    assert fresh.run("boot").returncode != 0
    assert "systemctl restart sshd" not in fresh.asked
    assert not (fresh.root / "etc/ssh/ssh_host_ed25519_key").exists()


def test_programs_that_are_not_those_that_were_named_are_never_written(fresh: Host) -> None:
    (fresh.tools / "programs.json").write_text('{"migrate": "other"}')
    assert fresh.run("boot").returncode != 0
    assert "programs.json: FAILED" in fresh.log("boot")
    assert not (fresh.root / "opt/uneventful/migrate").exists()
    assert "systemctl restart sshd" not in fresh.asked


def test_the_bundles_own_migrator_is_run_and_told_what_came_in(host: Host) -> None:
    digest = host.publish(ECHO)
    done = host.run("migrate", order(digest, do="status"))
    assert done.returncode == 0, done.stderr
    told, at = done.stdout.splitlines()
    assert json.loads(told.removeprefix("told "))["do"] == "status"
    bundle = host.root / "opt/uneventful/bundles" / digest
    assert at == f"at {bundle} migrator"
    # Where the order says they are on the host, certificates were fetched to; streams are not mixed.
    assert done.stderr == "beside certificates\n"
    assert "told" in host.log("migrate")
    assert "beside certificates" in host.log("migrate")


def test_a_bundle_and_the_certificates_are_fetched_once(host: Host) -> None:
    digest = host.publish(ECHO)
    for _ in range(2):
        assert host.run("migrate", order(digest)).returncode == 0
    assert sum("s3 cp" in asked for asked in host.asked) == 1
    assert sum(asked.startswith("curl") for asked in host.asked) == 1
    assert host.bundles == [digest]


def test_a_migration_that_fails_is_a_command_that_fails(host: Host) -> None:
    digest = host.publish(ECHO)
    assert host.run("migrate", order(digest, exit=7)).returncode == 7


def test_a_bundle_that_is_not_the_one_that_was_named_is_never_run(host: Host) -> None:
    host.publish(ECHO)
    done = host.run("migrate", order("0" * 64))
    assert done.returncode != 0
    assert done.stdout == ""
    assert "computed checksum did NOT match" in done.stderr
    assert host.bundles == []


@pytest.mark.parametrize("told", ["", "{}", "no JSON", order("../../../../etc")])
def test_an_order_that_names_no_bundle_is_refused_in_a_sentence(told: str, host: Host) -> None:
    done = host.run("migrate", told)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not (host.tools / "asked").exists()


def test_a_python_that_the_host_lacks_is_installed_as_its_user_may(host: Host) -> None:
    digest = host.publish(ECHO, "3.99")
    assert host.run("migrate", order(digest)).returncode != 0
    assert "sudo dnf install -y -q python3.99" in host.asked
    assert operations_boot.MAY_INSTALL.endswith("/usr/bin/dnf ^install -y -q python3[.][0-9]+$")


def test_what_is_said_after_the_listener_has_gone_is_still_in_the_log(host: Host) -> None:
    digest = host.publish(
        "import sys, time\nprint('begun', flush=True)\ntime.sleep(1)\nprint('one', flush=True)\n"
        "print('two', file=sys.stderr)\ntime.sleep(0.2)\nprint('done')\n"
    )
    with host.begun("migrate") as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdin.write(order(digest))
        running.stdin.close()
        assert running.stdout.readline() == "begun\n"
        running.stdout.close()
        running.stderr.close()
        until = time.monotonic() + 30
        while "done" not in host.log("migrate"):
            assert time.monotonic() < until, host.log("migrate")
            time.sleep(0.05)
        running.wait(30)
    assert {"one", "two", "done"} <= set(host.log("migrate").splitlines())
