"""What a stack's exported state says about releases. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.tags import PROCESS, RELEASE, VERSION
from release.ledger import Ledger
from release.model import WEB
from release.schema import Run, runs
from release.turns import obeys

_STACK = "pulumi:pulumi:Stack"
_BUCKET = "aws:s3/bucket:Bucket"
_TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_QUEUE = "aws:sqs/queue:Queue"
_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@dataclass(frozen=True)
class Fleet:
    """A fleet that the state holds: of which release, and what AWS calls its parts (empty where there is
    none).
    """

    release: str
    version: str
    target_group: str = ""
    group: str = ""


@dataclass(frozen=True)
class Group:
    """An auto-scaling group that the state holds: which process of which release its instances run, and how many
    there are at least and at most (None where the state does not say).
    """

    name: str
    release: str
    version: str
    process: str
    least: int | None = None
    most: int | None = None

    @property
    def web(self) -> bool:
        return self.process == WEB


@dataclass(frozen=True)
class Queue:
    """A queue of the environment and the one beside it for the messages that nobody could handle: their URLs."""

    name: str
    url: str
    dead_letters: str


@dataclass(frozen=True)
class StackState:
    """A stack as its last update left it, whether that succeeded or not.

    `moment` changes with every update that began. `bucket`, `url`, `listener`, `variables_secret` and the operations
    host's log group are empty where the environment was not made yet; `log_groups` are those of processes, by name.
    `alarms` are the names of all alarms, those of fleets included; `runs` what the operations host was told to do for
    the releases that have a fleet; `schedules` what each release has, as the stack's outputs keep it. The workers of
    those that are `unruly` were made before there were turns: they work from their boot to their end. `begun` are the
    launch templates (ids) of groups that an update began to make and did not live to record.
    """

    ledger: Ledger
    moment: str
    url: str
    bucket: str
    listener: str
    fleets: tuple[Fleet, ...]
    variables_secret: str = ""
    log_groups: Mapping[str, str] = field(default_factory=dict)
    operations_log_group: str = ""
    groups: tuple[Group, ...] = ()
    queues: tuple[Queue, ...] = ()
    alarms: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    schedule_group: str = ""
    schedules: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    unruly: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, exported: Mapping[str, Any]) -> StackState:
        """From what `pulumi stack export` prints. Raises LedgerError when the ledger in it cannot be used."""
        deployment = exported.get("deployment") or {}
        resources = [r for r in deployment.get("resources") or () if not r.get("delete")]
        outputs = next(_of(resources, _STACK), {})
        ledger = Ledger.parse(outputs.get("ledger"))
        return cls(
            ledger=ledger,
            moment=str((deployment.get("manifest") or {}).get("time", "")),
            url=str(outputs.get("url") or ""),
            bucket=next(
                (str(bucket.get("bucket") or "") for bucket in _of(resources, _BUCKET, "bundles")), ""
            ),
            listener=str(outputs.get("listenerArn") or ""),
            fleets=tuple(_fleets(resources, ledger)),
            variables_secret=str(outputs.get("variablesSecret") or ""),
            log_groups=dict(outputs.get("logGroups") or {}),
            operations_log_group=str(outputs.get("operationsLogGroup") or ""),
            groups=tuple(_groups(resources, ledger)),
            queues=tuple(_queues(resources)),
            alarms=tuple(str(alarm.get("name") or "") for alarm in _of(resources, _ALARM)),
            runs=runs(resources),
            schedule_group=str(outputs.get("scheduleGroup") or ""),
            schedules={
                release: tuple(entries) for release, entries in (outputs.get("schedules") or {}).items()
            },
            unruly=frozenset(_unruly(resources)),
            begun=frozenset(_begun(deployment.get("pending_operations") or ())),
        )

    @property
    def candidates(self) -> tuple[Fleet, ...]:
        """The fleets of releases that are neither live nor warm: on trial, or left by an update that
        failed.
        """
        live = self.ledger.live
        running = {entry.release.id for entry in (*self.ledger.warm, *((live,) if live else ()))}
        return tuple(fleet for fleet in self.fleets if fleet.release not in running)


def _of(resources: list[dict[str, Any]], kind: str, name: str = "") -> Iterator[dict[str, Any]]:
    for resource in resources:
        named = not name or str(resource.get("urn", "")).endswith(f"::{name}")
        if resource.get("type") == kind and named:
            yield resource.get("outputs") or {}


def _fleets(resources: list[dict[str, Any]], ledger: Ledger) -> Iterator[Fleet]:
    target_groups = {tags[RELEASE]: (tags, arn) for tags, arn in _tagged(resources, _TARGET_GROUP, "arn")}
    groups = {tags[RELEASE]: (tags, name) for tags, name in _tagged(resources, _GROUP, "name")}
    for release in dict.fromkeys((*target_groups, *groups)):
        tags, target_group = target_groups.get(release, ({}, ""))
        entry = ledger.find(release)
        version = entry.release.version if entry else tags.get(VERSION, "")
        yield Fleet(release, version, target_group, groups.get(release, ({}, ""))[1])


def _groups(resources: list[dict[str, Any]], ledger: Ledger) -> Iterator[Group]:
    """The live release's first, then the others', the one that was live last first; last those on trial."""
    tagged = [(_tags(outputs), outputs) for outputs in _of(resources, _GROUP)]
    known = {tags.get(RELEASE, ""): ledger.find(tags.get(RELEASE, "")) for tags, _ in tagged}
    sequences = {release: entry.sequence if entry else 0 for release, entry in known.items()}
    for tags, outputs in sorted(tagged, key=lambda each: -sequences[each[0].get(RELEASE, "")]):
        release = tags.get(RELEASE, "")
        entry = known[release]
        version = entry.release.version if entry else tags.get(VERSION, "")
        if release:
            name, process = str(outputs.get("name") or ""), tags.get(PROCESS, WEB)
            yield Group(
                name, release, version, process, _number(outputs, "minSize"), _number(outputs, "maxSize")
            )


def _unruly(resources: list[dict[str, Any]]) -> Iterator[str]:
    for outputs in _of(resources, _TEMPLATE):
        tags = _tags(outputs)
        if tags.get(PROCESS, WEB) != WEB and not obeys(str(outputs.get("userData") or "")):
            yield tags.get(RELEASE, "")


def _begun(operations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for operation in operations:
        resource = operation.get("resource") or {}
        if operation.get("type") == "creating" and resource.get("type") == _GROUP:
            template = (resource.get("inputs") or {}).get("launchTemplate")
            if isinstance(template, Mapping) and template.get("id"):
                yield str(template["id"])


def _number(outputs: Mapping[str, Any], name: str) -> int | None:
    value = outputs.get(name)
    return int(value) if isinstance(value, (int, float)) else None


def _queues(resources: list[dict[str, Any]]) -> Iterator[Queue]:
    """By name. The resources are called `queue-NAME` and `dead-NAME` (`infra.queues`)."""
    urls = {
        str(resource.get("urn", "")).rpartition("::")[2]: str(
            (resource.get("outputs") or {}).get("url") or ""
        )
        for resource in resources
        if resource.get("type") == _QUEUE
    }
    for logical in sorted(name for name in urls if name.startswith("queue-")):
        name = logical.removeprefix("queue-")
        yield Queue(name, urls[logical], urls.get(f"dead-{name}", ""))


def _tagged(resources: list[dict[str, Any]], kind: str, name: str) -> Iterator[tuple[dict[str, str], str]]:
    for outputs in _of(resources, kind):
        tags = _tags(outputs)
        if RELEASE in tags and tags.get(PROCESS, WEB) == WEB:
            yield tags, str(outputs.get(name) or "")


def _tags(outputs: Mapping[str, Any]) -> dict[str, str]:
    tags = outputs.get("tags") or {}
    return {tag["key"]: tag["value"] for tag in tags} if isinstance(tags, list) else dict(tags)
