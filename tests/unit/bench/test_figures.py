"""A figure is met or missed, and says how it was counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.figures import Figure, Share, shares, table
from bench.workplace import neutral


@pytest.mark.parametrize(("value", "met"), [(1.5, True), (1.49, True), (1.51, False)])
def test_a_target_is_met_up_to_its_limit(value: float, met: bool) -> None:
    figure = Figure("preview / flat", value, 1.5, "x", "medians of 5")
    assert figure.met is met
    text = table([figure])
    assert ("MISSED" in text) is not met
    assert "target <= 1.5 x" in text
    assert "medians of 5" in text


def test_each_part_has_its_share_of_the_whole() -> None:
    assert shares([Share("pulumi up", 90, "waits"), Share("engine", 0.5)], 180).splitlines() == [
        "    pulumi up    90.0 s   50%  waits",
        "    engine        0.5 s    0%",
    ]


def test_a_clone_is_not_led_back_into_the_checkout_that_it_is_measured_from() -> None:
    environ = {
        "PATH": "/c/.venv/bin:/usr/bin:/c/.uneventful/engine/bin:/other/.venv/bin",
        "PULUMI_BACKEND_URL": "file:///c",
        "AWS_ENDPOINT_URL": "http://x",
        "MAKEFLAGS": "j2",
        "UNEVENTFUL_HOME": "/h",
        "HOME": "/root",
        "XDG_CACHE_HOME": "/cache",
    }
    assert neutral(environ, Path("/c")) == {
        "PATH": "/usr/bin:/other/.venv/bin",
        "HOME": "/root",
        "XDG_CACHE_HOME": "/cache",
    }
