"""What systemd does for a unit, and what the end of an instance does to all of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localcloud.instances import processes
from localcloud.instances.local import LocalInstances
from tests.local.instances.trial import Cloud, awaited, cloud_config, fetched, unit


def serving(cloud: Cloud, **config: str) -> tuple:
    spec = cloud.booted(cloud_config(**config))
    return spec, awaited(lambda: fetched(spec.address))["pid"]


def test_a_killed_process_is_back_within_restart_sec_and_a_second(cloud: Cloud):
    spec, pid = serving(cloud)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    answer = awaited(lambda: fetched(spec.address), within=5)
    assert answer["pid"] != pid
    assert 0.9 < time.monotonic() - began < 2.0
    assert cloud.exits == []
    assert "killed by SIGKILL" in cloud.log(spec)


def test_it_comes_back_each_time_when_the_limit_of_starts_is_off(cloud: Cloud):
    spec, pid = serving(cloud, unit_text=unit().replace("RestartSec=1", "RestartSec=50ms"))
    for _ in range(7):
        os.kill(pid, signal.SIGKILL)
        answer = awaited(lambda pid=pid: (a := fetched(spec.address)) and a["pid"] != pid and a)
        pid = answer["pid"]


def test_a_unit_that_only_crashes_is_given_up_after_its_burst(cloud: Cloud):
    text = unit("false").replace("StartLimitIntervalSec=0", "StartLimitIntervalSec=30\nStartLimitBurst=3")
    spec = cloud.booted(cloud_config(text.replace("RestartSec=1", "RestartSec=10ms")))
    awaited(lambda: "has failed" in cloud.status(spec).detail)
    assert cloud.log(spec).count("exit status 1") >= 3
    assert "repeated too quickly" in cloud.log(spec)
    assert cloud.log(spec).count("Started") == 3


def test_what_a_crashed_process_left_behind_is_gone_before_it_starts_again(cloud: Cloud):
    # The child has the port; a restart beside it could not listen.
    command = "python3 web.py & wait"
    spec, _ = serving(cloud, unit_text=unit().replace("exec python3 web.py", command))
    shell = next(p for p in cloud.status(spec).pids[1:])
    child = fetched(spec.address)["pid"]
    assert shell != child
    os.kill(shell, signal.SIGKILL)
    awaited(lambda: (a := fetched(spec.address)) and a["pid"] != child)
    assert "Address already in use" not in cloud.log(spec)


def test_terminating_lets_a_slow_request_finish(cloud: Cloud):
    spec, _ = serving(cloud)
    answers: list[dict] = []
    asking = threading.Thread(target=lambda: answers.append(fetched(spec.address, "/slow")))
    asking.start()
    awaited(lambda: "is asked for /slow" in cloud.log(spec))
    began = time.monotonic()
    cloud.instances.terminate(spec.instance_id)
    assert time.monotonic() - began < 0.1, "terminate() must not wait"
    asking.join()
    assert answers[0], "the request in flight was cut"
    awaited(lambda: cloud.status(spec).state == "gone")
    assert "web ended well" in cloud.log(spec)
    assert cloud.exits == [], "what was told to end is no surprise"


def test_who_ignores_sigterm_is_killed_when_its_time_is_over(cloud: Cloud):
    text = unit("python3 web.py --deaf").replace("TimeoutStopSec=5", "TimeoutStopSec=1")
    spec, pid = serving(cloud, unit_text=text)
    began = time.monotonic()
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone")
    assert 0.9 < time.monotonic() - began < 2.5
    assert not Path(f"/proc/{pid}").exists()
    assert "SIGKILL" in cloud.log(spec)


def test_systemctl_stop_and_start_do_what_they_say(cloud: Cloud):
    boot = (
        "systemctl daemon-reload\nsystemctl start uneventful-web\nsystemctl is-active uneventful-web\n"
        "systemctl restart uneventful-web.service\nsystemctl stop uneventful-web\n"
        "systemctl is-active uneventful-web || echo status $?\n"
        "systemctl is-enabled uneventful-web || systemctl enable uneventful-web\n"
        "systemctl is-enabled uneventful-web\nsystemctl status uneventful-web || true"
    )
    spec = cloud.booted(cloud_config(boot=boot))
    said = cloud.log(spec, "cloud-init").splitlines()
    assert said[:5] == ["active", "inactive", "status 3", "disabled", "enabled"]
    assert said[5] == "uneventful-web.service - The web process"
    assert cloud.log(spec).count("Started") == 2
    assert fetched(spec.address) == {}


def test_a_daemon_that_forks_away_is_ended_with_its_unit(cloud: Cloud):
    away = "import os,time; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(99)"
    command = f'python3 -c \\"{away}\\"; exec python3 web.py'
    spec, _ = serving(cloud, unit_text=unit().replace("exec python3 web.py", command))
    before = set(cloud.processes())
    assert len(before) == 3, "the first process, the web process, the daemon"
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone")
    assert cloud.processes() == ()


def test_after_terminate_nothing_carries_the_mark(cloud: Cloud):
    specs = [cloud.start(cloud_config()) for _ in range(3)]
    for spec in specs:
        awaited(lambda spec=spec: fetched(spec.address))
    for spec in specs:
        cloud.instances.terminate(spec.instance_id)
        cloud.instances.terminate(spec.instance_id)
    awaited(lambda: all(cloud.status(spec).state == "gone" for spec in specs))
    assert cloud.processes() == ()
    assert not any(cloud.instances.alive(spec.instance_id) for spec in specs)


@pytest.mark.parametrize("whole_group", [True, False])
def test_a_killed_machine_is_noticed_within_a_second_and_nothing_of_it_is_left(
    cloud: Cloud, whole_group: bool
):
    spec, _ = serving(cloud)
    machine = cloud.status(spec).pids[0]
    (os.killpg if whole_group else os.kill)(machine, signal.SIGKILL)
    awaited(lambda: cloud.exits == [spec.instance_id], within=1)
    assert cloud.status(spec).state == "gone"
    assert not cloud.instances.alive(spec.instance_id)
    assert cloud.processes() == ()
    assert fetched(spec.address) == {}


def test_a_machine_that_is_told_to_shut_down_drains_and_is_reported(cloud: Cloud):
    spec, _ = serving(cloud)
    os.kill(cloud.status(spec).pids[0], signal.SIGTERM)
    awaited(lambda: cloud.exits == [spec.instance_id])
    assert "web ended well" in cloud.log(spec)


def test_a_frozen_instance_accepts_and_never_answers_until_it_is_thawed(cloud: Cloud):
    spec, pid = serving(cloud)
    cloud.instances.freeze(spec.instance_id)
    awaited(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "T")
    assert fetched(spec.address, timeout=0.3) == {}
    assert cloud.instances.alive(spec.instance_id)
    cloud.instances.thaw(spec.instance_id)
    assert awaited(lambda: fetched(spec.address))["pid"] == pid
    cloud.instances.freeze(spec.instance_id)
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone", within=3)


def test_a_first_process_that_hangs_is_ended_all_the_same(cloud: Cloud):
    spec, _ = serving(cloud, unit_text=unit().replace("TimeoutStopSec=5", "TimeoutStopSec=1"))
    os.kill(cloud.status(spec).pids[0], signal.SIGSTOP)
    cloud.instances.terminate(spec.instance_id)
    awaited(lambda: cloud.status(spec).state == "gone", within=10)


ORPHAN = """
import sys, time
from pathlib import Path
from tests.local.instances.trial import Cloud, awaited, cloud_config, fetched, unit
cloud = Cloud(Path(sys.argv[1]))
spec = cloud.booted(cloud_config(unit("python3 web.py --deaf")))
awaited(lambda: fetched(spec.address))
print(cloud.marker, flush=True)
time.sleep(60)
"""


def test_after_the_daemons_sudden_death_its_instances_end_and_the_next_start_finds_an_empty_field(
    tmp_path: Path,
):
    folder = tmp_path / "instances"
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[3])])
    daemon = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert daemon.stdout is not None
    assert daemon.stdout.readline().decode().strip() == str(folder)
    marks = {"UNEVENTFUL_CLOUD": str(folder)}
    assert len(processes.carrying(marks)) == 2
    daemon.kill()
    daemon.wait()
    daemon.stdout.close()
    awaited(lambda: processes.carrying(marks) == (), within=2)


def test_a_new_start_kills_exactly_what_an_earlier_one_left(tmp_path: Path):
    folder, other = tmp_path / "instances", tmp_path / "other"
    (folder / "i-1").mkdir(parents=True)
    environments = [
        {"UNEVENTFUL_CLOUD": str(folder), "UNEVENTFUL_INSTANCE": "i-1"},
        {"UNEVENTFUL_CLOUD": str(other), "UNEVENTFUL_INSTANCE": "i-1"},
        {"UNEVENTFUL_CLOUD": str(folder)},
        {"UNEVENTFUL_CLOUD": f"{folder}-2", "UNEVENTFUL_INSTANCE": "i-11"},
    ]
    sleeping = [subprocess.Popen(["sleep", "60"], env=e, start_new_session=True) for e in environments]
    try:
        LocalInstances(folder, str(folder))
        assert sleeping[0].wait(2) == -signal.SIGKILL
        assert [p.poll() for p in sleeping[1:]] == [None, None, None]
        assert list(folder.iterdir()) == []
    finally:
        for process in sleeping:
            process.kill()
            process.wait()


def test_close_ends_every_instance_within_its_limit(cloud: Cloud):
    for text in (unit(), unit("python3 web.py --deaf").replace("TimeoutStopSec=5", "TimeoutStopSec=60")):
        serving(cloud, unit_text=text)
    began = time.monotonic()
    cloud.instances.close()
    assert time.monotonic() - began < 7
    assert cloud.processes() == ()
