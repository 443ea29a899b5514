"""The operations host: who reaches it, what it proves itself by, and what it boots with."""

from __future__ import annotations

import json
from typing import Any

import asyncssh
import pytest
import yaml

from tests.program.recording import Recorded, Recording, World, run


def host(recording: Recording) -> Any:
    return recording.one("ec2/instance:Instance", "operations")


def booted(recording: Recording) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(host(recording).inputs["userData"])
    return config


def file(recording: Recording, path: str) -> str:
    return next(str(f["content"]) for f in booted(recording)["write_files"] if f["path"] == path)


def stashed(recording: Recording, name: str) -> str:
    return str(recording.one("pulumi:index:Stash", name).inputs["input"])


def public_half(private: str) -> str:
    return asyncssh.import_private_key(private).export_public_key().decode().strip()


def doors(recording: Recording) -> set[tuple[str, float, float]]:
    return {
        (rule["cidrIpv4"], rule["fromPort"], rule["toPort"])
        for rule in (r.inputs for r in recording.of("SecurityGroupIngressRule"))
        if rule["securityGroupId"] == "operations-id"
    }


def test_it_is_reached_from_nowhere_unless_the_settings_name_a_range(monkeypatch: pytest.MonkeyPatch) -> None:
    for allow, port in (([], 22), (["192.0.2.0/24", "198.51.100.7/32"], 2200)):
        told = {"uneventful:operations": {"allow": allow, "port": port}}
        assert doors(run(World("dev", told), monkeypatch)) == {(block, port, port) for block in allow}


def test_its_keys_are_made_once_kept_as_secrets_and_are_two(environment: Recording) -> None:
    for name in ("host-key", "user-key"):
        stash = environment.one("pulumi:index:Stash", name)
        assert stash.secret == {"input"}
        assert stash.ignored == ("input",)
        assert stash.inputs["input"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
        assert public_half(stash.inputs["input"]).startswith("ssh-ed25519 ")
    assert stashed(environment, "host-key") != stashed(environment, "user-key")


def test_it_fetches_its_own_key_from_a_secret_and_lets_in_the_users_alone(environment: Recording) -> None:
    version = environment.one("SecretVersion", "host-key")
    assert json.loads(version.inputs["secretString"]) == {"private": stashed(environment, "host-key")}
    assert "secretString" in version.secret
    assert version.key in host(environment).after
    (user,) = booted(environment)["users"]
    assert user["name"] == "ec2-user"
    assert user["ssh_authorized_keys"] == [public_half(stashed(environment, "user-key"))]


def test_what_it_boots_with_holds_no_secret(environment: Recording) -> None:
    text = host(environment).inputs["userData"]
    assert not host(environment).secret
    assert "PRIVATE KEY" not in text
    for stash in environment.of("pulumi:index:Stash"):
        assert not any(line in text for line in stash.inputs["input"].splitlines())
    assert len(text.encode()) < 16384


def test_it_answers_ssh_by_key_only_and_never_as_root(recorded: Recorded) -> None:
    lines = file(recorded["dev"], "/etc/ssh/sshd_config.d/uneventful.conf").splitlines()
    assert {
        "Port 2222",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin no",
        # The one that is pinned; a client that saw another first would turn away.
        "HostKey /etc/ssh/ssh_host_ed25519_key",
    } == set(lines)


def test_its_disk_is_encrypted_and_its_metadata_answers_to_sessions_alone(environment: Recording) -> None:
    inputs = host(environment).inputs
    assert inputs["rootBlockDevice"]["encrypted"] is True
    assert inputs["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    assert inputs["vpcSecurityGroupIds"] == ["operations-id"]
    assert inputs["iamInstanceProfile"] == "operations"


def test_it_is_replaced_when_its_boot_changes_and_not_when_a_newer_image_is_out(
    environment: Recording,
) -> None:
    assert host(environment).inputs["userDataReplaceOnChange"] is True
    assert set(host(environment).ignored) == {"ami"}


@pytest.mark.parametrize(("address", "subnet"), [("public", "public-1-id"), ("private", "private-1-id")])
def test_it_has_a_public_address_only_where_the_settings_say(
    address: str, subnet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = run(World("dev", {"uneventful:operations": {"address": address}}), monkeypatch)
    inputs = host(recording).inputs
    assert inputs["associatePublicIpAddress"] is (address == "public")
    assert inputs["subnetId"] == subnet


def test_it_boots_before_the_database_is_there(environment: Recording) -> None:
    """Or else the longest wait of an update would begin when another long one has ended."""
    profile = environment.one("InstanceProfile", "operations")
    waited = {environment.one(kind, name).key for kind, name in (("RolePolicy", "operations-boot"),)}
    assert waited <= profile.after
    every = {r.key: r.after for r in environment.resources}
    seen, left = set(), [host(environment).key]
    while left:
        key = left.pop()
        if key not in seen:
            seen.add(key)
            left.extend(every.get(key, ()))
    assert ("aws:rds/instance:Instance", "database") not in seen
    assert ("aws:elasticache/replicationGroup:ReplicationGroup", "cache") not in seen
