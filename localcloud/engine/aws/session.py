"""One run of the plugin: the child, what is known of it, and the region once it is configured."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from localcloud.engine.aws import cache, configuration
from localcloud.engine.aws.assets import AssetStore
from localcloud.engine.aws.catalog import Catalog
from localcloud.engine.aws.child import Child
from localcloud.engine.aws.functions import Functions
from localcloud.engine.aws.resources import Resources
from localcloud.engine.aws.terraform import Terraform, raise_errors
from localcloud.engine.aws.unknown import Tree
from localcloud.engine.cachefolder import cache_folder


@dataclass
class Session:
    """Made before the child is ready; whatever needs it waits for it."""

    child: Child
    region: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def _connection(self) -> Terraform:
        return Terraform(self.child)

    @cached_property
    def _catalog(self) -> Catalog:
        folder = cache_folder() / "aws"
        schemas = cache.load(folder, self.child.provider.path, lambda: self.terraform.schemas())
        return Catalog(schemas, self.provider)

    @property
    def provider(self) -> str:
        return self.child.provider.label

    @property
    def terraform(self) -> Terraform:
        with self._lock:
            return self._connection

    @property
    def catalog(self) -> Catalog:
        with self._lock:
            return self._catalog

    def configure(self, arguments: Tree) -> None:
        config = configuration.provider_config(self.catalog.provider, arguments)
        raise_errors(self.terraform.configure(config))
        self.region = configuration.own_region(arguments) or self._asked_region()

    def _asked_region(self) -> str:
        """From AWS's files or the instance's metadata, which only the provider has read."""
        answer = self.terraform.read_data("aws_region", {"name": None, "endpoint": None})
        return str((answer.value or {}).get("name") or "")

    @property
    def resources(self) -> Resources:
        return Resources(self.terraform, self.provider, self.region, self._assets.path)

    @property
    def functions(self) -> Functions:
        return Functions(self.terraform, self.provider, self.region, self._assets.path)

    @property
    def _assets(self) -> AssetStore:
        return AssetStore(cache_folder() / "assets", Path.cwd())
