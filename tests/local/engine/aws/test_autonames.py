from __future__ import annotations

import re

import pytest

from localcloud.engine.aws.autonames import Autonaming, autoname, has_fixed_name
from localcloud.engine.aws.unknown import UNKNOWN
from tests.local.engine.aws.typed import BOOL, field, tree

NAMED = tree(field("name", computed=True), field("name_prefix"), field("fifo_queue", BOOL))
BUCKET = tree(field("bucket", computed=True))
SEED = Autonaming("Web", b"seed")


def test_a_name_is_the_resources_own_and_seven_digits() -> None:
    inputs = autoname("aws_sqs_queue", NAMED, {}, {}, SEED)
    assert re.fullmatch(r"Web-[0-9a-f]{7}", inputs["name"])
    assert inputs["__defaults"] == ["name"]


def test_the_engines_seed_makes_the_same_name_in_preview_and_update() -> None:
    assert autoname("aws_sqs_queue", NAMED, {}, {}, SEED) == autoname("aws_sqs_queue", NAMED, {}, {}, SEED)
    other = autoname("aws_sqs_queue", NAMED, {}, {}, Autonaming("Web", b"other"))
    assert other != autoname("aws_sqs_queue", NAMED, {}, {}, SEED)


def test_an_automatic_name_is_kept() -> None:
    olds = {"name": "Web-1234567", "__defaults": ["name"]}
    assert autoname("aws_sqs_queue", NAMED, olds, {}, SEED)["name"] == "Web-1234567"


def test_a_name_that_was_given_and_is_left_out_now_becomes_automatic() -> None:
    olds = {"name": "given", "__defaults": []}
    assert autoname("aws_sqs_queue", NAMED, olds, {}, SEED)["name"].startswith("Web-")


@pytest.mark.parametrize("given", [{"name": "mine"}, {"namePrefix": "mine-"}, {"name": UNKNOWN}])
def test_a_given_name_or_prefix_is_left_alone(given: dict[str, object]) -> None:
    assert autoname("aws_sqs_queue", NAMED, {}, given, SEED) == given | {"__defaults": []}


@pytest.mark.parametrize(("kind", "longest"), [("aws_lb", 32), ("aws_iam_role", 64), ("aws_sqs_queue", 80)])
def test_a_long_name_is_cut_to_what_aws_takes(kind: str, longest: int) -> None:
    name = autoname(kind, NAMED, {}, {}, Autonaming("x" * 300, b"s"))["name"]
    assert len(name) == longest
    assert re.fullmatch(r"x+-[0-9a-f]{7}", name)


def test_names_are_as_their_service_wants_them() -> None:
    assert re.fullmatch(r"web-[0-9a-f]{7}", autoname("aws_s3_bucket", BUCKET, {}, {}, SEED)["bucket"])
    assert autoname("aws_kms_alias", NAMED, {}, {}, SEED)["name"].startswith("alias/Web-")
    fifo = autoname("aws_sqs_queue", NAMED, {}, {"fifoQueue": True}, Autonaming("q" * 99, b"s"))["name"]
    assert fifo.endswith(".fifo")
    assert len(fifo) == 80


def test_the_projects_own_naming_wins() -> None:
    proposed = Autonaming("web", b"s", proposed="acme-web")
    assert autoname("aws_sqs_queue", NAMED, {}, {}, proposed)["name"] == "acme-web"
    assert "name" not in autoname("aws_sqs_queue", NAMED, {}, {}, Autonaming("web", b"s", disabled=True))


def test_a_type_without_a_name_gets_none() -> None:
    assert autoname("aws_route", tree(field("gateway_id")), {}, {}, SEED) == {"__defaults": []}
    assert autoname("aws_x", tree(field("name", output=True)), {}, {}, SEED) == {"__defaults": []}


def test_only_an_unchanged_given_name_stands_in_the_way_of_its_replacement() -> None:
    fixed = {"name": "mine", "__defaults": []}
    automatic = {"name": "web-1", "__defaults": ["name"]}
    assert has_fixed_name("aws_sqs_queue", NAMED, fixed, fixed)
    assert not has_fixed_name("aws_sqs_queue", NAMED, {"name": "old"}, fixed)
    assert not has_fixed_name("aws_sqs_queue", NAMED, automatic, automatic)
