from __future__ import annotations

from localcloud.engine.aws.checks import missing, not_carried, other_region, pulumi_path
from localcloud.engine.aws.convert import to_terraform
from localcloud.engine.aws.unknown import UNKNOWN
from tests.local.engine.aws.typed import STRING, block, field, list_of, map_of, tree

RESOURCE = tree(
    field("name", required=True),
    field("tags", map_of(STRING)),
    field("arn", list_of(STRING)),
    block("health", field("path", required=True), one=True),
    block("action", field("type", required=True), block("target", field("id", required=True))),
    field("timeouts", tree(field("create", required=True))),
)
PROVIDER = "terraform-provider-aws 5.100.0"


def test_properties_that_the_provider_lacks_are_refused_by_name_at_any_depth() -> None:
    inputs = {
        "name": "a",
        "transforms": [],
        "health": {"path": "/", "grade": 1},
        "actions": [{"type": "x"}, {"type": "y", "jwtValidation": {}}],
        "tags": {"any": "key"},
        "region": "eu-west-1",
        "__defaults": ["name"],
    }
    failures = [*not_carried(RESOURCE, inputs, "aws_lb", PROVIDER)]
    assert [failure.property for failure in failures] == [
        "transforms",
        "health.grade",
        "actions[1].jwtValidation",
    ]
    assert all(PROVIDER in failure.reason and "aws_lb" in failure.reason for failure in failures)
    assert all("UNEVENTFUL_TERRAFORM_AWS" in failure.reason for failure in failures)


def test_a_region_is_accepted_when_it_is_the_providers_own() -> None:
    assert not [*other_region(RESOURCE, {"region": "eu-west-1"}, "eu-west-1", PROVIDER)]
    assert not [*other_region(RESOURCE, {"region": UNKNOWN}, "eu-west-1", PROVIDER)]
    (failure,) = other_region(RESOURCE, {"region": "us-east-1"}, "eu-west-1", PROVIDER)
    assert "us-east-1" in failure.reason
    assert "eu-west-1" in failure.reason


def test_a_newer_provider_may_have_a_region_for_each_resource() -> None:
    newer = tree(field("region", computed=True))
    assert not [*other_region(newer, {"region": "us-east-1"}, "eu-west-1", PROVIDER)]


def test_required_properties_are_missed_at_any_depth() -> None:
    config = to_terraform(RESOURCE, {"health": {}, "actions": [{"type": "x", "targets": [{}]}]}, str)
    assert [failure.property for failure in missing(RESOURCE, config)] == [
        "name",
        "health.path",
        "actions.targets.id",
    ]
    known = to_terraform(RESOURCE, {"name": UNKNOWN, "health": {"path": "/"}, "actions": UNKNOWN}, str)
    assert not [*missing(RESOURCE, known)]


def test_the_providers_paths_are_told_in_pulumis_words() -> None:
    assert pulumi_path(RESOURCE, ("health", 0, "path")) == "health.path"
    assert pulumi_path(RESOURCE, ("action", 1, "target", 0, "id")) == "actions[1].targets[0].id"
    assert pulumi_path(RESOURCE, ("tags", "a")) == "tags.a"
    assert pulumi_path(RESOURCE, ("no_such",)) == ""
