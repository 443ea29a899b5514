"""Samples as CloudWatch keeps them: one datum a metric and minute, grown as the minute goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import MetricAggregatedDatum

from localcloud.controlplane.cloudwatch.samples import Key, Sample

KEPT = timedelta(hours=1)
"""AWS keeps a minute for 15 days. An alarm that looks further back than this finds nothing there."""


class MinuteDatum(MetricAggregatedDatum):
    """One of moto's data, with the metric that it belongs to and how many there are of each value."""

    sum: float
    sample_count: float
    min: float
    max: float

    def __init__(self, sample: Sample, minute: datetime) -> None:
        namespace, name, dimensions = sample.key
        super().__init__(
            namespace=namespace,
            name=name,
            min_stat=float("inf"),
            max_stat=float("-inf"),
            sample_count=0.0,
            sum_stat=0.0,
            dimensions=[{"Name": named, "Value": value} for named, value in dimensions],
            timestamp=minute,
            unit=sample.unit,
        )
        self.key = sample.key
        self.spread: dict[float, int] = {}

    def grow(self, sample: Sample) -> None:
        self.sum = sample.total if sample.reading else self.sum + sample.total
        self.sample_count = sample.number if sample.reading else self.sample_count + sample.number
        self.min = min(self.min, sample.least)
        self.max = max(self.max, sample.most)
        for value, number in sample.spread.items():
            self.spread[value] = self.spread.get(value, 0) + number


class Recorder:
    """Keeps the minutes of one moto CloudWatchBackend, and drops those older than an hour."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[Key, datetime], MinuteDatum] = {}
        self._trimmed = datetime.min

    def record(self, backend: Any, samples: Iterable[Sample], now: datetime) -> None:
        """`now` is UTC without a time zone, as moto has it."""
        minute = now.replace(second=0, microsecond=0)
        for sample in samples:
            datum = self._minutes.get((sample.key, minute))
            if datum is None:
                datum = self._minutes[sample.key, minute] = MinuteDatum(sample, minute)
                datum.grow(sample)
                backend.metric_data.append(datum)
            else:
                datum.grow(sample)
        if minute != self._trimmed:
            self._trimmed = minute
            self._trim(backend, minute - KEPT)

    def _trim(self, backend: Any, oldest: datetime) -> None:
        """What an earlier run of the cloud put goes too, which moto has kept."""
        self._minutes = {key: datum for key, datum in self._minutes.items() if key[1] >= oldest}
        backend.metric_data = [
            datum
            for datum in backend.metric_data
            if datum.timestamp >= oldest or not isinstance(datum, MinuteDatum)
        ]
