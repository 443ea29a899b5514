"""Where what processes say is kept: a log group for each name of a process, whichever release runs it.

They outlast the releases, so that what a former one said can still be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pulumi
import pulumi_aws as aws

from infra import tags
from infra.environment import Outputs
from infra.settings import Settings
from release.model import Release


class LogGroups(pulumi.ComponentResource):
    """`names` is what AWS calls the log group of each process of these releases."""

    names: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        releases: Iterable[Release],
        environment: Outputs,
        settings: Settings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("uneventful:release:LogGroups", "logs", None, opts)
        processes = {process.name for release in releases for process in release.manifest.processes}
        self.names = {process: self._group(process, environment, settings) for process in sorted(processes)}
        self.register_outputs({"names": dict(self.names)})

    def _group(self, process: str, environment: Outputs, settings: Settings) -> pulumi.Output[str]:
        group = aws.cloudwatch.LogGroup(
            f"log-{process}",
            name_prefix=f"{environment.log_group_prefix}{process}-",
            retention_in_days=settings.logs.retention,
            tags={tags.PROCESS: process},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group.name  # type: ignore[no-any-return]
