"""The inputs of the provider's resources: typed and frozen, read from and written as the engine's property values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from release.errors import SettingsError
from release.ramp import steps_of

Properties = Mapping[str, PropertyValue]


def label(release: str, version: str) -> str:
    """What a release is called in messages: `v2 (c0ffee12)`, or the id alone without a version."""
    return f"{version} ({release})" if version else release


class Inputs(BaseModel):
    """What every resource here is about: a release, its target group, and the URL that it must answer at.

    `version` is the release's label for people, used in messages alone.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    release: str = Field(min_length=1)
    version: str = ""
    target_group_arn: str = Field(pattern=r"^arn:[^:]+:elasticloadbalancing:")
    url: str = Field(pattern=r"^https?://.+")

    @property
    def label(self) -> str:
        return label(self.release, self.version)


class GateInputs(Inputs):
    """What a HealthGate waits for: `healthy` targets and `probes` good answers in a row, within `deadline` s.

    `lease_bucket` is where a sign to stop would be; without one nobody is heard. `log_group` is where its instances say
    what they do.
    """

    healthy: int = Field(ge=1)
    probes: int = Field(ge=1)
    deadline: float = Field(gt=0)
    header_name: str = Field(min_length=1)
    header_value: SecretStr
    lease_bucket: str = ""
    log_group: str = ""


class WatchedInputs(Inputs):
    """What is known of a release that takes traffic, and by which limits it is watched. Times in s.

    `proof` bounds the wait for the data plane, `metrics_deadline` the wait for the release to show up in the balancer's
    metrics (AWS's are late by minutes). `max_error_rate` is a fraction above the former release's own. `back` says
    that this is the way back to a release that served before: then an alarm that rings already stops nothing.
    The `former_…` are what is live by the ledger: the target group is empty where nothing is, None where nobody says.
    """

    listener_arn: str = Field(pattern=r"^arn:[^:]+:elasticloadbalancing:.+:listener/app/")
    priority: int = Field(ge=1, le=50000)
    proof: float = Field(gt=0)
    max_error_rate: float = Field(ge=0, lt=1)
    max_latency_ratio: float = Field(ge=1)
    alarms: tuple[str, ...] = ()
    lease_bucket: str = Field(min_length=1)
    metrics_deadline: float = Field(default=180.0, gt=0)
    back: bool = False
    former_release: str = ""
    former_version: str = ""
    former_target_group_arn: str | None = None

    @property
    def former_label(self) -> str:
        return label(self.former_release, self.former_version)


OF_THE_MOMENT = frozenset({"back", "groups", "formerRelease", "formerVersion", "formerTargetGroupArn"})
"""True of one update alone: that the next one does not say it again changes nothing."""


class ShiftInputs(WatchedInputs):
    """What a TrafficShift moves. Times in s, steps in whole percent.

    Each step is watched for `observe`; `drain` is how long the last step is kept, so that the former release finishes
    its requests. `groups` are those of its instances (names) that were to shrink, as a warm release's do.
    `workers`, its groups by process, begin before it has any traffic, within `deadline`; where there are none, none do.
    `resting` and `log_groups` are as in HandoverInputs.
    """

    steps: tuple[int, ...]
    observe: float = Field(ge=0)
    drain: float = Field(ge=0)
    groups: tuple[str, ...] = ()
    workers: Mapping[str, str] = Field(default_factory=dict)
    resting: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    log_groups: Mapping[str, str] = Field(default_factory=dict)
    deadline: float = Field(default=120.0, gt=0)

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return steps_of(steps)
        except SettingsError as error:
            raise ValueError(f"{error.expected}; seen: {error.seen}") from error


class QueueInputs(BaseModel):
    """A queue that workers take from, and the one for what nobody could handle: their URLs."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    name: str
    url: str
    dead: str = ""


class HandoverInputs(WatchedInputs):
    """Who takes over, and from whom. Times in s.

    `workers` are the groups of the release by process, `resting` those of all others by release and process;
    `log_groups` those of their processes. `deadline` is how long workers may take to begin, `drain` how much longer to
    stop. `schedules` are what the group `schedule_group` is to hold, as `release.scheduler.Entry` dumps them.
    """

    workers: Mapping[str, str] = Field(default_factory=dict)
    resting: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    log_groups: Mapping[str, str] = Field(default_factory=dict)
    queues: tuple[QueueInputs, ...] = ()
    schedules: tuple[Mapping[str, str], ...] = ()
    schedule_group: str = ""
    deadline: float = Field(gt=0)
    drain: float = Field(ge=0)
    bake: float = Field(ge=0)


AnyInputs = TypeVar("AnyInputs", bound=Inputs)


def parse(kind: type[AnyInputs], properties: Properties) -> AnyInputs:
    """The inputs as values.

    Raises:
        SettingsError: one or more cannot be used; each is named, no value is quoted.
    """
    try:
        return kind.model_validate({name: plain(value) for name, value in properties.items()})
    except ValidationError as error:
        raise SettingsError(
            f"the inputs of {kind.__name__.removesuffix('Inputs')} cannot be used",
            seen="\n".join(f"{name}: {reason}" for name, reason in _faults(error)),
            state="nothing was changed",
        ) from error


def faults(kind: type[Inputs], properties: Properties) -> tuple[tuple[str, str], ...]:
    """What is wrong with the inputs: (name, reason) each. Inputs that are not known yet are not judged."""
    if any(unknown(value) for value in properties.values()):
        return ()
    try:
        kind.model_validate({name: plain(value) for name, value in properties.items()})
    except ValidationError as error:
        return _faults(error)
    return ()


def _faults(error: ValidationError) -> tuple[tuple[str, str], ...]:
    found = error.errors(include_input=False, include_url=False)
    return tuple((str(fault["loc"][0]), fault["msg"].removeprefix("Value error, ")) for fault in found)


def plain(value: PropertyValue) -> Any:
    """The value as Python has it, without marks of secrets and dependencies."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, tuple):
        return [plain(item) for item in inner]
    return inner


def wired(value: object) -> PropertyValue:
    """A value of Python's as the engine takes it; it knows no whole numbers."""
    if isinstance(value, Mapping):
        return PropertyValue({str(key): wired(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return PropertyValue([wired(item) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if value is None or isinstance(value, bool | float | str):
        return PropertyValue(value)
    raise TypeError(f"no property value can hold {type(value).__name__}")


NOT_YET_KNOWN = PropertyValue(UNKNOWN)
"""Stands in a preview for what only the real run will tell."""


def unknown(value: PropertyValue) -> bool:
    """Whether the value, or a part of it, is not known before the real run."""
    inner = value.value
    if isinstance(inner, Mapping):
        return any(unknown(item) for item in inner.values())
    if isinstance(inner, tuple):
        return any(unknown(item) for item in inner)
    return isinstance(inner, str) and inner == UNKNOWN


def changed(olds: Properties, news: Properties) -> tuple[str, ...]:
    """The names of inputs that differ by value; the engine's own (`__…`) are skipped."""
    own = {name for name in news if not name.startswith("__")}
    return tuple(sorted(name for name in own if name not in olds or plain(olds[name]) != plain(news[name])))
