"""The account and region of a stack's cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.errors import NoStack
from localcloud.location import Location, location_of

ROOT = Path(__file__).parents[3]


def test_every_stack_of_this_project_has_a_cloud_in_an_account_of_its_own() -> None:
    places = [location_of(ROOT, stack) for stack in ("dev", "staging", "production")]
    assert places == [
        Location("123456789012", "eu-west-1"),
        Location("111122223333", "eu-west-1"),
        Location("444455556666", "eu-west-1"),
    ]


@pytest.mark.parametrize("text", ["", "config: {}\n", "config:\n  other: 1\n", "encryptionsalt: v1:a=:b\n"])
def test_what_a_file_does_not_say_is_as_without_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    assert location_of(tmp_path, "dev") == location_of(tmp_path / "nowhere", "dev") == Location()


def test_a_stack_without_a_file_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {}\n")
    with pytest.raises(NoStack, match=r"no stack stagin: (.|\n)*There are: staging"):
        location_of(tmp_path, "stagin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n  aws:allowedAccountIds: [123456789012]\n", "in quotes, seen .123456789012"),
        ('config:\n  aws:allowedAccountIds: ["12345"]\n', "12 digits"),
        ("config:\n  aws:allowedAccountIds: []\n", "12 digits"),
        ("config:\n  aws:region: [eu-west-1]\n", "a region's name"),
        ("config: eu-west-1\n", "expected keys"),
        ("config: {\n", "is not YAML"),
    ],
)
def test_a_file_that_names_no_account_or_region_is_told_of_by_key(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(NoStack, match=said):
        location_of(tmp_path, "dev")
