"""What somebody changed behind the program's back, who could have, and the command that mends it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from release.cli.drift import of_resources
from release.cli.drifted import MARKER, Found, Report, as_markdown
from release.cli.refreshed import Changed
from release.ledger import Ledger, promote
from release.trail import Deed
from tests.unit.release.releases import release

ONE, TWO = release("1"), release("2")
QUEUE = "urn:pulumi:dev::shop::uneventful:infra:Queues$aws:sqs/queue:Queue::jobs"


@pytest.fixture
def live(world) -> Any:
    """A stack with one release before the one that serves, and nothing changed in AWS."""
    ledger = promote(promote(Ledger(), ONE, 1, "2026-01-01T00:00:00Z"), TWO, 1, "2026-02-01T00:00:00Z")
    world.begin(world.state(ledger))
    world.weigh(**{f"r{TWO.id}": 100})
    world.serving[:] = [TWO.id]
    (world.engine / "events").write_text("")
    # The stand-in for AWS has no CloudTrail: this one refuses whatever it is asked.
    world.environment["AWS_ENDPOINT_URL_CLOUDTRAIL"] = world.url
    return world


def change_the_queue(world) -> None:
    old = {"id": "https://sqs/jobs", "outputs": {"visibility": 60, "token": "s3cret"}}
    new = {"id": "https://sqs/jobs", "outputs": {"visibility": 5, "token": "other"}}
    metadata = {"op": "update", "urn": QUEUE, "old": old, "new": new}
    (world.engine / "events").write_text(json.dumps({"resOutputsEvent": {"metadata": metadata}}) + "\n")


def test_what_is_as_the_state_says_ends_with_0_and_a_page_that_a_workflow_finds(live) -> None:
    code, out, error = live.run("drift", "--stack", "dev", "--markdown")
    assert (code, error) == (0, "")
    assert out.splitlines()[0] == MARKER
    assert "dev is as its state says" in out


def test_a_change_by_hand_ends_with_3_and_names_who_could_have_and_the_command_but_no_value(live) -> None:
    change_the_queue(live)
    live.weigh(**{f"r{ONE.id}": 100})
    iam = live.client("iam")
    for name, action in (("anna", "sqs:*"), ("ben", "sqs:Get*")):
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    code, out, _ = live.run("drift", "--stack", "dev", "--json")
    assert code == 3
    assert "s3cret" not in out
    (told,) = json.loads(out)["environments"]
    assert [each["what"].partition(":")[0] for each in told["found"]] == ["aws", "weights"]
    assert told["found"][0]["what"] == "aws:sqs/queue:Queue jobs: token, visibility changed in AWS"
    assert told["could"] == {"elasticloadbalancing": [], "sqs": ["user anna"]}
    assert "CloudTrail could not be asked" in told["unasked"][0]

    code, out, _ = live.run("drift", "--stack", "dev", "--markdown")
    assert code == 3
    assert "$ pulumi up --refresh --stack dev" in out
    assert "user anna" in out


def test_an_environment_that_cannot_be_looked_at_ends_with_1_and_is_no_clean_bill(live) -> None:
    (live.engine / "events").unlink()
    code, out, error = live.run("drift", "--stack", "dev", "--markdown")
    assert code == 1
    assert out.startswith(MARKER)
    assert "dev could not be looked at" in out
    assert "as its state says" not in out
    assert error.startswith("error: the resources of dev could not be asked for")


def test_a_warm_release_that_has_shrunk_in_its_time_is_no_drift_and_everything_else_of_it_is() -> None:
    kind = "aws:autoscaling/group:Group"
    shrunk = [
        Changed("aws:autoscaling/schedule:Schedule", "shrink-web-0001", gone=True),
        Changed(kind, "web-0001", ("desiredCapacity", "maxSize", "minSize")),
    ]
    changed = [
        Changed(kind, "web-0001", ("maxSize", "tags")),
        Changed(kind, "web-0001", gone=True),
        Changed(kind, "web-0002", ("minSize",)),
        Changed("aws:autoscaling/schedule:Schedule", "shrink-web-0002", gone=True),
    ]
    assert of_resources([*shrunk, *changed], ["0001"]) == tuple(changed)
    assert of_resources(shrunk) == tuple(shrunk)


def test_a_name_that_somebody_chose_is_neither_a_mention_nor_markup_in_the_page() -> None:
    deed = Deed(at="2026-01-01T00:00:00Z", who="role/x`y", call="Set", agent="@team<b>")
    report = Report(
        stack="dev",
        found=(Found(what="a ` b", by=(deed,)), Found(what="d")),
        could={"sqs": ("role @everyone", "role [x](https://y)")},
        error="```\n@all",
    )
    page = as_markdown([report])
    assert "- ``a ` b``\n  - by ``role/x`y, Set, 2026-01-01T00:00:00Z, with @team<b>``\n- `d`\n" in page
    assert "@everyone" not in page
    assert "[x](" not in page
    assert "````text\n```\n@all\n````" in page
