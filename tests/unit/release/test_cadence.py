"""A cadence that EventBridge Scheduler would refuse in the middle of a release is refused when the bundle is built."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.controlplane.schedules.expression import expression
from release.cadence import wrong_cron, wrong_rate


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * ? *",
        "0/15 8-17 ? * MON-FRI *",
        "15 10 ? * 6L 2022-2023",
        "0 0 L * ? *",
        "0 12 15W 1,7 ? *",
        "0 8 ? jan-mar TUE#2 *",
        "*/5 * * * ? 2030/2",
        "1,2,30-40/3 0 1 * ? *",
    ],
)
def test_what_aws_takes_is_taken(text: str) -> None:
    assert wrong_cron(text) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 fields instead of 6: minute, hour"),
        ("0 3 * * *", "5 fields"),
        ("0 3 * * * *", "exactly one"),
        ("0 3 ? * ? *", "exactly one"),
        ("60 3 * * ? *", "60 is no minute, which is from 0 to 59"),
        ("0 24 * * ? *", "24 is no hour"),
        ("0 3 0 * ? *", "0 is no day of the month"),
        ("0 3 * 13 ? *", "13 is no month"),
        ("0 3 ? * 8 *", "8 is no day of the week"),
        ("0 3 ? * 2#6 *", "2#6 is no day of the week"),
        ("0 3 * * ? 1969", "1969 is no year"),
        ("5-1 3 * * ? *", "5-1 is no minute"),
        ("*/0 3 * * ? *", "*/0 is no minute"),
        ("1,,2 3 * * ? *", "nothing is no minute"),
        ("0 L * * ? *", "L is no hour"),
        ("*-5 3 * * ? *", "*-5 is no minute"),
    ],
)
def test_what_is_wrong_with_a_cron_is_named(text: str, reason: str) -> None:
    assert reason in wrong_cron(text)


@pytest.mark.parametrize("text", ["1 minute", "5 minutes", "1 hour", "12 hours", "1 day", "365 days"])
def test_a_rate_is_a_number_and_a_unit_that_fits_it(text: str) -> None:
    assert wrong_rate(text) == ""


@pytest.mark.parametrize(
    "text", ["", "0 minutes", "1 minutes", "5 minute", "5 seconds", "5minutes", "-1 day"]
)
def test_any_other_rate_is_refused(text: str) -> None:
    assert "like 1 minute or 5 minutes" in wrong_rate(text)


_word = st.sampled_from(
    ["*", "?", "L", "0", "1", "7", "31", "59", "*/5", "1-5", "MON", "6L", "3#2", "JAN", "2030"]
)


@settings(max_examples=300)
@given(st.lists(_word, min_size=6, max_size=6))
def test_what_is_taken_here_the_scheduler_of_the_local_cloud_takes_too(words: list[str]) -> None:
    text = " ".join(words)
    try:
        expression(f"cron({text})")
    except ValueError:
        assert wrong_cron(text)
    else:
        assert wrong_cron(text) == ""
