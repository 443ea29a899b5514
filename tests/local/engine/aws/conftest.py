"""One moto and one bridge for all tests of the bridge, and all scenarios running in them side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.engine.aws import binary
from tests.local.engine.aws.aws_side import AwsSide
from tests.local.engine.aws.bridge_process import BridgeProcess
from tests.local.engine.aws.cloud_process import cloud


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
    with cloud() as endpoint:
        yield AwsSide(endpoint)


@pytest.fixture(scope="session")
def bridge(provider: binary.TerraformProvider, aws: AwsSide) -> Iterator[BridgeProcess]:
    process = BridgeProcess(aws.environ)
    process.configure({"allowedAccountIds": '["123456789012"]'})
    yield process
    process.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The contract first, which starts all scenarios; what waits longest last, while the other tests run."""
    here = Path(__file__).parent
    places = [place for place, item in enumerate(items) if item.path.parent == here]
    ordered = sorted((items[place] for place in places), key=_turn)
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def _turn(item: pytest.Item) -> int:
    if item.path.name != "test_contract.py":
        return 1
    return 2 if "LoadBalancer" in item.name or "Lifecycle" in item.name else 0


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
