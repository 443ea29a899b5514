import yaml
from hypothesis import given
from hypothesis import strategies as st

from release.cli.configuration import value_of, with_release

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
