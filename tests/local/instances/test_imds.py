"""An instance's role, and what else its metadata service knows, as AWS's own SDK asks for it."""

from __future__ import annotations

import urllib.error
import urllib.request

import botocore.session
import pytest

from localcloud.instances.rolekeys import Keys, RoleKeys
from localcloud.parts import InstanceSpec, Role
from tests.local.instances.trial import Cloud

ARN = "arn:aws:iam::123456789012:instance-profile/web-profile"
ROLE = Role("web-role", ARN, "AIPA1", "ASIAROLE", "the-secret", "the-token")
VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


def endpoint(cloud: Cloud, spec: InstanceSpec) -> str:
    return cloud.instances._environment(cloud.instances._instances[spec.instance_id], ROOT)[VARIABLE]


class _NoRoot:
    def inside(self, path: str) -> str:
        return path


ROOT = _NoRoot()  # type: ignore[var-annotated]


def asked(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(
        url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def token(base: str) -> str:
    status, text = asked(f"{base}latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert status == 200
    return text


def known(base: str, path: str) -> tuple[int, str]:
    return asked(f"{base}latest/{path}", X_aws_ec2_metadata_token=token(base))


def test_the_sdk_finds_the_roles_keys_by_its_own_variable_alone(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    spec = cloud.booted(b"", role=ROLE)
    monkeypatch.setenv(VARIABLE, endpoint(cloud, spec))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    found = botocore.session.Session().get_credentials()
    assert found.method == "iam-role"
    assert (found.access_key, found.secret_key, found.token) == ("ASIAROLE", "the-secret", "the-token")
    assert RoleKeys({VARIABLE: endpoint(cloud, spec)}).current() == Keys(
        "ASIAROLE", "the-secret", "the-token"
    )


def test_an_instance_without_a_profile_has_no_keys(cloud: Cloud):
    spec = cloud.booted(b"")
    base = endpoint(cloud, spec)
    assert known(base, "meta-data/iam/security-credentials/") == (404, "")
    assert known(base, "meta-data/iam/info") == (404, "")
    assert RoleKeys({VARIABLE: base}).current() is None


def test_it_knows_the_instance_and_no_tags_unless_they_were_asked_for(cloud: Cloud):
    spec = cloud.booted(b"", role=ROLE, public=True, tags={"Name": "web"})
    base = endpoint(cloud, spec)
    for path, expected in {
        "instance-id": spec.instance_id,
        "local-ipv4": spec.address,
        "public-ipv4": spec.address,
        "placement/availability-zone": "eu-west-1a",
        "iam/security-credentials/": "web-role",
    }.items():
        assert known(base, f"meta-data/{path}") == (200, expected)
    assert ARN in known(base, "meta-data/iam/info")[1]
    assert known(base, "meta-data/tags/instance/Name") == (404, "")
    assert known(base, "meta-data/iam/security-credentials/other") == (404, "")


def test_tags_are_those_of_the_moment(cloud: Cloud):
    base = endpoint(cloud, cloud.booted(b""))
    tags = {"Name": "worker"}
    cloud.instances.tell_tags(lambda _instance: tags)
    assert known(base, "meta-data/tags/instance/uneventful:turn") == (404, "")
    tags["uneventful:turn"] = "working"
    assert known(base, "meta-data/tags/instance/uneventful:turn") == (200, "working")
    assert known(base, "meta-data/tags/instance") == (200, "Name\nuneventful:turn")


def test_without_a_token_of_this_very_instance_nothing_is_told(cloud: Cloud):
    one, other = (endpoint(cloud, cloud.booted(b"", role=ROLE)) for _ in range(2))
    path = "latest/meta-data/iam/security-credentials/web-role"
    assert asked(f"{one}{path}") == (401, "")
    assert asked(f"{one}{path}", X_aws_ec2_metadata_token=token(other)) == (401, "")
    assert asked(f"{one}{path}", X_aws_ec2_metadata_token=token(one))[0] == 200
    assert asked(f"{one}latest/api/token", "PUT", X_aws_ec2_metadata_token_ttl_seconds="21601") == (400, "")
    through = {"X_aws_ec2_metadata_token_ttl_seconds": "60", "X_Forwarded_For": "10.0.0.1"}
    assert asked(f"{one}latest/api/token", "PUT", **through) == (403, "")
