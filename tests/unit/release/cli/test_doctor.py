"""`release doctor --stack`, typed at a stack whose AWS is moto."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.release.cli.test_deploy import ledger_of, releases_of

FILE = """\
config:
  aws:region: eu-west-1
  aws:allowedAccountIds: ["{account}"]
  uneventful:alarms: {{recipients: ["anna@example.com"]}}
"""
MOTO = "123456789012"


def look(world: Any, account: str = MOTO) -> dict[str, dict[str, str]]:
    """What the doctor says, by check; the last where one has more."""
    (world.folder / "project" / "Pulumi.dev.yaml").write_text(FILE.format(account=account))
    _, out, error = world.run("doctor", "--stack", "dev", "--json")
    assert not error
    return {each["check"]: each for each in json.loads(out)["findings"]}


def test_each_thing_is_judged_by_itself_and_what_is_left_is_named_with_its_remedy(world: Any) -> None:
    one, two = releases_of(world, "1", "2")
    world.weigh(**{f"r{one.id}": 100})
    world.lease(released=False, at="2026-01-01T00:00:00Z")
    world.begin(world.state(ledger_of(one), two.id))

    found = look(world)

    assert found["credentials"]["level"] == "ok"
    assert found["region"]["level"] == "ok"
    assert found["clock"]["level"] == "ok"
    assert found["bundle"]["level"] == "ok"
    assert found["lock"]["level"] == "ok"
    assert found["candidate"]["level"] == "warn"
    assert two.id in found["candidate"]["seen"]
    assert found["listener rules"]["seen"].endswith("at the load balancer")
    # The stand-in for the engine cannot tell a secret output, nor moto what IAM would allow.
    assert found["operations host"]["level"] == "not looked"
    assert found["rights"]["level"] == "not looked"
    assert found["alarm recipients"]["level"] == "not looked"


def test_a_bundle_that_is_gone_a_dead_lock_and_a_wrong_account_are_bad(world: Any) -> None:
    one, _ = releases_of(world, "1", "2")
    world.begin(world.state(ledger_of(one)))
    world.client("s3").delete_object(Bucket="bundles-of-dev", Key=one.manifest.key)
    world.lock(2**22 + 1)
    (world.folder / ".pulumi" / "stacks").mkdir()

    found = look(world, "999999999999")

    assert found["credentials"]["level"] == "bad"
    assert MOTO in found["credentials"]["seen"]
    assert (found["lock"]["level"], found["lock"]["next"]) == ("bad", "release unlock --stack dev")
    assert found["bundle"]["level"] == "bad"
    assert found["backend"]["next"] == "pulumi stack init dev"


def test_before_there_is_an_environment_it_says_what_makes_one(world: Any) -> None:
    world.begin({"deployment": {"manifest": {}}})

    found = look(world)

    assert found["lease"]["next"] == found["bundles"]["next"] == "pulumi up --stack dev"
    assert found["credentials"]["level"] == "ok"
