"""Settings of how an application runs and how traffic moves to it. Times are in seconds."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.part import Part, refuse


def _rising_to_100(steps: tuple[int, ...]) -> tuple[int, ...]:
    if not steps or steps[-1] != 100 or any(b <= a for a, b in pairwise(steps)):
        raise refuse("steps do not rise to 100")
    return steps


PROCESS_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
"""What a Procfile may call a process."""


class Health(Part):
    """How the balancer checks each instance."""

    interval: Annotated[int, Field(ge=5, le=300, description="5 to 300 s between checks", examples=[10])] = 10
    timeout: Annotated[
        int, Field(ge=2, le=120, description="2 to 120 s for an answer, below the interval", examples=[5])
    ] = 5
    healthy: Annotated[int, Field(ge=2, le=10, description="2 to 10 good checks in a row", examples=[2])] = 2
    unhealthy: Annotated[int, Field(ge=2, le=10, description="2 to 10 bad checks in a row", examples=[2])] = 2

    @model_validator(mode="after")
    def _timeout_below_interval(self) -> Self:
        if self.timeout >= self.interval:
            raise refuse(f"a timeout of {self.timeout} s is not below the interval of {self.interval} s")
        return self


class Web(Part):
    """The instances of each release's web fleet."""

    instance: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$",
            description="an EC2 instance type of the image's architecture",
            examples=["t3.small"],
        ),
    ] = "t3.small"
    image: Annotated[
        str,
        Field(
            pattern=r"^(ami-[0-9a-f]{8,17}|/[A-Za-z0-9_./-]+)$",
            description="an image id, or the SSM parameter that holds one when a fleet is made",
            examples=["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"],
        ),
    ] = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    min: Annotated[int, Field(ge=1, le=500, description="1 to 500 instances at least", examples=[2])] = 2
    max: Annotated[
        int, Field(ge=1, le=500, description="1 to 500 instances at most, and not below min", examples=[4])
    ] = 4
    requests: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="1 to 1000000 requests an instance and minute; more of them get more instances",
            examples=[1000],
        ),
    ] = 1000
    grace: Annotated[
        int,
        Field(
            ge=0,
            le=3600,
            description="0 to 3600 s to boot before a failing check replaces an instance; longer than the gate's "
            "deadline, or a sick candidate is replaced under the eyes of its gate",
            examples=[600],
        ),
    ] = 600
    health: Annotated[
        Health, Field(description="a mapping of interval, timeout, healthy, unhealthy", examples=[{}])
    ] = Health()

    @model_validator(mode="after")
    def _max_not_below_min(self) -> Self:
        if self.max < self.min:
            raise refuse(f"at most {self.max} instances, but at least {self.min}")
        return self


class Worker(Part):
    """The instances of each release that run one process of the Procfile which takes messages."""

    instance: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$",
            description="an EC2 instance type of the image's architecture (web.image)",
            examples=["t3.small"],
        ),
    ] = "t3.small"
    min: Annotated[int, Field(ge=1, le=500, description="1 to 500 instances at least", examples=[1])] = 1
    max: Annotated[
        int, Field(ge=1, le=500, description="1 to 500 instances at most, and not below min", examples=[4])
    ] = 4
    queue: Annotated[
        str,
        Field(
            description="the name of the queue that says how many instances are needed, one of uneventful:queues; "
            "empty for the first by name",
            examples=[""],
        ),
    ] = ""
    backlog: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="1 to 1000000 waiting messages an instance; more of them get more instances",
            examples=[100],
        ),
    ] = 100

    @model_validator(mode="after")
    def _max_not_below_min(self) -> Self:
        if self.max < self.min:
            raise refuse(f"at most {self.max} instances, but at least {self.min}")
        return self


class Gate(Part):
    """What a release must show before it gets any traffic."""

    probes: Annotated[
        int, Field(ge=1, le=1000, description="1 to 1000 right answers in a row", examples=[10])
    ] = 10
    deadline: Annotated[int, Field(ge=10, le=3600, description="10 to 3600 s in all", examples=[300])] = 300


class Limits(Part):
    """How much worse than the live release the new one may be; beyond it, traffic goes back."""

    errors: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="0 to below 1, the fraction of failed answers above the live one's",
            examples=[0.01],
        ),
    ] = 0.01
    latency: Annotated[
        float,
        Field(ge=1, le=100, description="1 to 100 times the live one's mean latency", examples=[2.0]),
    ] = 2.0
    alarms: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...],
        Field(description="names of CloudWatch alarms that must stay quiet", examples=[["web-5xx"]]),
    ] = ()


class Rollout(Part):
    """How traffic moves from one release to the next."""

    steps: Annotated[
        tuple[Annotated[int, Field(ge=1, le=100)], ...],
        AfterValidator(_rising_to_100),
        Field(description="whole percentages that rise and end with 100", examples=[[1, 5, 25, 50, 100]]),
    ] = (1, 5, 25, 50, 100)
    observe: Annotated[
        int,
        Field(ge=1, le=86400, description="1 to 86400 s to watch each step", examples=[180]),
    ] = 180
    proof: Annotated[
        int,
        Field(
            ge=5, le=600, description="5 to 600 s for the balancer to serve what it was told", examples=[120]
        ),
    ] = 120
    metrics: Annotated[
        int,
        Field(
            ge=10, le=3600, description="10 to 3600 s that the balancer's metrics may be late", examples=[180]
        ),
    ] = 180
    drain: Annotated[
        int,
        Field(
            ge=0, le=3600, description="0 to 3600 s for the former release to finish requests", examples=[30]
        ),
    ] = 30
    workers: Annotated[
        Literal["after", "before"],
        Field(
            description="after or before: when a release's workers begin, after its traffic has moved, or before it, "
            "beside the former ones, who cannot read what its web processes put into a queue",
            examples=["after"],
        ),
    ] = "after"
    handover: Annotated[
        int,
        Field(
            ge=10,
            le=3600,
            description="10 to 3600 s for workers to begin, and for the former ones to stop once they are drained",
            examples=[120],
        ),
    ] = 120
    bake: Annotated[
        int,
        Field(
            ge=0,
            le=86400,
            description="0 to 86400 s to watch a release that has everything, before it counts as live",
            examples=[600],
        ),
    ] = 600
    gate: Annotated[Gate, Field(description="a mapping of probes, deadline", examples=[{"probes": 10}])] = (
        Gate()
    )
    limits: Annotated[
        Limits, Field(description="a mapping of errors, latency, alarms", examples=[{"errors": 0.01}])
    ] = Limits()
