from __future__ import annotations

from localcloud.engine.aws.configuration import changed, failures, own_region, provider_config
from tests.local.engine.aws.typed import BOOL, NUMBER, STRING, block, field, map_of, set_of, tree

PROVIDER = tree(
    field("region"),
    field("max_retries", NUMBER),
    field("skip_region_validation", BOOL),
    field("skip_metadata_api_check"),
    field("allowed_account_ids", set_of(STRING)),
    block("default_tags", field("tags", map_of(STRING)), one=True),
)


def test_anything_but_text_arrives_as_json() -> None:
    arguments = {
        "region": "eu-west-1",
        "maxRetries": "3",
        "skipRegionValidation": "true",
        "skipMetadataApiCheck": True,
        "allowedAccountIds": '["123456789012"]',
        "defaultTags": '{"tags": {"a": "b"}}',
    }
    assert provider_config(PROVIDER, arguments) == {
        "region": "eu-west-1",
        "max_retries": 3,
        "skip_region_validation": True,
        "skip_metadata_api_check": "true",
        "allowed_account_ids": ["123456789012"],
        "default_tags": [{"tags": {"a": "b"}}],
    }


def test_an_empty_text_is_not_set() -> None:
    assert provider_config(PROVIDER, {"region": ""})["region"] is None


def test_the_region_is_the_configured_one_or_that_of_the_environment() -> None:
    environ = {"AWS_DEFAULT_REGION": "eu-west-3"}
    assert own_region({"region": "eu-west-1"}, environ) == "eu-west-1"
    assert own_region({}, environ) == "eu-west-3"
    assert own_region({}, environ | {"AWS_REGION": "eu-west-2"}) == "eu-west-2"
    assert own_region({}, {}) == ""


def test_an_argument_that_the_provider_lacks_is_refused_by_name() -> None:
    wrong = failures(
        PROVIDER, {"region": "x", "userAgents": [], "version": "7", "__internal": {}}, "provider 5"
    )
    assert [failure.property for failure in wrong] == ["userAgents"]
    assert "provider 5" in wrong[0].reason


def test_only_real_changes_of_the_configuration_count() -> None:
    assert changed({"region": "a", "version": "1"}, {"region": "a", "version": "2"}) == []
    assert changed({"region": "a"}, {"region": "b", "maxRetries": "3"}) == ["maxRetries", "region"]
