"""One moto and one bridge for all tests of the bridge, and all scenarios running in them side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from localcloud.engine.aws import binary
from tests.local.engine.aws import corrections
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess


@pytest.fixture(scope="session")
def provider() -> binary.TerraformProvider:
    found = binary.find()
    if found is None:
        pytest.skip(
            "no Terraform AWS provider on this machine; the stand-in for the AWS plugin is not in use here"
        )
    return found


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsSide]:
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from moto.server import ThreadedMotoServer

    corrections.apply()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield AwsSide(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="session")
def bridge(provider: binary.TerraformProvider, aws: AwsSide) -> Iterator[BridgeProcess]:
    process = BridgeProcess(aws.environ)
    process.configure({"allowedAccountIds": '["123456789012"]'})
    yield process
    process.close()


pytest.register_assert_rewrite("tests.local.engine.aws.scenario")

Start = Callable[[str, Callable[[], None]], "Future[None]"]


@pytest.fixture(scope="session")
def side_by_side() -> Iterator[Start]:
    """Starts work at its first mention and gives the same future to whoever mentions it again."""
    started: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(32) as pool:

        def start(name: str, work: Callable[[], None]) -> Future[None]:
            if name not in started:
                started[name] = pool.submit(work)
            return started[name]

        yield start
