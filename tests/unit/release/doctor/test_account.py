from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws

from infra.settings import Settings, Web
from release.doctor import account, entrance, quotas, recipients, rights
from release.doctor.finding import NotLooked
from release.doctor.quotas import Room

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FILE = "Pulumi.dev.yaml"


def clients(**services: Any) -> account.Clients:
    return lambda name: services[name.replace("-", "_")]


def refusing(code: str, **headers: str) -> Any:
    def get_caller_identity() -> Any:
        metadata = {"HTTPHeaders": headers}
        raise ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}, "Get")  # type: ignore[typeddict-item]

    return SimpleNamespace(get_caller_identity=get_caller_identity)


def test_expired_credentials_are_bad_and_their_refusal_still_tells_the_time() -> None:
    sts = refusing("ExpiredToken", date="Wed, 04 Mar 2026 11:50:00 GMT")

    seen = account.look(clients(sts=sts), lambda: NOW)

    assert account.credentials(seen, ["111111111111"], FILE).level == "bad"
    assert seen.skew == 600


def test_no_credentials_are_bad_and_a_silent_aws_is_an_error() -> None:
    def nobody() -> Any:
        raise NoCredentialsError

    seen = account.look(clients(sts=SimpleNamespace(get_caller_identity=nobody)))
    assert account.credentials(seen, ["111111111111"], FILE).level == "bad"
    with pytest.raises(ClientError):
        account.look(clients(sts=refusing("InternalFailure")))


def test_credentials_of_another_account_are_bad() -> None:
    seen = account.Identity("999999999999", "arn:aws:iam::999999999999:user/anna", 0.0)

    assert account.credentials(seen, ["111111111111"], FILE).level == "bad"
    assert account.credentials(seen, ["999999999999"], FILE).level == "ok"


def test_a_made_up_account_is_told_unless_it_is_the_one_that_answers() -> None:
    assert account.made_up(["123456789012"], FILE, "999999999999") is not None
    assert account.made_up(["123456789012"], FILE, "123456789012") is None
    assert account.made_up(["999999999999"], FILE, "") is None


def test_a_region_must_be_enabled_and_have_the_zones() -> None:
    there = account.Region("eu-west-1", "opt-in-not-required", ("a", "b"))

    assert account.region(there, 2).level == "ok"
    assert account.region(there, 3).level == "bad"
    assert account.region(account.Region("me-south-1", "not-opted-in", ("a", "b")), 2).level == "bad"


@pytest.mark.parametrize(
    ("room", "level"),
    [
        (Room(32, 0, 14, 26), "ok"),
        (Room(32, 8, 14, 26), "warn"),
        (Room(32, 19, 14, 26), "bad"),
        (Room(None, 0, 14, 26), "not looked"),
        (Room(26, 0, 14, 26), "ok"),
    ],
)
def test_vcpus_must_do_for_two_fleets_at_once(room: Room, level: str) -> None:
    assert quotas.vcpus(room).level == level


def test_a_balancer_that_is_nearly_full_is_bad_and_an_untold_limit_is_not_looked_at() -> None:
    limits = {"target-groups-per-application-load-balancer": 100, "rules-per-application-load-balancer": 100}

    assert [each.level for each in quotas.balancer(3, 4, limits)] == ["ok", "ok"]
    assert [each.level for each in quotas.balancer(99, 98, limits)] == ["bad", "ok"]
    assert [each.level for each in quotas.balancer(3, 4, {})] == ["not looked", "not looked"]


@mock_aws
def test_vcpus_count_what_others_run_and_not_the_environments_own() -> None:
    ec2 = boto3.client("ec2", "eu-west-1")
    tags = [{"Key": "uneventful:environment", "Value": "dev"}]
    own: Any = {"TagSpecifications": [{"ResourceType": "instance", "Tags": tags}]}
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=3, MaxCount=3, **own)
    ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    ec2.run_instances(ImageId=image, InstanceType="p3.2xlarge", MinCount=1, MaxCount=1)
    settings = Settings(
        stack="dev",
        region="eu-west-1",
        account_ids=("111111111111",),
        web=Web(instance="t3.micro", min=2, max=4),
    )

    room = quotas.look_at_vcpus(lambda name: boto3.client(name, "eu-west-1"), settings, "shop")  # type: ignore[call-overload]

    assert (room.least, room.most) == (2 + 2 * 2 * 2, 2 + 2 * 2 * 4)
    assert 0 < room.others <= 2


