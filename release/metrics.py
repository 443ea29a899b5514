"""What the load balancer counted for each target group, and the alarms that somebody named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

from release.aws import Busy, Calls, Refused
from release.balancer import group_of
from release.errors import AlarmUnknown, MetricsSilent
from release.verdict import Counts

PATIENCE = 5.0
"""How long (s) CloudWatch may throttle or be silent before that counts as 'cannot measure'."""
ALARMS_A_CALL = 100
"""Names that one DescribeAlarms takes, and alarms that it answers with at most (Amazon CloudWatch API Reference)."""
PERIOD = timedelta(seconds=60)
"""The load balancer reports by the minute; a shorter period would show nothing (AWS, metrics for your ALB)."""

_REQUESTS, _FAILED, _REFUSED, _TIME = (
    "RequestCount",
    "HTTPCode_Target_5XX_Count",
    "TargetConnectionErrorCount",
    "TargetResponseTime",
)
_METRICS = {_REQUESTS: "Sum", _FAILED: "Sum", _REFUSED: "Sum", _TIME: "Average"}


class Metrics(Protocol):
    """Both methods raise CannotMeasure when there is no answer; no traffic is an answer: counts of 0."""

    async def counts(self, groups: Sequence[str], since: datetime) -> Mapping[str, Counts]:
        """All that each target group (ARN) has answered since the minute of `since` (UTC), as far as is known now."""

    async def ringing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the named alarms that are in ALARM. A name that no alarm has cannot be measured."""


class CloudWatch:
    """`Metrics` on AWS CloudWatch, for target groups of one load balancer (`app/NAME/ID`)."""

    def __init__(self, calls: Calls, load_balancer: str) -> None:
        self._calls = calls
        self._load_balancer = load_balancer

    async def counts(self, groups: Sequence[str], since: datetime) -> Mapping[str, Counts]:
        start = since.astimezone(UTC).replace(second=0, microsecond=0)
        queries = [
            self._query(f"m{place}_{number}", group, metric)
            for place, group in enumerate(groups)
            for number, metric in enumerate(_METRICS)
        ]
        answer = await self._ask(
            "get_metric_data",
            MetricDataQueries=queries,
            StartTime=start,
            EndTime=datetime.now(UTC).replace(second=0, microsecond=0) + 2 * PERIOD,
            ScanBy="TimestampAscending",
        )
        series = {result["Id"]: _by_minute(result) for result in answer["MetricDataResults"]}
        return {
            group: _counts([series.get(f"m{place}_{number}", {}) for number in range(len(_METRICS))])
            for place, group in enumerate(groups)
        }

    async def ringing(self, names: Sequence[str]) -> tuple[str, ...]:
        alarms: list[Mapping[str, Any]] = []
        for some in _batched(dict.fromkeys(names), ALARMS_A_CALL):
            # Without their type named, AWS does not tell of composite alarms.
            kinds = ["MetricAlarm", "CompositeAlarm"]
            answer = await self._ask(
                "describe_alarms", AlarmNames=some, AlarmTypes=kinds, MaxRecords=ALARMS_A_CALL
            )
            alarms += [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
        missing = sorted(set(names) - {alarm["AlarmName"] for alarm in alarms})
        if missing:
            raise AlarmUnknown(
                "an alarm that should be watched does not exist",
                expected=f"alarms named {', '.join(names)}",
                seen=f"no alarm named {', '.join(missing)}",
                next="mend the names of the alarms in the stack's settings",
            )
        return tuple(sorted(alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"))

    def _query(self, identity: str, group: str, metric: str) -> dict[str, Any]:
        dimensions = [
            {"Name": "TargetGroup", "Value": group_of(group)},
            {"Name": "LoadBalancer", "Value": self._load_balancer},
        ]
        named = {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions}
        stat = {"Metric": named, "Period": int(PERIOD.total_seconds()), "Stat": _METRICS[metric]}
        return {"Id": identity, "MetricStat": stat, "ReturnData": True}

    async def _ask(self, action: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            return await self._calls(action, PATIENCE, **arguments)
        except (Busy, Refused) as error:
            raise MetricsSilent(
                "the load balancer's metrics cannot be read",
                expected=f"an answer of CloudWatch within {PATIENCE:.0f} s",
                seen=str(error),
            ) from error


def _batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names in lists of at most `size`."""
    left = iter(names)
    while some := list(islice(left, size)):
        yield some


def _by_minute(result: Mapping[str, Any]) -> dict[datetime, float]:
    return dict(zip(result["Timestamps"], result["Values"], strict=True))


def _counts(series: Sequence[Mapping[datetime, float]]) -> Counts:
    """Sums over the minutes. A refused connection is no request to AWS, but it is one, failed, to its user."""
    requests, failed, refused, means = series
    return Counts(
        requests=round(sum(requests.values()) + sum(refused.values())),
        errors=round(sum(failed.values()) + sum(refused.values())),
        seconds=sum(mean * requests.get(minute, 0.0) for minute, mean in means.items()),
    )
