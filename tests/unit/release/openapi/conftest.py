"""oasdiff on PATH."""

from pathlib import Path

import pytest

from tests.go_tool import GoTool

OASDIFF = GoTool(Path(__file__).parent / "oasdiff", "github.com/oasdiff/oasdiff")


@pytest.fixture
def oasdiff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(OASDIFF.path().parent), prepend=":")