def decisions(**other: str) -> dict[str, str]:
    named = {name.replace("_", ":"): decision for name, decision in other.items()}
    return {**dict.fromkeys((*rights.RELEASING, *rights.MAKING), "allowed"), **named}


def test_a_forbidden_right_is_bad_and_one_that_policies_may_give_elsewhere_is_a_doubt() -> None:
    assert [each.level for each in rights.rights(decisions())] == ["ok", "ok"]
    forbidden = rights.rights(decisions(elasticloadbalancing_ModifyRule="explicitDeny"))
    assert [each.level for each in forbidden] == ["bad", "ok"]
    assert [each.level for each in rights.rights(decisions(rds_CreateDBInstance="implicitDeny"))] == [
        "ok",
        "warn",
    ]
    assert [each.level for each in rights.rights({})] == ["warn", "warn"]


def test_a_session_is_asked_about_by_its_role() -> None:
    asked: list[Any] = []

    class Iam:
        def get_role(self, RoleName: str) -> Any:  # noqa: N803
            return {"Role": {"Arn": f"arn:aws:iam::1:role/path/{RoleName}"}}

        def get_paginator(self, _: str) -> Any:
            return SimpleNamespace(paginate=self.paginate)

        def paginate(self, **arguments: Any) -> Any:
            asked.append(arguments)
            return [{"EvaluationResults": [{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed"}]}]

    seen = rights.look(clients(iam=Iam()), "arn:aws:sts::1:assumed-role/deployer/anna")

    assert seen == {"s3:GetObject": "allowed"}
    assert asked[0]["PolicySourceArn"] == "arn:aws:iam::1:role/path/deployer"


@mock_aws
def test_where_iam_does_not_simulate_nothing_is_said_of_rights() -> None:
    iam = boto3.client("iam", "eu-west-1")
    with pytest.raises(NotLooked, match="does not simulate"):
        rights.look(clients(iam=iam), "arn:aws:sts::111111111111:assumed-role/nobody/anna")
    assert set(rights.look(clients(), "arn:aws:iam::1:root").values()) == {"allowed"}


def certificate(days: float = 200, status: str = "ISSUED", *names: str) -> entrance.Certificate:
    return entrance.Certificate(status, NOW + timedelta(days=days), names or ("www.example.com",))


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (certificate(), "ok"),
        (certificate(200, "ISSUED", "*.example.com"), "ok"),
        (certificate(200, "ISSUED", "example.com"), "bad"),
        (certificate(200, "ISSUED", "*.www.example.com"), "bad"),
        (certificate(29), "warn"),
        (certificate(-1), "bad"),
        (certificate(200, "PENDING_VALIDATION"), "bad"),
        (entrance.Certificate("ISSUED", None, ()), "bad"),
    ],
)
def test_a_certificate_is_issued_for_the_domain_and_not_about_to_end(
    seen: entrance.Certificate, level: str
) -> None:
    assert entrance.certificate(seen, "www.example.com", NOW).level == level


def test_a_domain_that_leads_elsewhere_is_a_doubt() -> None:
    name, balancer = "www.example.com", "balancer.elb.amazonaws.com"

    assert entrance.domain(name, ["192.0.2.1"], balancer, ["192.0.2.1", "192.0.2.2"]).level == "ok"
    assert entrance.domain(name, ["198.51.100.1"], balancer, ["192.0.2.1"]).level == "warn"
    assert entrance.domain(name, [], balancer, ["192.0.2.1"]).level == "warn"


@mock_aws
def test_a_recipient_who_never_confirmed_hears_of_no_alarm() -> None:
    sns = boto3.client("sns", "eu-west-1")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")

    seen = recipients.look(clients(sns=sns), topic)

    assert list(seen) == ["a@example.com"]
    assert (
        recipients.recipients(seen, ["a@example.com", "b@example.com"], "dev").next == "pulumi up --stack dev"
    )
    assert recipients.recipients({"a@example.com": False}, ["a@example.com"], "dev").level == "bad"
    both = {"a@example.com": False, "b@example.com": True}
    assert recipients.recipients(both, list(both), "dev").level == "warn"
    assert recipients.recipients({}, [], "dev").level == "warn"
    assert recipients.recipients({"a@example.com": True}, ["a@example.com"], "dev").level == "ok"
