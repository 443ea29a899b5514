"""Alarms that ring: looked at every few seconds, their state is where DescribeAlarms looks, their actions happen."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

from localcloud.controlplane.cloudwatch.alarms import (
    OPERATORS,
    Rule,
    State,
    evaluate,
    reason,
    settled,
)
from localcloud.controlplane.cloudwatch.queries import PERIOD, Query, answer, query
from localcloud.controlplane.cloudwatch.samples import key
from localcloud.controlplane.cloudwatch.statistics import MetricsRefused, Readings
from localcloud.controlplane.hooks import Hook

PUT = (
    "name namespace metric_name comparison_operator evaluation_periods period threshold statistic description "
    "dimensions alarm_actions metric_data_queries datapoints_to_alarm extended_statistic ok_actions "
    "insufficient_data_actions unit actions_enabled treat_missing_data evaluate_low_sample_count_percentile "
    "threshold_metric_id rule tags"
)
BY_HAND = timedelta(seconds=60)
"""How long a state stays that SetAlarmState gave: AWS looks at an alarm once a minute."""
Act = Callable[[str, Any, str], None]
"""Does an action: (its ARN, moto's alarm, the state before)."""


@dataclass(frozen=True)
class Watched:
    """What an alarm looks at: `queries`, of which `id` is compared, in periods of so many seconds. `stat` is "" for
    something calculated."""

    rule: Rule
    queries: tuple[Query, ...]
    id: str
    stat: str
    period: int


class AlarmClock:
    """`now` is UTC without a time zone, as moto has it."""

    def __init__(self, act: Act, on_log: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._act = act
        self._log = on_log
        self._now = now
        self._by_hand: dict[str, datetime] = {}

    def hooks(self) -> tuple[Hook, ...]:
        return (
            Hook(CloudWatchBackend, "put_metric_alarm", tuple(PUT.split()), self._put),
            Hook(Alarm, "update_state", ("reason", "reason_data", "state_value"), self._updated),
            Hook(
                CloudWatchBackend,
                "set_alarm_state",
                ("alarm_name", "reason", "reason_data", "state_value"),
                self._set,
            ),
        )

    def _put(self, original: Callable[..., Any], backend: Any, **asked: Any) -> Any:
        """A new alarm knows nothing yet; a changed one keeps its state (PutMetricAlarm)."""
        former = backend.alarms.get(asked["name"])
        alarm = original(backend, **asked)
        if former is None:
            alarm.state_value = "INSUFFICIENT_DATA"
        else:
            alarm.state_value, alarm.state_reason = former.state_value, former.state_reason
            alarm.state_reason_data = former.state_reason_data
            alarm.state_updated_timestamp = former.state_updated_timestamp
            alarm.history = former.history
        return alarm

    def _updated(
        self, original: Callable[..., None], alarm: Any, reason: str, reason_data: str, state_value: str
    ) -> None:
        before = alarm.state_value
        original(alarm, reason, reason_data, state_value)
        if state_value == before:
            return
        self._log(f"alarm {alarm.name} is {state_value}: {reason}")
        actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
        if alarm.actions_enabled:
            for arn in actions.get(state_value, alarm.insufficient_data_actions) or ():
                self._act(arn, alarm, before)

    def _set(
        self, original: Callable[..., None], backend: Any, alarm_name: str, *args: Any, **kwargs: Any
    ) -> None:
        # Before the state changes, or a look that comes in between would change it back.
        self._by_hand[alarm_name] = self._now()
        original(backend, alarm_name, *args, **kwargs)

    def look(self, backend: Any) -> None:
        """Evaluate every alarm of a moto CloudWatchBackend but composite ones, which only SetAlarmState changes."""
        now = self._now()
        self._by_hand = {name: at for name, at in self._by_hand.items() if now - at < BY_HAND}
        watched = []
        for alarm in list(backend.alarms.values()):
            if alarm.rule is None and alarm.name not in self._by_hand:
                try:
                    watched.append((alarm, _watched(alarm)))
                except MetricsRefused as refused:
                    self._refuse(alarm, refused)
        back = max((one.period * (one.rule.looks_back + 1) for _, one in watched), default=0)
        readings = Readings(list(backend.metric_data), now - timedelta(seconds=back + PERIOD))
        for alarm, one in watched:
            try:
                values = seen(one, readings, now)
            except MetricsRefused as refused:
                self._refuse(alarm, refused)
                continue
            state = evaluate(one.rule, values, alarm.state_value)
            if state != alarm.state_value:
                why = reason(one.rule, values, state)
                data = {"version": "1.0", "threshold": one.rule.threshold, "period": one.period}
                recent = [value for value in values if value is not None][-one.rule.periods :]
                alarm.update_state(why, json.dumps({**data, "recentDatapoints": recent}), state)

    def _refuse(self, alarm: Any, refused: MetricsRefused) -> None:
        if alarm.state_reason != str(refused):
            self._log(f"alarm {alarm.name} is not looked at: {refused}")
            unknown: State = "INSUFFICIENT_DATA"
            alarm.update_state(str(refused), "{}", unknown)


def seen(one: Watched, readings: Readings, now: datetime) -> list[float | None]:
    """The values that an alarm goes by, oldest first: of the periods that are over, and of the one that is not if
    nothing can change any more what it says."""
    period = timedelta(seconds=one.period)
    current = datetime.min + (now - datetime.min) // period * period
    start = current - one.rule.looks_back * period
    found = answer(one.queries, readings, start, current + period)[one.id]
    values = [found.get(start + n * period) for n in range(one.rule.looks_back)]
    so_far = found.get(current)
    return [*values, so_far] if settled(one.rule, one.stat, so_far) else values


def _watched(alarm: Any) -> Watched:
    """What one of moto's alarms looks at. Raises `MetricsRefused` where the local cloud does not do that."""
    if alarm.comparison_operator not in OPERATORS:
        raise MetricsRefused(f"The local cloud's alarms do not compare with {alarm.comparison_operator}.")
    periods = int(alarm.evaluation_periods)
    rule = Rule(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        needed=int(alarm.datapoints_to_alarm or periods),
        missing=alarm.treat_missing_data or "missing",
    )
    if not alarm.metric_data_queries:
        stat = alarm.statistic or alarm.extended_statistic
        metric = key(alarm.namespace, alarm.metric_name, {one.name: one.value for one in alarm.dimensions})
        one = Query(id="m", metric=metric, stat=stat, period=int(alarm.period))
        return Watched(rule, (one,), "m", stat, one.period)
    queries = tuple(query(_words(one)) for one in alarm.metric_data_queries)
    compared = next((one for one in queries if one.returned), queries[-1])
    period = max((one.period for one in queries if one.metric), default=PERIOD)
    return Watched(rule, queries, compared.id, compared.stat, period)


def _words(held: Any) -> dict[str, Any]:
    """moto's MetricDataQuery in AWS's words."""
    told = {"Id": held.id, "Label": held.label, "Expression": held.expression, "Period": held.period}
    if held.return_data is not None:
        told["ReturnData"] = held.return_data
    if held.metric_stat is not None:
        metric = held.metric_stat.metric
        told["MetricStat"] = {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.metric_name,
                "Dimensions": [{"Name": one.name, "Value": one.value} for one in metric.dimensions],
            },
            "Period": held.metric_stat.period,
            "Stat": held.metric_stat.stat,
        }
    return told
