"""Where the balancer leaves a line for each request."""

from __future__ import annotations

import json

import pytest

from tests.program.recording import BUCKET, Recorded, Recording, World, run


def test_the_balancer_alone_may_write_there_and_only_into_its_own_accounts_folder(
    environment: Recording,
) -> None:
    accounts = json.loads(environment.one("pulumi:providers:aws").inputs["allowedAccountIds"])
    policy = json.loads(environment.one("s3/bucketPolicy:BucketPolicy", "logs").inputs["policy"])
    (allowed,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert allowed["Action"] == "s3:PutObject"
    assert allowed["Resource"] == [f"arn:aws:s3:::{BUCKET}/AWSLogs/{account}/*" for account in accounts]


def test_the_balancer_is_told_to_write_once_it_may(environment: Recording) -> None:
    balancer = environment.one("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["accessLogs"] == {"bucket": BUCKET, "enabled": True}
    assert environment.one("s3/bucketPolicy:BucketPolicy", "logs").key in balancer.after


def test_lines_are_forgotten_after_the_logs_retention(recorded: Recorded) -> None:
    days = {
        stack: recorded[stack]
        .one("BucketLifecycleConfiguration", "logs")
        .inputs["rules"][0]["expiration"]["days"]
        for stack in recorded
    }
    assert days == {"dev": 7, "staging": 30, "production": 90}


def test_there_is_no_bucket_where_nobody_asks_for_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = run(World("dev", {"uneventful:balancer": {"access_logs": False}}), monkeypatch)
    assert [bucket.name for bucket in recording.of("s3/bucket:Bucket")] == ["bundles"]
    assert "accessLogs" not in recording.one("lb/loadBalancer:LoadBalancer").inputs
