"""The bridge as a process: how it starts, and that neither it nor its child outlives what they are for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2

from localcloud.engine.aws import binary
from localcloud.engine.aws.sockets import clear, socket_folder
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess
from tests.local.engine.aws.engine_side import EngineSide
from tests.local.engine.aws.waiting import until

pytestmark = pytest.mark.xdist_group("aws-bridge")

ENGINE_GONE_SECONDS = 5


@pytest.fixture
def engine() -> Iterator[EngineSide]:
    side = EngineSide()
    yield side
    side.close()


@pytest.fixture
def home() -> Iterator[Path]:
    """A cache folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def started(
    provider: binary.TerraformProvider, aws: AwsSide, engine: EngineSide, home: Path
) -> Iterator[BridgeProcess]:
    bridge = BridgeProcess(aws.environ | {"XDG_CACHE_HOME": str(home)}, engine.address)
    bridge.configure()
    yield bridge
    bridge.process.kill()
    bridge.process.wait()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_has_the_version_of_the_sdk(started: BridgeProcess) -> None:
    assert started.stub.GetPluginInfo(empty_pb2.Empty()).version == version("pulumi-aws")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_told_and_leaves_nothing(
    number: signal.Signals, started: BridgeProcess, home: Path
) -> None:
    (child,) = started.children()
    assert [*(home / "uneventful/run").iterdir()]
    started.process.send_signal(number)
    assert started.process.wait(5) == 0
    assert not alive(child)
    assert not (home / "uneventful/run").exists()


def test_its_child_dies_with_it_even_when_it_is_killed(started: BridgeProcess) -> None:
    (child,) = started.children()
    started.process.kill()
    started.process.wait()
    until(lambda: not alive(child), 2, "the end of the child")


def test_it_ends_soon_after_its_engine(started: BridgeProcess, engine: EngineSide) -> None:
    (child,) = started.children()
    engine.close()
    until(lambda: started.process.poll() is not None, ENGINE_GONE_SECONDS, "the end of the bridge")
    assert not alive(child)


def test_it_ends_soon_after_the_process_that_started_it(
    provider: binary.TerraformProvider, aws: AwsSide, tmp_path: Path
) -> None:
    script = f"{sys.executable} -m localcloud.engine.aws & echo $!; wait"
    parent = subprocess.Popen(
        ["sh", "-c", script], stdout=subprocess.PIPE, text=True, env={**os.environ, **aws.environ}
    )
    assert parent.stdout is not None
    bridge = int(parent.stdout.readline())
    assert int(parent.stdout.readline()) > 0
    parent.kill()
    parent.wait()
    until(lambda: not alive(bridge), ENGINE_GONE_SECONDS, "the end of the bridge")


def test_folders_of_dead_bridges_are_cleared_by_the_next_one(
    provider: binary.TerraformProvider, aws: AwsSide, home: Path
) -> None:
    folder = home / "uneventful/run/aws-999999999"
    folder.mkdir(parents=True)
    bridge = BridgeProcess(aws.environ | {"XDG_CACHE_HOME": str(home)})
    assert not folder.exists()
    bridge.close()


def test_a_cache_folder_too_deep_for_a_socket_is_not_used_for_it(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60)
    folder = socket_folder(deep)
    assert deep not in folder.parents
    clear(folder)
    assert not folder.exists()


def test_the_death_of_its_child_is_told_with_what_to_do(started: BridgeProcess) -> None:
    (child,) = started.children()
    os.kill(child, signal.SIGKILL)
    until(lambda: not alive(child), 2, "the end of the child")
    with pytest.raises(grpc.RpcError) as caught:
        started.check("aws:ec2/vpc:Vpc", "v", {"cidrBlock": "10.0.0.0/16"})
    assert "v: terraform-provider-aws" in caught.value.details()
    assert "pulumi refresh" in caught.value.details()


def test_warnings_of_the_provider_reach_the_engine_beside_their_resource(
    started: BridgeProcess, engine: EngineSide
) -> None:
    started.check("aws:s3/bucket:Bucket", "old", {"acl": "private"})
    until(lambda: engine.heard, 5, "the warning")
    assert "deprecated" in engine.heard[0].message.lower()
    assert engine.heard[0].urn.endswith("::old")


def test_without_a_provider_it_says_so_and_what_to_do(tmp_path: Path) -> None:
    environ = {**os.environ, "UNEVENTFUL_TERRAFORM_AWS": str(tmp_path / "nothing")}
    ended = subprocess.run(
        [sys.executable, "-m", "localcloud.engine.aws"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "UNEVENTFUL_TERRAFORM_AWS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_provider_that_does_not_speak_the_protocol_is_quoted(tmp_path: Path, aws: AwsSide) -> None:
    broken = tmp_path / "terraform-provider-aws_v9.9.9"
    broken.write_text("#!/bin/sh\necho something else\necho 'no luck today' >&2\n")
    broken.chmod(0o755)
    environ = aws.environ | {"UNEVENTFUL_TERRAFORM_AWS": str(broken), "XDG_CACHE_HOME": str(tmp_path)}
    bridge = BridgeProcess(environ)
    with pytest.raises(grpc.RpcError) as caught:
        bridge.configure()
    assert "terraform-provider-aws 9.9.9 did not start" in caught.value.details()
    assert "something else" in caught.value.details()
    assert "no luck today" in caught.value.details()
    bridge.close()
