"""The page that shows an environment in CloudWatch. Pure, but for outputs inside.

Source: Amazon CloudWatch API Reference, "Dashboard body structure and syntax".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.alarms import P99, Alarm, Metric, Watched, balancer_metric, database_metric, queue_metric

WIDTH, HEIGHT, A_ROW = 8, 6, 3

Widget = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a graph: a metric, what it is called, and its statistic over a minute."""

    metric: Metric
    label: str
    statistic: str


def body(
    environment: str,
    region: str,
    watched: Watched,
    cache_nodes: Sequence[pulumi.Input[str]],
    drawn: Sequence[Alarm],
    alarm_arns: Sequence[pulumi.Input[str]],
) -> Widget:
    """The alarms on top; below them what users meet, then what keeps data. A limit is drawn where there is an alarm."""
    graphs = (
        *_of_balancer(watched.balancer),
        *_of_database(watched.database),
        *_of_queues(watched),
        *_of_cache(cache_nodes),
    )
    limits = {alarm.name: alarm for alarm in drawn}
    widgets: list[Widget] = [
        {
            "type": "text",
            **_place(0, 0, WIDTH * A_ROW, 1),
            "properties": {"markdown": f"# {environment}"},
        },
        {
            "type": "alarm",
            **_place(0, 1, WIDTH * A_ROW, 3),
            "properties": {"title": "Alarms", "alarms": list(alarm_arns)},
        },
    ]
    for number, (title, lines, alarm_name) in enumerate(graphs):
        row, column = divmod(number, A_ROW)
        place = _place(column * WIDTH, 4 + row * HEIGHT, WIDTH, HEIGHT)
        widgets.append(
            {"type": "metric", **place, "properties": _graph(region, title, lines, limits.get(alarm_name))}
        )
    return {"widgets": widgets}


Graph = tuple[str, Sequence[Line], str]
"""Its title, its lines, and the name of the alarm whose limit is drawn ("" for none)."""


def _of_balancer(balancer: pulumi.Input[str]) -> Sequence[Graph]:
    def line(name: str, label: str, statistic: str = "Sum") -> Line:
        return Line(balancer_metric(name, balancer), label, statistic)

    return (
        ("Requests a minute", [line("RequestCount", "requests")], ""),
        (
            "Errors a minute",
            [
                line("HTTPCode_ELB_5XX_Count", "the balancer's 5xx"),
                line("HTTPCode_Target_5XX_Count", "the application's 5xx"),
                line("HTTPCode_Target_4XX_Count", "the application's 4xx"),
            ],
            "balancer-5xx",
        ),
        (
            "Time to answer (s)",
            [
                line("TargetResponseTime", "half of the answers", "p50"),
                line("TargetResponseTime", "99 of 100", P99),
            ],
            "latency-p99",
        ),
    )


def _of_database(database: pulumi.Input[str]) -> Sequence[Graph]:
    def graph(title: str, name: str, label: str, statistic: str, alarm: str) -> Graph:
        return title, [Line(database_metric(name, database), label, statistic)], alarm

    return (
        graph("Database: processors (%)", "CPUUtilization", "used", "Average", "database-cpu"),
        graph("Database: connections", "DatabaseConnections", "open", "Maximum", "database-connections"),
        graph("Database: storage (bytes)", "FreeStorageSpace", "free", "Minimum", "database-storage"),
    )


def _of_queues(watched: Watched) -> Sequence[Graph]:
    def lines(name: str, statistic: str) -> list[Line]:
        return [
            Line(queue_metric(name, queue.queue_name), queue.name, statistic)
            for queue in watched.queues.values()
        ]

    dead = [
        Line(
            queue_metric("ApproximateNumberOfMessagesVisible", queue.dead_letters_name), queue.name, "Maximum"
        )
        for queue in watched.queues.values()
    ]
    if not dead:
        return ()
    return (
        ("Queues: messages that wait", lines("ApproximateNumberOfMessagesVisible", "Maximum"), ""),
        ("Queues: age of the oldest (s)", lines("ApproximateAgeOfOldestMessage", "Maximum"), ""),
        ("Dead letters", dead, ""),
    )


def _of_cache(nodes: Sequence[pulumi.Input[str]]) -> Sequence[Graph]:
    def lines(name: str) -> list[Line]:
        return [
            Line(Metric("AWS/ElastiCache", name, {"CacheClusterId": node}), f"server {n}", "Maximum")
            for n, node in enumerate(nodes, start=1)
        ]

    return (
        ("Cache: processors (%)", lines("EngineCPUUtilization"), ""),
        ("Cache: memory (%)", lines("DatabaseMemoryUsagePercentage"), ""),
        ("Cache: keys thrown out", lines("Evictions"), ""),
    )


def _graph(region: str, title: str, lines: Sequence[Line], limit: Alarm | None) -> Mapping[str, Any]:
    properties: dict[str, Any] = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "period": 60,
        "yAxis": {"left": {"min": 0}},
        "metrics": [_metric(line) for line in lines],
    }
    if limit is not None:
        properties["annotations"] = {"horizontal": [{"label": "alarm", "value": limit.threshold}]}
    return properties


def _metric(line: Line) -> list[Any]:
    dimensions = [word for pair in line.metric.dimensions.items() for word in pair]
    shown = {"label": line.label, "stat": line.statistic}
    return [line.metric.namespace, line.metric.name, *dimensions, shown]


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}
