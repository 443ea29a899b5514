from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.engine.aws import binary, cache, tokens
from localcloud.engine.aws.catalog import Catalog
from localcloud.engine.aws.child import Child
from localcloud.engine.aws.convert import TIMEOUTS
from localcloud.engine.aws.names import (
    Departure,
    camel,
    departures,
    plural,
    pulumi_name,
    tokens_with_departures,
)
from localcloud.engine.aws.terraform import Terraform
from localcloud.engine.aws.types import Structure, innermost, is_sequence, walk
from tests.local.engine.aws import sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")

# What the Terraform provider still has and the SDK has dropped.
DROPPED = {
    "ec2/eip:Eip": {"vpc"},
    "ec2/instance:Instance": {"cpu_core_count", "cpu_threads_per_core"},
    "ec2/launchTemplate:LaunchTemplate": {"elastic_gpu_specifications", "elastic_inference_accelerator"},
    "provider": {
        f"endpoints.{service}"
        for service in [
            "iotanalytics",
            "iotevents",
            "lookoutmetrics",
            "opsworks",
            "sdb",
            "simpledb",
            "worklink",
        ]
    },
}


@pytest.fixture(scope="module")
def catalog(
    provider: binary.TerraformProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    child = Child.start(provider)
    folder = tmp_path_factory.mktemp("schemas")
    yield Catalog(cache.load(folder, provider.path, Terraform(child).schemas), provider.label)
    child.close()


def compare(
    structure: Structure, members: dict[str, sdk.Property], dropped: set[str], path: str = ""
) -> Iterator[str]:
    """A line for each field that the SDK calls or nests otherwise."""
    for field in structure.fields:
        here = f"{path}{field.terraform}"
        if field.terraform == TIMEOUTS or here == "id" or here in dropped:
            continue
        known = members.get(field.pulumi)
        if known is None:
            yield f"{here}: the SDK has no {field.pulumi}"
            continue
        if is_sequence(field.type) and known.many == field.flat:
            yield f"{here}: {'a list' if known.many else 'one object'} in the SDK"
        inside = innermost(field.type)
        if isinstance(inside, Structure):
            if known.members is None:
                yield f"{here}: not an object in the SDK"
            else:
                yield from compare(inside, known.members, dropped, f"{here}.")


@pytest.mark.parametrize("token", tokens.RESOURCES)
def test_every_property_of_a_type_is_named_and_nested_as_in_the_sdk(token: str, catalog: Catalog) -> None:
    kind = catalog.resource(f"aws:{token}")
    assert [*compare(kind.structure, sdk.resource(token), DROPPED.get(token, set()))] == []


@pytest.mark.parametrize("token", tokens.FUNCTIONS)
def test_every_property_of_a_function_is_named_and_nested_as_in_the_sdk(token: str, catalog: Catalog) -> None:
    kind = catalog.function(f"aws:{token}")
    assert [*compare(kind.structure, sdk.function(token), set())] == []


def test_every_setting_of_the_provider_is_named_and_nested_as_in_the_sdk(catalog: Catalog) -> None:
    assert [*compare(catalog.provider, sdk.provider(), DROPPED["provider"])] == []


def test_a_renamed_property_would_be_noticed(catalog: Catalog) -> None:
    kind = catalog.resource("aws:lb/listener:Listener")
    members = sdk.resource("lb/listener:Listener")
    members["defaultActionsRenamed"] = members.pop("defaultActions")
    assert [*compare(kind.structure, members, set())] == ["default_action: the SDK has no defaultActions"]


def test_every_departure_from_the_rule_still_names_a_field(catalog: Catalog) -> None:
    """A departure whose path is not in the schema any more does nothing, and hides the next mistake."""
    known = {*tokens.RESOURCES, *tokens.FUNCTIONS, tokens.PROVIDER}
    assert set(tokens_with_departures()) <= known
    for token in tokens_with_departures():
        tree = catalog.provider if token == tokens.PROVIDER else catalog.resource(f"aws:{token}").structure
        paths = {".".join(path) for path, _ in walk(tree)}
        assert set(departures(token)) <= paths


def test_words_get_their_plurals() -> None:
    words = {"subnet": "subnets", "policy": "policies", "address": "addresses", "tags": "tags", "key": "keys"}
    assert {word: plural(word) for word in words} == words


def test_snake_case_becomes_camel_case() -> None:
    assert camel("vpc_zone_identifier") == "vpcZoneIdentifier"
    assert camel("ipv6_cidr_block") == "ipv6CidrBlock"


def test_a_plural_never_takes_the_name_of_another_field() -> None:
    siblings = frozenset({"rule", "rules"})
    assert pulumi_name("rule", siblings, True, Departure()) == "rule"


def test_a_departure_never_takes_the_name_of_another_field() -> None:
    wanted = Departure(name="bucketRegion")
    assert pulumi_name("region", frozenset({"region"}), False, wanted) == "bucketRegion"
    assert pulumi_name("region", frozenset({"region", "bucket_region"}), False, wanted) == "region"


def test_departures_belong_to_one_token() -> None:
    assert departures("s3/bucket:Bucket")["region"] == Departure(name="bucketRegion")
    assert departures("no/such:Type") == {}
