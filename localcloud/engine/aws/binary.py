"""Finds HashiCorp's Terraform provider for AWS on this machine.

The layout is Terraform's own (https://developer.hashicorp.com/terraform/cli/config/config-file, "Provider
Installation" and "Implied Local Mirror Directories"): a *filesystem mirror* holds
`registry.terraform.io/hashicorp/aws/VERSION/OS_ARCH/terraform-provider-aws_vVERSION_x5`.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.aws.errors import ProviderMissingError

VARIABLE = "UNEVENTFUL_TERRAFORM_AWS"
MIRROR = Path("registry.terraform.io", "hashicorp", "aws")
OLDEST_MAJOR = 5
SOFTWARE_FOLDERS = (
    Path("/opt"),
    Path("/usr/local/lib"),
    Path("/usr/local/share"),
    Path("/usr/local"),
    Path("/srv"),
    Path("/usr/share"),
    Path("/usr/lib"),
)
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_FILE_VERSION = re.compile(r"_v(\d+(?:\.\d+)+)")
_CONFIG_FOLDER = re.compile(r'^\s*(?:path|plugin_cache_dir)\s*=\s*"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class TerraformProvider:
    """An executable that speaks the Terraform plugin protocol for AWS; `version` is like `5.100.0`."""

    path: Path
    version: str

    @property
    def label(self) -> str:
        return f"terraform-provider-aws {self.version}"


def find(
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    software_folders: Iterable[Path] = SOFTWARE_FOLDERS,
) -> TerraformProvider | None:
    """The newest provider in the first place that has one, or None.

    Order: the environment variable `UNEVENTFUL_TERRAFORM_AWS` (an executable), Terraform's own places,
    then one and two levels below the folders where add-on software is usually put. Raises
    `ProviderMissingError` only when the variable names something that is not an executable file.
    """
    environ = os.environ if environ is None else environ
    home = Path.home() if home is None else home
    named = environ.get(VARIABLE)
    if named:
        return _named(Path(named))
    for mirror in _mirrors(environ, home, software_folders):
        found = _newest(mirror)
        if found:
            return found
    return None


def require(environ: Mapping[str, str] | None = None) -> TerraformProvider:
    """As `find`, but an error with the remedy instead of None."""
    found = find(environ)
    if found is None:
        raise ProviderMissingError(
            f"no Terraform AWS provider (version {OLDEST_MAJOR} or newer, for {_platform()}) was found: "
            "looked in Terraform's plugin folders and below "
            + ", ".join(str(folder) for folder in SOFTWARE_FOLDERS)
            + ". Run `terraform providers mirror FOLDER` where the network allows it and put FOLDER in "
            f"~/.terraform.d/plugins, or set {VARIABLE} to the executable."
        )
    return found


def _named(path: Path) -> TerraformProvider:
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise ProviderMissingError(
            f"{VARIABLE} is set to {path}, which is not an executable file. "
            "Set it to a terraform-provider-aws executable, or unset it to have the usual folders searched."
        )
    return TerraformProvider(path, _version(path))


def _version(path: Path) -> str:
    in_name = _FILE_VERSION.search(path.name)
    if in_name:
        return in_name.group(1)
    folder = path.parent.parent.name
    return folder if _number(folder) else "of unknown version"


def _number(version: str) -> tuple[int, ...]:
    """A version as something that sorts; () when it is not a release's version."""
    return tuple(map(int, version.split("."))) if re.fullmatch(r"\d+(\.\d+)+", version) else ()


def _platform() -> str:
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_ARCHITECTURES.get(machine, machine)}"


def _newest(mirror: Path) -> TerraformProvider | None:
    try:
        versions = sorted((_number(folder.name), folder) for folder in (mirror / MIRROR).iterdir())
    except OSError:
        return None
    for number, folder in reversed(versions):
        if number and number[0] >= OLDEST_MAJOR:
            for path in sorted((folder / _platform()).glob("terraform-provider-aws*")):
                if path.is_file() and os.access(path, os.X_OK):
                    return TerraformProvider(path, folder.name)
    return None


def _mirrors(environ: Mapping[str, str], home: Path, software_folders: Iterable[Path]) -> Iterator[Path]:
    cache = environ.get("TF_PLUGIN_CACHE_DIR")
    if cache:
        yield Path(cache)
    config = environ.get("TF_CLI_CONFIG_FILE")
    yield from _configured(Path(config) if config else home / ".terraformrc", home)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    yield home / ".terraform.d/plugins"
    yield data / "terraform/plugins"
    for name in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(name) / "terraform/plugins"
    software_folders = tuple(software_folders)
    yield from software_folders
    for pattern in ("*", "*/*"):
        for folder in software_folders:
            yield from _holders(folder, pattern)


def _configured(config: Path, home: Path) -> Iterator[Path]:
    try:
        text = config.read_text(errors="replace")
    except OSError:
        return
    for name in _CONFIG_FOLDER.findall(text):
        yield Path(re.sub(r"^(~|\$HOME)(?=/)", str(home), name))


def _holders(folder: Path, pattern: str) -> Iterator[Path]:
    """Folders at this depth that hold a mirror; unreadable ones are passed over."""
    try:
        found = sorted(folder.glob(f"{pattern}/{MIRROR}"))
    except OSError:
        return
    for mirror in found:
        yield mirror.parents[len(MIRROR.parts) - 1]
