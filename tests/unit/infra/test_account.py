"""No environment is touched with another's credentials."""

from __future__ import annotations

import pytest
from moto import mock_aws

from infra.account import Identity, check, whoami
from infra.configuration import parse
from infra.errors import AccountError

SETTINGS = parse(
    "dev", {"aws:region": "eu-west-1", "aws:allowedAccountIds": '["111122223333", "444455556666"]'}
)
AWS_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")


@pytest.mark.parametrize("account", ["111122223333", "444455556666"])
def test_an_account_that_the_stack_names_may_be_touched(account: str) -> None:
    check(SETTINGS, Identity(account, "eu-west-1"))


def test_another_account_is_refused_by_number() -> None:
    with pytest.raises(AccountError) as refused:
        check(SETTINGS, Identity("999999999999", "eu-west-1"))
    said = str(refused.value)
    assert "expected: account 111122223333 or 444455556666" in said
    assert "seen:     account 999999999999" in said


@pytest.mark.parametrize(("region", "shown"), [("us-east-1", "us-east-1"), ("", "no region")])
def test_another_region_is_refused_because_the_weights_would_be_looked_for_there(
    region: str, shown: str
) -> None:
    with pytest.raises(
        AccountError, match="export AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1"
    ) as refused:
        check(SETTINGS, Identity("111122223333", region))
    assert f"seen:     {shown} in" in str(refused.value)


def test_who_we_are_is_what_aws_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        assert whoami("eu-west-1") == Identity("123456789012", "eu-central-1")


def test_without_credentials_one_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("home")
    for name in AWS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(empty / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(empty / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccountError, match="Unable to locate credentials"):
        whoami("eu-west-1")


def test_an_aws_that_does_not_answer_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(AccountError, match="Could not connect"):
        whoami("eu-west-1")
