from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine.aws import cache
from localcloud.engine.aws.catalog import Catalog
from localcloud.engine.aws.errors import NotCarriedError
from localcloud.engine.aws.tfprotocol import MESSAGES


def schemas() -> Any:
    answer = MESSAGES["Schemas"]()
    answer.provider.block.attributes.add(name="region", type=b'"string"', optional=True)
    for kind in ("aws_vpc", "aws_not_in_the_table"):
        entry = answer.resource_schemas.add(key=kind)
        entry.value.version = 1
        entry.value.block.attributes.add(name="cidr_block", type=b'"string"', optional=True, computed=True)
        nested = entry.value.block.block_types.add(type_name="rule", nesting=2, max_items=1)
        nested.block.attributes.add(name="port", type=b'["list","number"]', required=True)
    return answer


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    path = tmp_path / "terraform-provider-aws"
    path.write_text("one")
    return path


def never() -> Any:
    raise AssertionError("the provider was asked, although the cache has its answer")


def test_the_provider_is_asked_once(tmp_path: Path, executable: Path) -> None:
    asked = cache.load(tmp_path / "cache", executable, schemas)
    assert cache.load(tmp_path / "cache", executable, never) == asked
    assert set(asked.resources) == {"aws_vpc"}
    assert asked.resources["aws_vpc"].version == 1


def test_another_executable_is_asked_again(tmp_path: Path, executable: Path) -> None:
    cache.load(tmp_path / "cache", executable, schemas)
    os.utime(executable, ns=(1, 1))
    with pytest.raises(AssertionError, match="asked"):
        cache.load(tmp_path / "cache", executable, never)


def test_a_broken_entry_counts_as_none(tmp_path: Path, executable: Path) -> None:
    asked = cache.load(tmp_path / "cache", executable, schemas)
    (entry,) = (tmp_path / "cache").iterdir()
    for broken in ("", "{", "[]", '{"provider": 1}'):
        entry.write_text(broken)
        assert cache.load(tmp_path / "cache", executable, schemas) == asked


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, executable: Path) -> None:
    (tmp_path / "file").touch()
    assert cache.load(tmp_path / "file" / "cache", executable, schemas).resources


def test_the_typed_tree_has_pulumis_names(tmp_path: Path, executable: Path) -> None:
    catalog = Catalog(cache.load(tmp_path / "cache", executable, schemas), "terraform-provider-aws 5")
    tree = catalog.resource("aws:ec2/vpc:Vpc").structure
    assert set(tree.by_pulumi) == {"cidrBlock", "rule"}
    rule = tree.by_pulumi["rule"]
    assert rule.flat
    assert rule.block
    assert rule.type.element.fields[0].pulumi == "ports"  # type: ignore[union-attr]


def test_a_type_that_the_provider_lacks_is_named(tmp_path: Path, executable: Path) -> None:
    catalog = Catalog(cache.load(tmp_path / "cache", executable, schemas), "terraform-provider-aws 5")
    with pytest.raises(NotCarriedError, match="terraform-provider-aws 5 has no aws_subnet"):
        catalog.resource("aws:ec2/subnet:Subnet")
