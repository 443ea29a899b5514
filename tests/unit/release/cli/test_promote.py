"""`release promote` between two stacks: dev, of the world that every command has here, and staging before it."""

import json

import pytest
import yaml

from release.ledger import Ledger, Terms, promote
from release.model import Release, freeze
from tests.unit.release.cli.test_deploy import ledger_of, releases_of

STAGING = "bundles-of-staging"


@pytest.fixture
def staging(world):
    """Staging with a bucket that holds version 2, which is live there; dev has version 1 live."""
    one, _ = releases_of(world, "1", "none")
    bundle = world.build("2", "content of 2")
    two = freeze(bundle.manifest, {"COLOUR": "of staging"})
    s3 = world.client("s3")
    s3.create_bucket(Bucket=STAGING, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=STAGING, Key=bundle.manifest.key, Body=bundle.path.read_bytes())
    bundle.path.write_bytes(b"what somebody has built here since")
    world.serving[:] = [one.id]
    world.weigh(**{f"r{one.id}": 100})
    return one, two


def begin(world, one: Release, two: Release, baked: int) -> Release:
    """What version 2 becomes in dev: the same bytes with dev's own variables."""
    live = promote(Ledger(), two, 1, "2026-11-20T10:00:00Z", Terms(baked=baked))
    state = world.state(live)
    state["deployment"]["resources"][1]["outputs"]["bucket"] = STAGING
    (world.engine / "state-staging.json").write_text(json.dumps(state))
    here = freeze(two.manifest, {})
    world.begin(
        world.state(ledger_of(one)), {"status": 0, "state": world.state(ledger_of(one, here), moment="now")}
    )
    return here


def test_the_same_bytes_go_live_with_the_evidence_and_nothing_is_built(world, staging) -> None:
    one, two = staging
    here = begin(world, one, two, baked=300)
    world.serving[:] = [here.id]
    world.weigh(**{f"r{here.id}": 100})
    status, out, error = world.run("promote", "2", "--from", "staging", "--to", "dev", "--yes")
    assert (status, error) == (0, "")
    assert f"digest {two.manifest.digest[:12]} verified" in out
    world.store.verify(two.manifest)
    asked = yaml.safe_load(world.ups[0]["configuration"])["config"]
    assert asked["uneventful:release"] == "2"
    assert asked["uneventful:evidence"].startswith(
        "live in staging since 2026-11-20T10:00:00Z, baked for 300 s and live now"
    )
    arguments = world.ups[0]["arguments"]
    assert arguments[arguments.index("--message") + 1] == "promote 2 from staging"
    assert arguments[arguments.index("--stack") + 1] == "dev"


def test_without_a_bake_nothing_is_copied_and_nothing_runs(world, staging) -> None:
    begin(world, *staging, baked=0)
    status, _, error = world.run("promote", "2", "--from", "staging", "--to", "dev", "--yes")
    assert (status, world.ups) == (1, [])
    assert "nobody watched it there" in error
    assert world.store.versions() == ("1",)


def test_bytes_that_are_not_those_that_were_live_are_not_copied(world, staging) -> None:
    _, two = staging
    begin(world, *staging, baked=300)
    world.client("s3").put_object(Bucket=STAGING, Key=two.manifest.key, Body=b"other bytes")
    status, _, error = world.run("promote", "2", "--from", "staging", "--to", "dev", "--yes")
    assert (status, world.ups) == (1, [])
    assert "is not what its digest says" in error
    assert world.store.versions() == ("1",)


def test_a_stack_is_not_promoted_to_itself(world) -> None:
    status, _, error = world.run("promote", "2", "--from", "dev", "--to", "dev")
    assert status == 1
    assert "release deploy 2 --stack dev" in error
