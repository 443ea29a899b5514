"""Run the program itself, `__main__.py`, under Pulumi's mocks, and keep what it registered.

AWS as the program asks it (who am I, which version is published) is moto in this process; the engine is a
recording one. `World` is what the program finds, `Recording` is what it did.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import runpy
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import boto3
import pulumi
import pytest
import yaml
from google.protobuf import json_format
from moto import mock_aws
from pulumi.runtime import mocks

from infra.tags import PROCESS, RELEASE
from release.ledger import Ledger, promote
from release.model import Manifest, Process, Release, freeze

ROOT = Path(__file__).parents[2]
REGION: Literal["eu-west-1"] = "eu-west-1"
BUCKET = "bundles-1234567"
STACKS = ("dev", "staging", "production")
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Registered:
    """One registration: `type` and `name` as in the URN's end, `inputs` without marks of secrets, `secret` the
    names of those inputs that hold one, `after` the (type, name) of what it depends on, `provider` the name of
    the one it goes to (empty for the usual one), `protect` whether the engine refuses to delete it.
    """

    type: str
    name: str
    parent: str
    inputs: Mapping[str, Any]
    secret: frozenset[str]
    after: frozenset[tuple[str, str]]
    ignored: tuple[str, ...]
    provider: str
    protect: bool
    formerly: tuple[str, ...] = ()
    """The names of the parents that it had before."""
    deleted_with: str = ""
    """The name of the resource whose end is its end too."""

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.name


@dataclass
class Recording:
    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: set[str] = field(default_factory=set)
    said: list[tuple[str, str]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """What came first: "said" for a message, else the type of a registration."""
    exit_status: object = 0

    def of(self, kind: str) -> list[Registered]:
        """All registrations of a type, given by its end: `ec2/vpc:Vpc`."""
        return [resource for resource in self.resources if resource.type.endswith(kind)]

    def one(self, kind: str, name: str | None = None) -> Registered:
        found = [r for r in self.of(kind) if name is None or r.name == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}: {[r.key for r in self.resources]}"
        return found[0]

    @property
    def errors(self) -> str:
        return "\n".join(text for level, text in self.said if level == "ERROR")

    @property
    def shape(self) -> set[tuple[tuple[str, str], frozenset[tuple[str, str]]]]:
        """Types, names and edges: what must be the same in all environments."""
        return {(resource.key, resource.after) for resource in self.resources}


Recorded = dict[str, Recording]
"""By the name of the stack."""


@dataclass(frozen=True)
class World:
    """What the program finds: a stack's file with `changes`, what is published, and the former state."""

    stack: str = "dev"
    changes: Mapping[str, Any] = field(default_factory=dict)
    published: tuple[Manifest, ...] = ()
    ledger: Ledger | None = None
    priorities: Mapping[str, int] = field(default_factory=dict)
    preview: bool = False
    environment_is_there: bool = True
    account: str | None = None
    """Whose credentials are used; None for those that the stack names."""
    aws: bool = True
    """False where the program must end before it asks AWS anything: there is nobody to answer."""
    obedient: bool = True
    """Whether the workers that run can be told whose turn it is; those of yesterday's program cannot."""
    marked: bool = False
    """Whether all that AWS makes up (ids, ARNs, addresses) ends with a dot and the stack's name."""

    def former_state(self) -> dict[str, Any]:
        prefix = f"urn:pulumi:{self.stack}::uneventful::"
        if not self.environment_is_there:
            return {f"{prefix}pulumi:providers:pulumi::default": {"outputs": {}}}
        stack = {"ledger": self.ledger.dump()} if self.ledger else {}
        rules = {
            f"{prefix}uneventful:release:Release$uneventful:release:Fleet$aws:lb/listenerRule:ListenerRule"
            f"::header-{release_id}": {"outputs": {"priority": float(priority)}}
            for release_id, priority in self.priorities.items()
        }
        return {
            f"{prefix}pulumi:pulumi:Stack::uneventful-{self.stack}": {"outputs": stack},
            f"{prefix}uneventful:infra:Bundles$aws:s3/bucket:Bucket::bundles": {
                "outputs": {"bucket": BUCKET}
            },
            **rules,
            **{f"{prefix}{kind}::{name}": {"outputs": made} for kind, name, made in self._fleets()},
        }

    def _fleets(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """What the former state says of what runs: kind, name and outputs."""
        told = base64.b64encode(b"uneventful-turn.service" if self.obedient else b"no turns").decode()
        running = (*filter(None, [self.ledger.live]), *self.ledger.warm) if self.ledger else ()
        for release in (entry.release for entry in running):
            tags = {RELEASE: release.id, PROCESS: "web"}
            arn = f"arn:aws:elasticloadbalancing:::targetgroup/{release.id}/1"
            yield "aws:lb/targetGroup:TargetGroup", f"web-{release.id}", {"arn": arn, "tags": tags}
            for process in release.manifest.workers:
                name, tags = f"{process.name}-{release.id}", {RELEASE: release.id, PROCESS: process.name}
                listed = [{"key": key, "value": value} for key, value in tags.items()]
                yield "aws:ec2/launchTemplate:LaunchTemplate", name, {"userData": told, "tags": tags}
                yield "aws:autoscaling/group:Group", name, {"name": f"{name}-group", "tags": listed}


def manifest(version: str, **words: Any) -> Manifest:
    given: dict[str, Any] = {
        "digest": f"{version:0>64}",
        "size": 1,
        "processes": (Process(name="web", command="web"),),
    }
    return Manifest(version=version, **(given | words))


def release(version: str, **variables: str) -> Release:
    return freeze(manifest(version), variables)


def live_after(*releases: Release, window: int = 1) -> Ledger:
    """The ledger once these were live one after another."""
    ledger = Ledger()
    for number, one in enumerate(releases, start=1):
        ledger = promote(ledger, one, window, f"2026-01-0{number}T00:00:00Z")
    return ledger


def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """What the program does in this world; to be read only, for an equal world has the same recording."""
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{world.stack}.yaml").read_text())["config"]
    for key, value in world.changes.items():
        before = config.get(key)
        config[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    same = repr((config, replace(world, changes={})))
    if same not in _recorded:
        told = {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(told))
        monkeypatch.chdir(ROOT)
        account = world.account or str((config["aws:allowedAccountIds"] or ["210987654321"])[0])
        recording = Recording()
        with _aws(account, world.published, monkeypatch) if world.aws else nullcontext():
            _run(world, recording)
        _recorded[same] = recording
    return _recorded[same]


_recorded: Recorded = {}
"""By what the program found: a run costs a second, and many tests look at the same one."""


def _run(world: World, recording: Recording) -> None:
    logger = logging.Logger("program", logging.INFO)
    logger.addHandler(_Listener(recording))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(
        _Engine(world),
        project="uneventful",
        stack=world.stack,
        preview=world.preview,
        logger=logger,
        monitor=_Monitor(_Engine(world), recording),
        organization="organization",
    )
    # The mocks make a stack of their own; `run_in_stack` makes the one that holds the program's outputs.
    pulumi.runtime.settings.set_root_resource(None)  # type: ignore[arg-type]
    try:
        with warnings.catch_warnings():
            # Both warn of each of their own deprecated modules while they are imported.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="pulumi_(aws|command)")
            loop.run_until_complete(pulumi.runtime.run_in_stack(_program))
    except SystemExit as ended:
        recording.exit_status = ended.code
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _program() -> None:
    runpy.run_path("__main__.py", run_name="__main__")


@contextmanager
def _aws(account: str, published: tuple[Manifest, ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        role = f"arn:aws:iam::{account}:role/developer"
        answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", answer["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", answer["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", answer["SessionToken"])
        if published:
            s3 = boto3.client("s3")
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
            for one in published:
                s3.put_object(Bucket=BUCKET, Key=f"versions/{one.version}.json", Body=one.model_dump_json())
        yield


class _Listener(logging.Handler):
    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording

    def emit(self, record: logging.LogRecord) -> None:
        self._recording.said.append((record.levelname, record.getMessage()))
        self._recording.order.append("said")


class _Engine(mocks.Mocks):
    def __init__(self, world: World) -> None:
        self._world = world

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        answers: dict[str, dict[str, Any]] = {
            "pulumi:pulumi:readStackResourceOutputs": {"outputs": self._world.former_state()},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{z}" for z in "cab"]},
            "aws:ssm/getParameter:getParameter": {"insecureValue": "ami-0123456789abcdef0"},
        }
        return answers[args.token]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        account = self._world.account or "111122223333"
        made = {
            "id": f"{args.name}-id",
            "arn": f"arn:aws:made:::{args.name}",
            "aws:s3/bucket:Bucket": {"bucket": BUCKET, "arn": f"arn:aws:s3:::{BUCKET}"},
            "aws:lb/loadBalancer:LoadBalancer": {
                "dnsName": "balancer.example.com",
                "arnSuffix": "app/name/1",
            },
            "aws:lb/targetGroup:TargetGroup": {"arnSuffix": f"targetgroup/{args.name}/1"},
            "aws:iam/role:Role": {"arn": f"arn:aws:iam::{account}:role/{args.name}"},
            "aws:rds/instance:Instance": {
                "address": "database.example.com",
                "identifier": f"{args.name}-1234567",
                "masterUserSecrets": [{"secretArn": "arn:aws:made:::master"}],
            },
            "aws:elasticache/replicationGroup:ReplicationGroup": {
                "primaryEndpointAddress": "cache.example.com",
                "replicationGroupId": f"{args.name}-1234567",
            },
            "aws:sqs/queue:Queue": {"url": f"https://queues.example.com/{args.name}"},
            "aws:ec2/instance:Instance": {"publicIp": "198.51.100.7", "privateIp": "10.0.0.7"},
            "aws:autoscaling/group:Group": {"name": f"{args.name}-group"},
            "pulumi:index:Stash": {"output": args.inputs.get("input")},
            "uneventful:index:TrafficShift": {"liveAt": "2026-02-01T00:00:00Z"},
            "uneventful:index:Handover": {"bakedUntil": "2026-02-01T00:10:00Z", "observed": "baked"},
        }
        if self._world.marked and args.typ.startswith("aws:"):
            made = {key: _marked(value, f".{self._world.stack}") for key, value in made.items()}
        common = {"arn": made["arn"], "name": args.name}
        specific = made.get(args.typ, {})
        assert isinstance(specific, dict)
        return str(made["id"]), {**common, **args.inputs, **specific}


class _Monitor(mocks.MockMonitor):
    def __init__(self, engine: mocks.Mocks, recording: Recording) -> None:
        super().__init__(engine)
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        if request.type != "pulumi:pulumi:Stack":
            self._recording.order.append(request.type)
            inputs = json_format.MessageToDict(request.object)
            after = {
                *request.dependencies,
                *(u for p in request.propertyDependencies.values() for u in p.urns),
            }
            self._recording.resources.append(
                Registered(
                    type=request.type,
                    name=request.name,
                    parent=request.parent.rpartition("::")[2],
                    inputs=_plain(inputs),
                    secret=frozenset(name for name, value in inputs.items() if _holds_secret(value)),
                    after=frozenset(_key(urn) for urn in after),
                    ignored=tuple(request.ignoreChanges),
                    provider=request.provider.rpartition("::")[0].rpartition("::")[2],
                    protect=request.protect,
                    formerly=tuple(alias.spec.parentUrn.rpartition("::")[2] for alias in request.aliases),
                    deleted_with=request.deletedWith.rpartition("::")[2],
                )
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if "pulumi:pulumi:Stack::" in request.urn:
            outputs = json_format.MessageToDict(request.outputs)
            self._recording.outputs = _plain(outputs)
            self._recording.secret_outputs = {name for name, v in outputs.items() if _holds_secret(v)}
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _key(urn: str) -> tuple[str, str]:
    qualified, _, name = urn.rpartition("::")
    return qualified.rpartition("::")[2].rpartition("$")[2], name


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, dict):
        return {key: _marked(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item, mark) for item in value]
    return f"{value}{mark}" if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value["value"]) if _SIGNATURE in value else {k: _plain(v) for k, v in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)
