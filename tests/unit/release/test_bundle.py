import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from release.bundle import build, find
from release.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    application = tmp_path / "application"
    (application / "pages" / "empty").mkdir(parents=True)
    (application / "Procfile").write_text("web: ./serve\n")
    (application / "release.toml").write_text("port = 9000\n[health]\npath = '/up'\n")
    (application / "serve").write_text("#!/bin/sh\n")
    (application / "serve").chmod(0o700)
    (application / "pages" / "index.html").write_text("hello")
    (application / "pages" / "latest").symlink_to("index.html")
    return application


def members(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return {member.name: member for member in tar.getmembers()}


def test_the_same_content_gives_the_same_bytes_under_other_times_umask_order_and_rubbish(
    folder: Path, tmp_path: Path
) -> None:
    first = build(folder, "1", tmp_path / "first")
    before = os.umask(0o077)
    try:
        other = tmp_path / "elsewhere" / "copy"
        other.mkdir(parents=True)
        for entry in sorted(folder.rglob("*"), reverse=True):
            place = other / entry.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.is_symlink():
                place.symlink_to(entry.readlink())
            elif entry.is_dir():
                place.mkdir(exist_ok=True)
            else:
                place.write_bytes(entry.read_bytes())
                os.utime(place, (1, 1))
        (other / "serve").chmod(0o755)
        for rubbish in (".git/HEAD", "pages/__pycache__/a.pyc", "b.pyc", ".uneventful/x", ".env", ".venv/y"):
            place = other / rubbish
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(rubbish)
        second = build(other, "1", tmp_path / "second")
    finally:
        os.umask(before)
    assert second.path.read_bytes() == first.path.read_bytes()
    assert second.manifest == first.manifest


def test_any_other_content_name_or_executable_bit_gives_another_digest(folder: Path, tmp_path: Path) -> None:
    digests = {build(folder, "1", tmp_path / "out").manifest.digest}
    (folder / "pages" / "index.html").write_text("hellO")
    digests.add(build(folder, "1", tmp_path / "out").manifest.digest)
    (folder / "serve").chmod(0o600)
    digests.add(build(folder, "1", tmp_path / "out").manifest.digest)
    (folder / "pages" / "empty").rename(folder / "pages" / "void")
    digests.add(build(folder, "1", tmp_path / "out").manifest.digest)
    assert len(digests) == 4


def test_the_manifest_says_what_the_archive_is(folder: Path, tmp_path: Path) -> None:
    bundle = build(folder, "1.0", tmp_path / "out")
    content = bundle.path.read_bytes()
    manifest = bundle.manifest
    assert manifest.digest == hashlib.sha256(content).hexdigest()
    assert manifest.size == len(content)
    assert (manifest.port, manifest.health_path, manifest.drain_seconds) == (9000, "/up", 30)
    assert bundle.path.name == f"1.0-{manifest.digest[:12]}.tar.gz"
    assert find(tmp_path / "out", "1.0") == bundle


def test_an_archive_holds_links_empty_folders_and_executable_bits_and_no_owner(
    folder: Path, tmp_path: Path
) -> None:
    packed = members(build(folder, "1", tmp_path / "out").path)
    assert packed["serve"].mode == 0o755
    assert packed["Procfile"].mode == 0o644
    assert packed["pages/latest"].linkname == "index.html"
    assert packed["pages/empty"].isdir()
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in packed.values()} == {(0, 0, "", "", 315532800)}


@pytest.mark.parametrize("target", ["/etc/hostname", "../../outside", "nowhere", "../.env"])
def test_a_link_to_what_the_bundle_does_not_hold_is_refused_by_name(
    folder: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "outside").touch()
    (folder / ".env").touch()
    (folder / "pages" / "bad").symlink_to(target)
    with pytest.raises(BundleError, match="pages/bad") as caught:
        build(folder, "1", tmp_path / "out")
    assert target in caught.value.seen
    assert list((tmp_path / "out").iterdir()) == []


def test_a_pipe_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pages" / "pipe")
    with pytest.raises(BundleError, match="pages/pipe is neither"):
        build(folder, "1", tmp_path / "out")


def test_building_a_version_again_replaces_it_and_no_other(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(folder, "1", out)
    build(folder, "1-rc", out)
    (folder / "serve").write_text("changed")
    again = build(folder, "1", out)
    assert sorted(path.name.rpartition("-")[0] for path in out.iterdir()) == ["1", "1", "1-rc", "1-rc"]
    assert find(out, "1") == again


def test_what_was_not_built_or_is_cut_short_is_not_found(folder: Path, tmp_path: Path) -> None:
    bundle = build(folder, "1", tmp_path / "out")
    assert find(tmp_path / "out", "2") is None
    assert find(tmp_path / "nowhere", "1") is None
    bundle.path.write_bytes(b"cut")
    assert find(tmp_path / "out", "1") is None


def with_build(folder: Path, command: str) -> Path:
    (folder / "release.toml").write_text(f"[build]\ncommand = {command!r}\n")
    return folder


def test_a_build_step_works_in_a_copy_and_knows_the_version(folder: Path, tmp_path: Path) -> None:
    bundle = build(with_build(folder, "echo $RELEASE_VERSION > made; rm serve"), "7", tmp_path / "out")
    assert "made" in members(bundle.path)
    assert "serve" not in members(bundle.path)
    assert (folder / "serve").exists()
    assert not (folder / "made").exists()
    with tarfile.open(bundle.path) as tar:
        made = tar.extractfile("made")
        assert made is not None
        assert made.read() == b"7\n"


def test_a_failing_build_step_shows_the_end_of_its_output_and_leaves_nothing(
    folder: Path, tmp_path: Path
) -> None:
    with_build(folder, "seq 100; echo no such package >&2; exit 3")
    with pytest.raises(BundleError, match="the build step failed") as caught:
        build(folder, "1", tmp_path / "out")
    assert "exit status 3" in caught.value.seen
    assert caught.value.seen.endswith("100\nno such package")
    assert "\n5\n" not in caught.value.seen
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("version", ["", "a/b", "id:12345678", "-1"])
def test_a_version_that_cannot_be_one_is_refused_before_anything_is_made(
    folder: Path, tmp_path: Path, version: str
) -> None:
    with pytest.raises(BundleError, match="cannot be a version"):
        build(folder, version, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_no_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder)
    with pytest.raises(BundleError, match="is no folder"):
        build(folder, "1", tmp_path / "out")
