"""What an environment is made of, in each of the three stacks."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.program.recording import REGION, STACKS, Recorded, Recording, World, run

CERTIFICATE = {
    "uneventful:balancer": {
        "certificate": f"arn:aws:acm:{REGION}:111122223333:certificate/0123abcd-01ab-4567-89ab-0123456789ab",
        "domain": "www.example.com",
        "port": None,
    }
}


def test_what_aws_names_by_itself_is_left_to_it_and_other_names_begin_with_the_environments(
    environment: Recording, stack: str
) -> None:
    given: dict[tuple[str, str], set[str]] = {}
    for resource in environment.resources:
        if resource.type.startswith("aws:") and not resource.type.startswith("aws:s3/bucket"):
            names = {
                resource.inputs[key]
                for key in ("name", "namePrefix", "identifier", "groupName", "dashboardName")
                if key in resource.inputs
            }
            given |= {resource.key: names} if names else {}
    assert given == {
        ("aws:cloudwatch/logGroup:LogGroup", "operations"): {f"/uneventful/{stack}/operations-"},
        ("aws:cloudwatch/dashboard:Dashboard", "dashboard"): {f"uneventful-{stack}"},
    }
    assert all("bucket" not in bucket.inputs for bucket in environment.of("s3/bucket:Bucket"))


def test_everything_is_labelled_with_its_environment_and_bound_to_its_accounts(
    recorded: Recorded,
) -> None:
    for stack in STACKS:
        inputs = recorded[stack].one("pulumi:providers:aws").inputs
        assert inputs["region"] == REGION
        assert len(json.loads(inputs["allowedAccountIds"])) == 1
        tags = json.loads(inputs["defaultTags"])["tags"]
        assert tags["uneventful:environment"] == stack
        assert tags["uneventful:project"] == "uneventful"


def test_every_resource_goes_to_the_provider_that_guards_the_account(environment: Recording) -> None:
    aws = [resource for resource in environment.resources if resource.type.startswith("aws:")]
    assert {resource.provider for resource in aws} == {"aws"}


def test_each_zone_has_a_public_and_a_private_subnet(environment: Recording) -> None:
    subnets = environment.of("ec2/subnet:Subnet")
    assert {subnet.name for subnet in subnets} == {"public-1", "public-2", "private-1", "private-2"}
    assert {subnet.inputs["availabilityZone"] for subnet in subnets} == {f"{REGION}a", f"{REGION}b"}
    blocks = [IPv4Network(subnet.inputs["cidrBlock"]) for subnet in subnets]
    assert not any(a.overlaps(b) for n, a in enumerate(blocks) for b in blocks[n + 1 :])


def test_three_zones_are_three_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    three = run(World("production", {"uneventful:network": {"zones": 3}}), monkeypatch)
    assert len(three.of("ec2/subnet:Subnet")) == 6
    assert len(three.of("ec2/natGateway:NatGateway")) == 3


@pytest.mark.parametrize(("nat", "gateways"), [("none", 0), ("one", 1), ("each", 2)])
def test_there_are_as_many_nat_gateways_as_the_setting_says(
    nat: str, gateways: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = run(World("dev", {"uneventful:network": {"nat": nat}}), monkeypatch)
    assert len(recording.of("ec2/natGateway:NatGateway")) == gateways
    private_ways_out = [r for r in recording.of("ec2/route:Route") if "natGatewayId" in r.inputs]
    assert len(private_ways_out) == (2 if gateways else 0)
    public = {r.name: r.inputs["mapPublicIpOnLaunch"] for r in recording.of("ec2/subnet:Subnet")}
    assert public == {
        "public-1": nat == "none",
        "public-2": nat == "none",
        "private-1": False,
        "private-2": False,
    }


def test_s3_is_reached_from_every_subnet_without_a_way_out(environment: Recording) -> None:
    endpoint = environment.one("ec2/vpcEndpoint:VpcEndpoint").inputs
    assert endpoint["serviceName"] == f"com.amazonaws.{REGION}.s3"
    assert len(endpoint["routeTableIds"]) == len(environment.of("ec2/routeTable:RouteTable")) == 3


def test_instances_are_reached_by_the_balancer_alone(environment: Recording) -> None:
    groups = {g.name: f"{g.name}-id" for g in environment.of("ec2/securityGroup:SecurityGroup")}
    into = [r.inputs for r in environment.of("SecurityGroupIngressRule")]
    reached = [rule for rule in into if rule["securityGroupId"] == groups["instances"]]
    assert [rule["referencedSecurityGroupId"] for rule in reached] == [groups["balancer"]]
    assert "cidrIpv4" not in reached[0]
    assert (reached[0]["fromPort"], reached[0]["toPort"]) == (1024, 65535)
    # Rules within the groups themselves would not be seen above.
    for group in environment.of("ec2/securityGroup:SecurityGroup"):
        assert not {"ingress", "egress"} & set(group.inputs)


def test_the_balancer_reaches_nothing_but_instances(environment: Recording) -> None:
    out = [r.inputs for r in environment.of("SecurityGroupEgressRule")]
    ways = [rule for rule in out if rule["securityGroupId"] == "balancer-id"]
    assert [rule["referencedSecurityGroupId"] for rule in ways] == ["instances-id"]


def test_only_those_whom_the_settings_allow_reach_the_balancer(monkeypatch: pytest.MonkeyPatch) -> None:
    offices = {"uneventful:balancer": {"allow": ["192.0.2.0/24", "198.51.100.0/24"]}}
    recording = run(World("dev", offices), monkeypatch)
    into = [r.inputs for r in recording.of("SecurityGroupIngressRule")]
    doors = [rule for rule in into if rule["securityGroupId"] == "balancer-id"]
    assert {rule["cidrIpv4"] for rule in doors} == {"192.0.2.0/24", "198.51.100.0/24"}
    assert {(rule["fromPort"], rule["toPort"]) for rule in doors} == {(8080, 8080)}


def test_without_a_release_the_listener_says_so_with_503(environment: Recording) -> None:
    action = environment.one("lb/listener:Listener").inputs["defaultActions"][0]
    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "503"
    assert "no release" in action["fixedResponse"]["messageBody"]


def test_the_balancer_drops_what_is_not_http_and_keeps_itself_in_production(recorded: Recorded) -> None:
    for stack, kept in (("dev", False), ("staging", True), ("production", True)):
        inputs = recorded[stack].one("lb/loadBalancer:LoadBalancer").inputs
        assert inputs["dropInvalidHeaderFields"] is True
        assert inputs["enableDeletionProtection"] is kept


def test_with_a_certificate_the_listener_speaks_tls_and_port_80_redirects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World("dev", CERTIFICATE), monkeypatch)
    listener = recording.one("lb/listener:Listener", "listener").inputs
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert "TLS13-1-2" in listener["sslPolicy"]
    redirect = recording.one("lb/listener:Listener", "redirect").inputs
    assert redirect["port"] == 80
    assert redirect["defaultActions"][0]["redirect"] == {
        "protocol": "HTTPS",
        "port": "443",
        "statusCode": "HTTP_301",
    }
    assert recording.outputs["url"] == "https://www.example.com"
    into = [r.inputs for r in recording.of("SecurityGroupIngressRule")]
    assert {r["fromPort"] for r in into if r["securityGroupId"] == "balancer-id"} == {80, 443}


@pytest.mark.parametrize("bucket", ["bundles", "logs"])
def test_a_bucket_is_private_encrypted_and_owned_by_one_account(environment: Recording, bucket: str) -> None:
    block = environment.one("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket).inputs
    assert all(
        block[switch] is True
        for switch in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    )
    ownership = environment.one("bucketOwnershipControls:BucketOwnershipControls", bucket).inputs["rule"]
    assert ownership == {"objectOwnership": "BucketOwnerEnforced"}
    encryption = environment.one("BucketServerSideEncryptionConfiguration", bucket).inputs["rules"][0]
    assert encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"


def test_bundles_are_versioned(environment: Recording) -> None:
    versioning = environment.one("bucketVersioning:BucketVersioning", "bundles").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


@pytest.mark.parametrize("bucket", ["bundles", "logs"])
def test_a_bucket_refuses_whatever_does_not_come_over_tls(environment: Recording, bucket: str) -> None:
    statements = statements_of(environment.one("s3/bucketPolicy:BucketPolicy", bucket).inputs["policy"])
    assert [s["Effect"] for s in statements] == ["Deny", *(["Allow"] if bucket == "logs" else [])]
    assert statements[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert all(resource.startswith("arn:aws:s3:::") for resource in statements[0]["Resource"])


@pytest.mark.parametrize("bucket", ["bundles", "logs"])
def test_only_dev_lets_its_objects_be_destroyed(recorded: Recorded, bucket: str) -> None:
    assert {
        stack: recorded[stack].one("s3/bucket:Bucket", bucket).inputs["forceDestroy"] for stack in STACKS
    } == {
        "dev": True,
        "staging": False,
        "production": False,
    }


def test_credentials_of_another_account_touch_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World("production", account="999999999999"), monkeypatch)
    assert recording.resources == []
    assert recording.exit_status == 32
    assert "expected: account 444455556666" in recording.errors
    assert "seen:     account 999999999999" in recording.errors


def test_a_bad_setting_touches_nothing_and_shows_no_stack_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World("dev", {"uneventful:network": {"zones": 7}}), monkeypatch)
    assert recording.resources == []
    assert recording.exit_status == 32
    assert "uneventful:network.zones" in recording.errors
    assert "Traceback" not in recording.errors


def statements_of(policy: str) -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return statements
