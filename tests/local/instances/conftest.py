from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.instances.trial import Cloud


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "instances")
    yield cloud
    cloud.instances.close()
    assert cloud.processes() == ()
