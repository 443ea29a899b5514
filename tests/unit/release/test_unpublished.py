"""A bundle that is in no bucket yet can be previewed, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from release.errors import ManifestUnreadable, VersionTaken, VersionUnknown
from release.model import Manifest
from release.store import BundleStore, open_store
from release.unpublished import VARIABLE, As, opening
from tests.unit.release.releases import manifest

HERE = Path("2.tar.gz")


class Bucket:
    """One that holds these versions."""

    def __init__(self, *published: Manifest) -> None:
        self.published = {each.version: each for each in published}

    def manifest(self, version: str) -> Manifest:
        if version not in self.published:
            raise VersionUnknown("not here")
        return self.published[version]

    def versions(self) -> tuple[str, ...]:
        return tuple(self.published)


def bucket(*published: Manifest) -> BundleStore:
    return cast("BundleStore", Bucket(*published))


def test_it_is_known_as_if_it_were_published_beside_those_that_are() -> None:
    store = As(bucket(manifest("1")), manifest("2"), HERE)
    assert store.manifest("2") == manifest("2")
    assert store.manifest("1") == manifest("1")
    assert store.versions() == ("2", "1")
    with pytest.raises(VersionUnknown):
        store.manifest("3")


def test_a_version_that_names_other_bytes_already_is_refused_as_it_will_be_when_it_is_published() -> None:
    with pytest.raises(VersionTaken, match="never changes"):
        As(bucket(manifest("2", port=9000)), manifest("2"), HERE).manifest("2")


def test_a_version_that_is_published_with_the_same_bytes_is_that_one() -> None:
    assert As(bucket(manifest("2")), manifest("2"), HERE).manifest("2") == manifest("2")


def test_an_update_knows_nothing_of_it_whatever_the_variable_says(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(manifest("2").model_dump_json())
    assert opening({VARIABLE: str(path)}, preview=False) is open_store
    assert opening({}, preview=True) is open_store


@pytest.mark.parametrize("text", [None, "", "{}", "not json"])
def test_a_manifest_that_cannot_be_read_is_refused_by_name(tmp_path: Path, text: Any) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ManifestUnreadable, match=VARIABLE):
        opening({VARIABLE: str(path)}, preview=True)
