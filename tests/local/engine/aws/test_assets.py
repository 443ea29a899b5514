from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine.aws.assets import AssetStore
from localcloud.engine.aws.errors import NotCarriedError, OperationError
from localcloud.engine.aws.values import ARCHIVE, ASSET, SIGNATURE


def asset(**parts: Any) -> dict[str, Any]:
    return {SIGNATURE: ASSET, **parts}


def archive(**parts: Any) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, **parts}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> AssetStore:
    (tmp_path / "program/site").mkdir(parents=True)
    (tmp_path / "program/site/b.txt").write_text("b")
    (tmp_path / "program/site/a.txt").write_text("a")
    return AssetStore(tmp_path / "kept", tmp_path / "program")


def test_the_same_content_is_always_the_same_file(store: AssetStore) -> None:
    first = store.path(asset(text="hello", hash=digest("hello")))
    assert Path(first).read_text() == "hello"
    assert store.path(asset(text="hello")) == first
    assert store.path(asset(hash=digest("hello"))) == first, (
        "the engine sends the hash alone when it compares"
    )
    assert store.path(asset(text="other")) != first


def test_a_file_of_the_program_is_kept_by_its_content(store: AssetStore) -> None:
    kept = Path(store.path(asset(path="site/a.txt", hash=digest("a"))))
    assert kept.read_text() == "a"
    assert kept.name == digest("a")


def test_a_file_that_changed_since_the_engine_read_it_is_not_kept(store: AssetStore) -> None:
    with pytest.raises(OperationError, match="changed"):
        store.path(asset(path="site/a.txt", hash=digest("before")))


def test_a_missing_file_is_told_by_its_name(store: AssetStore) -> None:
    with pytest.raises(OperationError, match=r"no\.txt"):
        store.path(asset(path="no.txt"))


def test_a_folder_becomes_a_zip_that_depends_on_its_content_alone(store: AssetStore, tmp_path: Path) -> None:
    one = Path(store.path(archive(path="site", hash="1" * 64)))
    (tmp_path / "program/site/a.txt").touch()
    two = Path(store.path(archive(path="site", hash="2" * 64)))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as packed:
        assert packed.namelist() == ["a.txt", "b.txt"]


def test_a_table_of_assets_and_folders_becomes_a_zip(store: AssetStore) -> None:
    parts = {"x/y.txt": asset(text="hi"), "site": archive(path="site")}
    with zipfile.ZipFile(store.path(archive(assets=parts))) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            "site/a.txt": b"a",
            "site/b.txt": b"b",
            "x/y.txt": b"hi",
        }


def test_a_packed_archive_is_kept_as_it_is(store: AssetStore, tmp_path: Path) -> None:
    (tmp_path / "program/ready.tar.gz").write_bytes(b"packed")
    assert Path(store.path(archive(path="ready.tar.gz", hash="3" * 64))).read_bytes() == b"packed"


@pytest.mark.parametrize(
    "refused", [asset(uri="https://example.com/a"), archive(assets={"in": archive(path="ready.zip")})]
)
def test_what_cannot_be_carried_is_refused(refused: dict[str, Any], store: AssetStore) -> None:
    with pytest.raises(NotCarriedError, match="not carried"):
        store.path(refused)
