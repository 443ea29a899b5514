"""What is watched in an environment, and from where on something is wrong. Pure, but for outputs inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pulumi

from infra import settings
from infra.queues import Queue

GIB = 2**30

ABOVE = "GreaterThanThreshold"
FROM = "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"

P99 = "p99"


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric as AWS's services name it."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class Alarm:
    """`statistic` of `metric` over a minute, compared with `threshold`: wrong after `minutes` of them in a row.

    One that `holds_releases` stops a release that is about to take traffic; the others only tell people. `runbook` is
    the page docs/runbooks/`runbook`.md, which says what to do.
    """

    name: str
    meaning: str
    metric: Metric
    statistic: str
    comparison: str
    threshold: float
    minutes: int = 1
    holds_releases: bool = True
    runbook: str = field(kw_only=True)

    @property
    def description(self) -> str:
        """What is told when it rings."""
        return described(self.meaning, self.runbook)


def described(meaning: str, runbook: str) -> str:
    """An alarm's meaning, and where it says what to do."""
    return f"{meaning}. What to do: docs/runbooks/{runbook}.md"


@dataclass(frozen=True)
class Watched:
    """What an environment's alarms look at: the balancer's suffix, the database's identifier, the queues."""

    balancer: pulumi.Output[str]
    database: pulumi.Output[str]
    queues: Mapping[str, Queue]


def alarms(
    limits: settings.Alarms, queues: Mapping[str, settings.Queue], watched: Watched
) -> tuple[Alarm, ...]:
    """All of an environment's own alarms. Those of a fleet belong to its release."""
    return (
        *_of_balancer(limits, watched),
        *_of_database(limits, watched),
        *(
            alarm
            for name, queue in watched.queues.items()
            for alarm in _of_queue(limits, queues[name].oldest, queue)
        ),
    )


def balancer_metric(name: str, balancer: pulumi.Input[str]) -> Metric:
    return Metric("AWS/ApplicationELB", name, {"LoadBalancer": balancer})


def database_metric(name: str, database: pulumi.Input[str]) -> Metric:
    return Metric("AWS/RDS", name, {"DBInstanceIdentifier": database})


def queue_metric(name: str, queue: pulumi.Input[str]) -> Metric:
    return Metric("AWS/SQS", name, {"QueueName": queue})


def _of_balancer(limits: settings.Alarms, watched: Watched) -> Iterable[Alarm]:
    yield Alarm(
        "balancer-5xx",
        f"The load balancer itself answered {limits.errors} or more requests a minute with 5xx: it has no release, "
        "no healthy target, or targets that do not answer in time",
        balancer_metric("HTTPCode_ELB_5XX_Count", watched.balancer),
        "Sum",
        FROM,
        limits.errors,
        runbook="alarm-balancer-5xx",
    )
    yield Alarm(
        "targets-5xx",
        f"The application answered {limits.errors} or more requests a minute with 5xx, all releases together",
        balancer_metric("HTTPCode_Target_5XX_Count", watched.balancer),
        "Sum",
        FROM,
        limits.errors,
        # A release has an alarm of its own: what the live one does wrong must not hold its successor back.
        holds_releases=False,
        runbook="alarm-targets-5xx",
    )
    yield Alarm(
        "latency-p99",
        f"One answer in a hundred took longer than {limits.latency:g} s, two minutes in a row",
        balancer_metric("TargetResponseTime", watched.balancer),
        P99,
        ABOVE,
        limits.latency,
        minutes=2,
        runbook="alarm-latency-p99",
    )


def _of_database(limits: settings.Alarms, watched: Watched) -> Iterable[Alarm]:
    yield Alarm(
        "database-cpu",
        f"The database used {limits.cpu} % of its processors or more, five minutes in a row",
        database_metric("CPUUtilization", watched.database),
        "Average",
        FROM,
        limits.cpu,
        minutes=5,
        runbook="alarm-database-cpu",
    )
    yield Alarm(
        "database-connections",
        f"{limits.connections} or more connections to the database are open",
        database_metric("DatabaseConnections", watched.database),
        "Maximum",
        FROM,
        limits.connections,
        runbook="alarm-database-connections",
    )
    yield Alarm(
        "database-storage",
        f"The database has less than {limits.free_storage} GiB of storage left",
        database_metric("FreeStorageSpace", watched.database),
        "Minimum",
        BELOW,
        limits.free_storage * GIB,
        runbook="alarm-database-storage",
    )


def _of_queue(limits: settings.Alarms, oldest: int, queue: Queue) -> Iterable[Alarm]:
    yield Alarm(
        f"queue-{queue.name}-age",
        f"A message in the queue {queue.name} has waited for longer than {oldest} s: workers are too few, too slow or "
        "failing",
        queue_metric("ApproximateAgeOfOldestMessage", queue.queue_name),
        "Maximum",
        ABOVE,
        oldest,
        runbook="alarm-queue-age",
    )
    yield Alarm(
        f"dead-{queue.name}-depth",
        f"{limits.dead_letters} or more messages of the queue {queue.name} were given up: look at its dead letters",
        queue_metric("ApproximateNumberOfMessagesVisible", queue.dead_letters_name),
        "Maximum",
        FROM,
        limits.dead_letters,
        # What was given up stays there until a person has looked at it.
        holds_releases=False,
        runbook="alarm-dead-letters",
    )
