"""Where a checkout keeps its local clouds: one a stack.

.uneventful/cloud/     daemon.json daemon.log lock control.sock kept kept.bodies/ instances/ balancer/ authority/
                       stores/ (databases; a link to a folder elsewhere where the checkout does not fit)
.uneventful/pulumi/    the file backend of the stack that lives on this cloud
.uneventful/stacks/STACK/cloud/, pulumi/    the same of every stack but `dev`, whose are the two above
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine.cachefolder import cache_folder
from localcloud.errors import NoCheckout, NoStack

ROOT_FILES = ("Pulumi.yaml", "pyproject.toml")
HOME_VARIABLE = "UNEVENTFUL_HOME"
SOCKET_PATH_LIMIT = 100
"""Linux takes 107 bytes for the path of a unix socket."""
USUAL_STACK = "dev"
STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class Checkout:
    """`root` is the checkout's folder, `home` its state folder (`.uneventful`, or what UNEVENTFUL_HOME
    names). Everything else is of the cloud of one `stack`."""

    root: Path
    home: Path
    stack: str = USUAL_STACK

    @property
    def state(self) -> Path:
        return self.home if self.stack == USUAL_STACK else self.home / "stacks" / self.stack

    @property
    def cloud(self) -> Path:
        return self.state / "cloud"

    @property
    def pulumi_backend(self) -> Path:
        return self.state / "pulumi"

    def stacks(self) -> tuple[str, ...]:
        """The stacks that have, or had, a cloud in this state folder."""
        others = self.home / "stacks"
        found = sorted(one.name for one in others.iterdir()) if others.is_dir() else []
        return (USUAL_STACK, *found)

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
    def kept(self) -> Path:
        return self.cloud / "kept"

    @property
    def marker(self) -> str:
        """What every process of this cloud carries in UNEVENTFUL_CLOUD."""
        return str(self.cloud)

    @property
    def key(self) -> str:
        """A short name for this cloud, the same at every start."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()

    @property
    def socket(self) -> Path:
        """The control socket; in the user's cache folder where the checkout's path is too long."""
        usual = self.cloud / "control.sock"
        if len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT:
            return usual
        return cache_folder() / "run" / self.key[:16] / "control.sock"


def find_checkout(start: Path, environ: Mapping[str, str], stack: str = USUAL_STACK) -> Checkout:
    """The checkout that `start` is in: the nearest folder upwards with Pulumi.yaml or pyproject.toml.

    Raises `NoCheckout` when there is none, `NoStack` for what cannot be a stack's name.
    """
    if not STACK_NAME.fullmatch(stack):
        raise NoStack(
            f"{stack!r} cannot be a stack: expected letters, digits, - and _.",
            f"The usual one is {USUAL_STACK}.",
        )
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / name).is_file() for name in ROOT_FILES):
            named = environ.get(HOME_VARIABLE)
            return Checkout(folder, Path(named).resolve() if named else folder / ".uneventful", stack)
    raise NoCheckout(
        f"{start} is in no checkout: neither it nor a folder above it has {' or '.join(ROOT_FILES)}.",
        "Go to the folder of your checkout and type the command again.",
    )
