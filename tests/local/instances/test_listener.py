"""A socket that an instance listens on for a service: it outlives each of its processes."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.local.instances.trial import Cloud, awaited, cloud_config, fetched, unit

BOOT = "systemctl daemon-reload\nsystemctl enable --now uneventful-web.socket uneventful-web.service"


def test_nobody_is_turned_away_while_a_killed_process_is_started_again(cloud: Cloud) -> None:
    spec = cloud.booted(cloud_config(boot=BOOT))
    pid = awaited(lambda: fetched(spec.address))["pid"]
    for _ in range(3):
        os.kill(pid, signal.SIGKILL)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: fetched(spec.address, timeout=10), range(48)))
        assert all(answers), f"{answers.count({})} of 48 were refused"
        assert {answer["pid"] for answer in answers} != {pid}
        pid = answers[-1]["pid"]


def test_without_a_socket_of_the_instance_they_are_turned_away(cloud: Cloud) -> None:
    spec = cloud.booted(cloud_config())
    pid = awaited(lambda: fetched(spec.address))["pid"]
    os.kill(pid, signal.SIGKILL)
    awaited(lambda: fetched(spec.address) == {})


def test_a_process_is_handed_one_socket_as_its_third_descriptor_and_nothing_else(cloud: Cloud) -> None:
    spec = cloud.booted(cloud_config(boot=BOOT))
    answer = awaited(lambda: fetched(spec.address))
    variables = answer["environment"]
    assert (variables["LISTEN_FDS"], variables["LISTEN_PID"]) == ("1", str(answer["pid"]))
    opened = Path(f"/proc/{answer['pid']}/fd")
    assert str((opened / "3").readlink()).startswith("socket:")
    listening = [fd for fd in opened.iterdir() if fd.readlink() == (opened / "3").readlink()]
    assert len(listening) == 1
    plain = cloud.booted(cloud_config())
    assert "LISTEN_FDS" not in awaited(lambda: fetched(plain.address))["environment"]


def test_a_service_that_is_given_up_takes_its_socket_with_it(cloud: Cloud) -> None:
    text = unit("false").replace("StartLimitIntervalSec=0", "StartLimitIntervalSec=30\nStartLimitBurst=2")
    boot = f"{BOOT.removesuffix(' uneventful-web.service')}\nsystemctl enable --now uneventful-web"
    spec = cloud.booted(cloud_config(text.replace("RestartSec=1", "RestartSec=10ms"), boot=boot))
    awaited(lambda: "has failed" in cloud.status(spec).detail)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((spec.address, 8080), timeout=2).close()


def test_a_stopped_socket_listens_no_more_and_a_taken_address_fails_the_boot(cloud: Cloud) -> None:
    spec = cloud.booted(
        cloud_config(boot=f"{BOOT}\nsystemctl stop uneventful-web.service uneventful-web.socket")
    )
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((spec.address, 8080), timeout=2).close()
    taken = cloud.spec(cloud_config(boot=BOOT))
    with socket.create_server((taken.address, 8080)):
        cloud.instances.start(taken)
        assert cloud.settled(taken).state == "failed"
    assert "Address already in use" in cloud.log(taken, "cloud-init") + cloud.status(taken).detail
