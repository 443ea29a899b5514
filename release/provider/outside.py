"""The real world, as a gate and a shift are handed it."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime

from release.aws import Calls
from release.backlog import SqsQueues
from release.balancer import Balancer, ElasticLoadBalancing, load_balancer_of
from release.last_words import LoggedWords
from release.metrics import CloudWatch
from release.model import WEB
from release.probes import HttpProbes
from release.provider.engine import Engine
from release.provider.inputs import GateInputs, HandoverInputs, WatchedInputs
from release.provider.lease_store import BucketLeaseStore
from release.provider.notebook import About, Notebook, Page
from release.provider.ports import GatePorts, HandoverPorts, ShiftPorts, Time, Voice
from release.scheduler import Scheduler
from release.sizes import AutoScaling
from release.timeline_store import BucketTimelines
from release.who import who
from release.worker_instances import AwsInstances

_WATCHING_PATIENCE = 8.0
"""How long (s) the API may throttle while traffic is being watched; then it cannot be watched."""

TIME = Time(time.monotonic, asyncio.sleep, lambda: datetime.now(UTC))


class Outside:
    """AWS by its own variables, probes over the network, the real clock; `engine` shows the lines, `notebook` keeps
    them.
    """

    def __init__(self, engine: Engine, notebook: Notebook) -> None:
        self._engine = engine
        self._notebook = notebook

    def schedules(self, group: str) -> Scheduler:
        return Scheduler(Calls("scheduler"), group)

    def instances(self, bucket: str) -> AwsInstances:
        return AwsInstances(bucket)

    def balancer(self) -> Balancer:
        return ElasticLoadBalancing(Calls("elbv2"))

    def voice(self, urn: str) -> Voice:
        return self._engine.voice(urn)

    def page(self, inputs: GateInputs | WatchedInputs, urn: str) -> Page:
        """Where it is noted what becomes of the release."""
        keeper = BucketTimelines(Calls("s3"), inputs.lease_bucket) if inputs.lease_bucket else None
        return self._notebook.page(About(stack_of(urn), inputs.release, inputs.version), keeper)

    def gate(self, inputs: GateInputs, urn: str) -> GatePorts:
        secret = inputs.header_value.get_secret_value()
        self._notebook.secret(secret, secret.removeprefix(f"{inputs.release}."))
        headers = {inputs.header_name: secret}
        return GatePorts(
            ElasticLoadBalancing(Calls("elbv2"), _WATCHING_PATIENCE),
            HttpProbes(inputs.url, headers),
            BucketLeaseStore(Calls("s3"), inputs.lease_bucket) if inputs.lease_bucket else None,
            stack_of(urn),
            TIME,
            self.voice(urn),
            LoggedWords(Calls("logs"), inputs.log_group, WEB) if inputs.log_group else None,
            self.page(inputs, urn),
        )

    def shift(self, inputs: WatchedInputs, urn: str) -> ShiftPorts:
        return ShiftPorts(
            ElasticLoadBalancing(Calls("elbv2"), _WATCHING_PATIENCE),
            HttpProbes(inputs.url),
            CloudWatch(Calls("cloudwatch"), load_balancer_of(inputs.listener_arn)),
            BucketLeaseStore(Calls("s3"), inputs.lease_bucket),
            f"{who()} (process {os.getpid()})",
            stack_of(urn),
            TIME,
            self.voice(urn),
            AutoScaling(),
            self.instances(inputs.lease_bucket),
            self.page(inputs, urn),
        )

    def handover(self, inputs: HandoverInputs, urn: str) -> HandoverPorts:
        return HandoverPorts(
            self.shift(inputs, urn),
            self.instances(inputs.lease_bucket),
            SqsQueues(),
            self.schedules(inputs.schedule_group) if inputs.schedule_group else None,
        )


def stack_of(urn: str) -> str:
    """The stack's name in `urn:pulumi:STACK::PROJECT::TYPE::NAME`."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]
