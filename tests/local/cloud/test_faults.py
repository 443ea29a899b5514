"""The knobs: what can be typed, and what is said of what cannot."""

from __future__ import annotations

import pytest

from localcloud.errors import UnknownFault
from localcloud.faults import ApiFault, Faults, clear_fault, set_fault


def test_every_knob_is_off_by_default() -> None:
    assert Faults().shown() == {}


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("weights-delay", "5", Faults(weights_delay=5.0)),
        ("slow-healthy", "2.5", Faults(slow_healthy=2.5)),
        ("api-throttle", "0.1", Faults(api_throttle=(ApiFault(0.1),))),
        ("api-throttle", "10%:elbv2", Faults(api_throttle=(ApiFault(0.1, "elasticloadbalancing"),))),
        ("api-error", "1:ec2:RunInstances", Faults(api_error=(ApiFault(1.0, "ec2", "RunInstances"),))),
        (
            "api-error",
            "0.5:s3,0.25:cloudwatch",
            Faults(api_error=(ApiFault(0.5, "s3"), ApiFault(0.25, "monitoring"))),
        ),
        ("api-unreachable", "on", Faults(api_unreachable=True)),
        ("target-hang", "i-1, i-2", Faults(target_hang=("i-1", "i-2"))),
        ("schedules-faster", "60", Faults(schedules_faster=60.0)),
        ("seed", "42", Faults(seed=42)),
    ],
)
def test_a_knob_is_set_from_what_is_typed_and_can_be_typed_again_as_it_is_shown(
    name: str, typed: str, expected: Faults
) -> None:
    faults = set_fault(Faults(), name, typed)
    assert faults == expected
    assert set_fault(Faults(), name, faults.shown()[name]) == expected
    assert clear_fault(faults, name) == Faults()


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("weight-delay", "5", "weights-delay"),
        ("weights-delay", "soon", "weights-delay 5"),
        ("weights-delay", "-1", "0 to 3600"),
        ("weights-delay", "", "weights-delay 5"),
        ("api-throttle", "2", "from 0 to 1"),
        ("api-throttle", "110%", "from 0 to 1"),
        ("api-unreachable", "yes", "on or off"),
        ("schedules-faster", "0.5", "1 to 3600"),
    ],
)
def test_what_cannot_be_set_is_refused_with_what_can(name: str, typed: str, said: str) -> None:
    with pytest.raises(UnknownFault) as refused:
        set_fault(Faults(), name, typed)
    assert said in str(refused.value)


def test_clearing_one_knob_leaves_the_others_and_clearing_all_leaves_none() -> None:
    faults = Faults(weights_delay=5, slow_healthy=3)
    assert clear_fault(faults, "weights-delay") == Faults(slow_healthy=3)
    assert clear_fault(faults, None) == Faults()
    with pytest.raises(UnknownFault, match="nothing"):
        clear_fault(faults, "nothing")
