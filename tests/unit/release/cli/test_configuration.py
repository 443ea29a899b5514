import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from release.cli.configuration import value_of, with_release, with_secrets

FILE = """\
# A comment.
encryptionsalt: v1:abc=
config:
  aws:region: eu-west-1
  aws:allowedAccountIds: ["123456789012"]
  uneventful:web:
    min: 02
    flag: on
    health: { interval: 5 }
  uneventful:release: "1"
"""


def test_the_wish_replaces_the_one_in_the_file_and_everything_else_reads_as_before() -> None:
    changed = with_release(FILE, "2")
    before, after = (yaml.load(text, Loader=yaml.BaseLoader) for text in (FILE, changed))
    assert after["config"].pop("uneventful:release") == "2"
    assert before["config"].pop("uneventful:release") == "1"
    assert before == after
    assert yaml.safe_load(changed)["config"]["uneventful:release"] == "2"
    assert "on" in changed
    assert "02" in changed


def test_wanting_nothing_removes_the_wish_of_the_file() -> None:
    assert "uneventful:release" not in with_release(FILE, None)


def test_keys_of_one_update_are_in_it_alone_and_a_contract_is_in_no_other() -> None:
    once = with_release(FILE, None, {"uneventful:contract": "12345678", "uneventful:window": "0"})
    config = yaml.safe_load(once)["config"]
    assert (config["uneventful:contract"], config["uneventful:window"]) == ("12345678", "0")
    assert "uneventful:contract" not in with_release(once, "2")


def test_a_file_without_configuration_or_no_file_at_all_gets_one() -> None:
    for text in ("", "# nothing\n", "encryptionsalt: x\n", "config:\n", "config: {}\n"):
        assert yaml.safe_load(with_release(text, "2"))["config"] == {"uneventful:release": "2"}


@given(st.from_regex(r"\A(id:[0-9a-f]{8}|[A-Za-z0-9][A-Za-z0-9._+-]{0,12})\Z"))
def test_any_version_stays_text(version: str) -> None:
    assert yaml.safe_load(with_release(FILE, version))["config"]["uneventful:release"] == version


def test_a_plain_value_is_read_and_a_missing_one_is_none() -> None:
    assert value_of(FILE, "aws:region") == "eu-west-1"
    assert value_of(FILE, "uneventful:web") is None
    assert value_of("", "aws:region") is None


ID = "0123abcd-01ab-4567-89ab-0123456789ab"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "config:\n  a:b: 1 # one\n  uneventful:variables: {} # two\n  # three\n  c:d: 2\n",
            "config:\n  a:b: 1 # one\n  uneventful:variables: {} # two\n"
            f'  uneventful:secrets: "{ID}"\n  # three\n  c:d: 2\n',
        ),
        (
            "config:\n  uneventful:variables:\n    A: |\n      text\n      more\n\n  c:d: 2\n",
            "config:\n  uneventful:variables:\n    A: |\n      text\n      more\n\n"
            f'  uneventful:secrets: "{ID}"\n  c:d: 2\n',
        ),
        (
            "config:\n  uneventful:secrets: 'old' # why\n  c:d: 2\n",
            f'config:\n  uneventful:secrets: "{ID}" # why\n  c:d: 2\n',
        ),
        ("config:\n    a:b: 1", f'config:\n    a:b: 1\n    uneventful:secrets: "{ID}"\n'),
        (
            "config:\n  a:b: [1,\n    2] # two\n",
            f'config:\n  a:b: [1,\n    2] # two\n  uneventful:secrets: "{ID}"\n',
        ),
        ("encryptionsalt: v1\nconfig: {}\n", f'config:\n  uneventful:secrets: "{ID}"\nencryptionsalt: v1\n'),
        ("", f'config:\n  uneventful:secrets: "{ID}"\n'),
    ],
)
def test_the_version_of_the_secrets_is_named_and_every_other_letter_stays(before: str, after: str) -> None:
    assert with_secrets(before, ID) == after
    assert with_secrets(after.replace(ID, "x" * 36), ID) == after
