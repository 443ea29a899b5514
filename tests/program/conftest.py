"""The three environments as the program declares them, without a release: run once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.recording import STACKS, Recorded, Recording, World, run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for the folder: the runs of the program, which the tests share, take longer than they do."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("program"))


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return {stack: run(World(stack), monkeypatch) for stack in STACKS}


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def environment(stack: str, recorded: Recorded) -> Recording:
    found = recorded[stack]
    assert found.exit_status == 0, found.errors
    return found
