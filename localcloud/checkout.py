"""Where a checkout keeps its local cloud.

.uneventful/cloud/     daemon.json daemon.log lock control.sock instances/ balancer/ authority/
                       stores/ (databases; a link to a folder elsewhere where the checkout does not fit)
.uneventful/pulumi/    the file backend of the stacks that live on this cloud
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.cachefolder import cache_folder
from localcloud.errors import NoCheckout

ROOT_FILES = ("Pulumi.yaml", "pyproject.toml")
HOME_VARIABLE = "UNEVENTFUL_HOME"
SOCKET_PATH_LIMIT = 100
"""Linux takes 107 bytes for the path of a unix socket."""


@dataclass(frozen=True)
class Checkout:
    """`root` is the checkout's folder, `home` its state folder (`.uneventful`, or what UNEVENTFUL_HOME
    names)."""

    root: Path
    home: Path

    @property
    def cloud(self) -> Path:
        return self.home / "cloud"

    @property
    def pulumi_backend(self) -> Path:
        return self.home / "pulumi"

    @property
    def record(self) -> Path:
        return self.cloud / "daemon.json"

    @property
    def log(self) -> Path:
        return self.cloud / "daemon.log"

    @property
    def lock(self) -> Path:
        return self.cloud / "lock"

    @property
    def instances(self) -> Path:
        return self.cloud / "instances"

    @property
    def balancer(self) -> Path:
        return self.cloud / "balancer"

    @property
    def authority(self) -> Path:
        return self.cloud / "authority"

    @property
    def stores(self) -> Path:
        return self.cloud / "stores"

    @property
    def marker(self) -> str:
        """What every process of this cloud carries in UNEVENTFUL_CLOUD."""
        return str(self.cloud)

    @property
    def key(self) -> str:
        """A short name for this checkout's cloud, the same at every start."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()

    @property
    def socket(self) -> Path:
        """The control socket; in the user's cache folder where the checkout's path is too long."""
        usual = self.cloud / "control.sock"
        if len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT:
            return usual
        return cache_folder() / "run" / self.key[:16] / "control.sock"


def find_checkout(start: Path, environ: Mapping[str, str]) -> Checkout:
    """The checkout that `start` is in: the nearest folder upwards with Pulumi.yaml or pyproject.toml.

    Raises `NoCheckout` when there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in ROOT_FILES):
            named = environ.get(HOME_VARIABLE)
            return Checkout(folder, Path(named).resolve() if named else folder / ".uneventful")
    raise NoCheckout(
        f"{start} is in no checkout: neither it nor a folder above it has {' or '.join(ROOT_FILES)}.",
        "Go to the folder of your checkout and type the command again.",
    )
