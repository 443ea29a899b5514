from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.engine.aws import binary
from localcloud.engine.aws.binary import MIRROR, TerraformProvider, find
from localcloud.engine.aws.errors import ProviderMissingError


def install(mirror: Path, version: str, platform: str = binary._platform()) -> Path:
    path = mirror / MIRROR / version / platform / f"terraform-provider-aws_v{version}_x5"
    path.parent.mkdir(parents=True)
    path.touch(0o755)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def look(home: Path, environ: dict[str, str] | None = None, *folders: Path) -> TerraformProvider | None:
    return find({"XDG_DATA_DIRS": "/nonexistent"} | (environ or {}), home, folders)


def test_a_machine_without_one_has_none(home: Path, tmp_path: Path) -> None:
    assert look(home, None, tmp_path) is None


def test_the_variable_wins_and_tells_the_version_by_its_name(home: Path, tmp_path: Path) -> None:
    install(home / ".terraform.d/plugins", "5.100.0")
    named = install(tmp_path / "elsewhere", "5.90.0")
    assert look(home, {binary.VARIABLE: str(named)}) == TerraformProvider(named, "5.90.0")


def test_a_variable_that_names_nothing_is_an_error_and_not_passed_over(home: Path, tmp_path: Path) -> None:
    install(home / ".terraform.d/plugins", "5.100.0")
    with pytest.raises(ProviderMissingError, match=binary.VARIABLE):
        look(home, {binary.VARIABLE: str(tmp_path / "none")})


def test_the_newest_version_for_this_platform_is_taken(home: Path) -> None:
    mirror = home / ".terraform.d/plugins"
    install(mirror, "5.9.0")
    newest = install(mirror, "5.100.0")
    install(mirror, "6.0.0", "plan9_mips")
    install(mirror, "4.67.0")
    assert look(home) == TerraformProvider(newest, "5.100.0")


def test_versions_too_old_to_carry_the_program_are_passed_over(home: Path) -> None:
    install(home / ".terraform.d/plugins", "4.67.0")
    assert look(home) is None


@pytest.mark.parametrize("place", [".terraform.d/plugins", ".local/share/terraform/plugins"])
def test_terraforms_own_places_are_searched(place: str, home: Path) -> None:
    path = install(home / place, "5.100.0")
    assert look(home) == TerraformProvider(path, "5.100.0")


def test_the_plugin_cache_and_the_data_folders_are_searched(home: Path, tmp_path: Path) -> None:
    cached = install(tmp_path / "cache", "5.1.0")
    assert look(home, {"TF_PLUGIN_CACHE_DIR": str(tmp_path / "cache")}) == TerraformProvider(cached, "5.1.0")
    shared = install(tmp_path / "share/terraform/plugins", "5.2.0")
    assert look(home, {"XDG_DATA_DIRS": str(tmp_path / "share")}) == TerraformProvider(shared, "5.2.0")


def test_mirrors_of_terraforms_configuration_are_searched(home: Path, tmp_path: Path) -> None:
    path = install(tmp_path / "mirror", "5.100.0")
    config = 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' % (
        tmp_path / "mirror"
    )
    (home / ".terraformrc").write_text(config)
    assert look(home) == TerraformProvider(path, "5.100.0")
    (home / ".terraformrc").unlink()
    (tmp_path / "other.tfrc").write_text('plugin_cache_dir = "~/plugins"\n')
    kept = install(home / "plugins", "5.3.0")
    assert look(home, {"TF_CLI_CONFIG_FILE": str(tmp_path / "other.tfrc")}) == TerraformProvider(
        kept, "5.3.0"
    )


@pytest.mark.parametrize("below", ["", "mirror", "vendor/mirror"])
def test_add_on_software_is_searched_two_levels_deep(below: str, home: Path, tmp_path: Path) -> None:
    path = install(tmp_path / "opt" / below, "5.100.0")
    assert look(home, None, tmp_path / "opt") == TerraformProvider(path, "5.100.0")


def test_nothing_is_searched_deeper_than_that(home: Path, tmp_path: Path) -> None:
    install(tmp_path / "opt/a/b/c", "5.100.0")
    assert look(home, None, tmp_path / "opt") is None


def test_what_cannot_be_run_is_passed_over(home: Path) -> None:
    install(home / ".terraform.d/plugins", "5.100.0").chmod(0o644)
    assert look(home) is None


def test_requiring_one_says_where_it_looked_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "find", lambda environ: None)
    with pytest.raises(ProviderMissingError) as missing:
        binary.require()
    assert "terraform providers mirror" in str(missing.value)
    assert binary.VARIABLE in str(missing.value)
