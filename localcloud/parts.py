"""What the parts of the local cloud say to each other.

The daemon holds one `Instances` and one `Balancer`. The control plane translates what AWS's API holds into
these frozen values; the parts make it real and answer what is true. Nothing here knows of moto, Envoy or
systemd.

    control plane --BalancerState--> Balancer      health, counts, active requests --> control plane
    control plane --InstanceSpec---> Instances     status, exits ---------------------> control plane
    control plane --DatabaseSpec---> Databases     status ----------------------------> control plane
    control plane --CacheSpec------> Caches        status ----------------------------> control plane
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

Endpoint = tuple[str, int]
"""A socket address: (127.x address, port)."""

InstanceState = Literal["booting", "running", "failed", "stopped", "gone"]
HealthState = Literal["initial", "healthy", "unhealthy", "draining", "unused"]
ActionKind = Literal["forward", "fixed-response", "redirect"]


# --- instances ---


@dataclass(frozen=True)
class Role:
    """The role of an instance's profile, with keys that the API knows as its own."""

    name: str
    profile_arn: str
    profile_id: str
    access_key: str
    secret_key: str
    token: str


@dataclass(frozen=True)
class InstanceSpec:
    """What an instance is made of. `user_data` is the plain text, out of base64 (b"" when there is none)."""

    instance_id: str
    region: str
    user_data: bytes
    address: str
    """The instance's own 127.x address: what it listens on, and what its metadata gives as `local_ipv4`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    credentials_env: Mapping[str, str] = field(default_factory=dict)
    """AWS's own variables for what runs on the instance: endpoint and region."""
    role: Role | None = None
    """What its metadata service gives keys for; None for an instance without a profile, which has none."""
    public: bool = False
    """Whether it has a public address too; that is the same one."""
    image_id: str = ""
    instance_type: str = ""
    availability_zone: str = ""


@dataclass(frozen=True)
class InstanceStatus:
    """`running`: the user data has been run to its end. `failed`: it ended with an error, which `detail`
    says. `stopped`: ended by `stop`, can be booted again. `gone`: nothing of it runs, or it was never
    there."""

    state: InstanceState
    pids: tuple[int, ...] = ()
    detail: str = ""


class Instances(Protocol):
    """The machines. Methods return at once; what takes time goes on in the background. Safe from any thread.

    Constructed as `LocalInstances(folder: Path, marker: str)`: `folder` holds a folder for each instance,
    `marker` is the value of the variable `UNEVENTFUL_CLOUD` that every process of an instance carries.
    """

    def tell_tags(self, tags: Callable[[str], Mapping[str, str] | None]) -> None:
        """From where instances learn their own tags, by instance id, each time that they ask for them; None for one
        that may not know them.
        """

    def start(self, spec: InstanceSpec) -> None:
        """Begin to boot an instance."""

    def terminate(self, instance_id: str) -> None:
        """SIGTERM to the instance's services, their own stop time-out to finish, then SIGKILL; the state
        becomes `gone` when nothing runs any more. Unknown or gone instances: nothing happens."""

    def stop(self, instance_id: str) -> None:
        """As `terminate`, but the instance keeps its folder and can be booted again."""

    def boot(self, instance_id: str) -> None:
        """Boot a stopped instance again; its user data is not run a second time, its enabled units start."""

    def adopt(self, spec: InstanceSpec) -> None:
        """Take over an instance that an earlier daemon left in its folder, as a stopped one; without its folder it is
        gone."""

    def freeze(self, instance_id: str) -> None:
        """Make the instance accept connections and never answer (a hung machine)."""

    def thaw(self, instance_id: str) -> None:
        """Undo `freeze`."""

    def status(self, instance_id: str) -> InstanceStatus:
        """What the instance is now. Cheap: is asked for each instance several times a second."""

    def alive(self, instance_id: str) -> bool:
        """Whether the machine itself is there (its first process), whatever its services do."""

    def on_exit(self, callback: Callable[[str], None]) -> None:
        """Call back with the instance's id when a machine is found dead that was not told to end, within 1 s.
        Callbacks come from the part's own thread and must not block."""

    def close(self) -> None:
        """Stop every instance (SIGTERM, at most 5 s, SIGKILL) and wait until nothing of them runs. Their folders stay,
        so that another daemon may adopt them."""


# --- load balancers ---


@dataclass(frozen=True)
class HealthCheck:
    """The target group's own check, in AWS's words. Times in seconds. `port` None is the traffic port.
    `matcher` as AWS writes it: "200", "200,202", "200-299"."""

    path: str = "/"
    interval: float = 30
    timeout: float = 5
    healthy: int = 5
    unhealthy: int = 2
    matcher: str = "200"
    port: int | None = None


@dataclass(frozen=True)
class Target:
    """`draining`: gets no new request; what is in flight goes on."""

    address: str
    port: int
    draining: bool = False
    instance_id: str = ""


@dataclass(frozen=True)
class TargetGroupState:
    arn: str
    name: str
    health_check: HealthCheck
    targets: tuple[Target, ...] = ()
    deregistration_delay: float = 300
    algorithm: Literal["round_robin", "least_outstanding_requests"] = "round_robin"


@dataclass(frozen=True)
class Action:
    """forward: `weights` are (target group ARN, weight 0..999); one group has weight 1; all weights 0
    answers 503. fixed-response: `status`, `body`, `content_type`. redirect: `status` and `location` as
    (scheme, host, port, path, query) with AWS's placeholders `#{protocol}`, `#{host}`, `#{port}`,
    `#{path}`, `#{query}`."""

    kind: ActionKind
    weights: tuple[tuple[str, int], ...] = ()
    status: int = 0
    body: str = ""
    content_type: str = "text/plain"
    location: tuple[str, str, str, str, str] = ("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}")


@dataclass(frozen=True)
class Rule:
    """Conditions are ANDed, the patterns of one condition ORed. Patterns have `*` and `?`. Header names,
    header values and hosts match without case; paths with case. No condition matches everything."""

    priority: int
    action: Action
    path_patterns: tuple[str, ...] = ()
    headers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    host_headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListenerState:
    """`rules` in order of priority, lowest number first; `default` when none matches."""

    arn: str
    port: int
    default: Action
    rules: tuple[Rule, ...] = ()
    protocol: str = "HTTP"


@dataclass(frozen=True)
class BalancerState:
    """One load balancer. `target_groups` holds every group that a listener or rule names, and only those."""

    arn: str
    address: str
    listeners: tuple[ListenerState, ...] = ()
    target_groups: tuple[TargetGroupState, ...] = ()
    idle_timeout: float = 60


@dataclass(frozen=True)
class TargetHealth:
    """In AWS's words: reasons such as `Elb.InitialHealthChecking`, `Target.FailedHealthChecks`,
    `Target.Timeout`, `Target.ResponseCodeMismatch`; empty for a healthy target."""

    state: HealthState
    reason: str = ""
    description: str = ""


@dataclass(frozen=True)
class GroupCounts:
    """What one target group (in one load balancer) answered since the last call. `target_group_arn` is "" for
    answers that the load balancer gave without any group (fixed responses, redirects). `total_seconds` is
    the sum of the targets' response times over `answered` (requests that a target answered); `latencies` has how
    many took how many seconds, to within 1 %."""

    load_balancer_arn: str
    target_group_arn: str
    requests: int = 0
    answered: int = 0
    target_2xx: int = 0
    target_3xx: int = 0
    target_4xx: int = 0
    target_5xx: int = 0
    elb_4xx: int = 0
    elb_5xx: int = 0
    """Answers 4xx/5xx made by the load balancer itself (502, 503, 504, …), not by a target."""
    connection_errors: int = 0
    total_seconds: float = 0.0
    latencies: tuple[tuple[float, int], ...] = ()


class Balancer(Protocol):
    """The data plane of all load balancers. Safe from any thread.

    Constructed as `EnvoyBalancer(folder: Path, on_log: Callable[[str], None])`; starts its process at once or
    at the first `apply`. A process of its that dies is started again with the last state. Its processes carry
    the variable `UNEVENTFUL_CLOUD` of this process's environment.
    """

    def apply(self, state: tuple[BalancerState, ...]) -> None:
        """Make this the whole truth. When it returns the data plane serves it (bounded by 0.2 s); a load
        balancer that is not in `state` answers no more. Equal state: nothing happens, at no cost.

        Raises `PortTaken` when an address and port cannot be listened on; the rest of `state` is served.
        """

    def health(self, target_group_arn: str) -> Mapping[Endpoint, TargetHealth]:
        """What the data plane's own checks say of each target that is not draining. A target that was not yet
        checked is `initial`. From memory, refreshed at least twice a second."""

    def active_requests(self, target_group_arn: str) -> Mapping[Endpoint, int]:
        """Requests in flight to each target, draining ones too. A target that is not there: 0."""

    def take_counts(self) -> tuple[GroupCounts, ...]:
        """Counts since the last call; groups without a request are left out."""

    @property
    def pid(self) -> int | None:
        """The data plane's process, None when none runs."""

    def close(self) -> None:
        """End the process and close every port; returns when that is so."""


# --- databases and caches ---

StoreState = Literal["starting", "available", "stopped", "failed", "gone"]


@dataclass(frozen=True)
class StoreStatus:
    """`available`: it answers at its endpoint. `failed`: it does not and will not, `detail` says why.
    `gone`: nothing of it is left, or it was never there."""

    state: StoreState
    pids: tuple[int, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class DatabaseSpec:
    """A PostgreSQL server. `name` is the database made with it, "" for none; `parameters` are those that a
    user has set in the parameter group, RDS's own (`rds.…`) among them."""

    identifier: str
    address: str
    port: int
    name: str
    master: str
    password: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CacheSpec:
    """A Valkey server. `token` "" asks for no password; `tls` is in-transit encryption."""

    identifier: str
    address: str
    port: int
    token: str = field(default="", repr=False)
    tls: bool = True


Spec = TypeVar("Spec", contravariant=True)


class Stores(Protocol[Spec]):
    """The servers of one kind. Methods return at once; what takes time goes on in the background, for one
    identifier in the order of the calls. Safe from any thread.

    A server that dies is started again. Its processes carry the variable `UNEVENTFUL_CLOUD` of this
    process's environment, and end with this process.
    """

    def create(self, spec: Spec) -> None:
        """Begin to make an empty one; what was there of this identifier is removed."""

    def open(self, spec: Spec) -> None:
        """Begin to start one with the data that it had, with this password and these parameters."""

    def change(self, spec: Spec) -> None:
        """Let a running one have another password or other parameters. Connections stay."""

    def restart(self, identifier: str) -> None:
        """End all connections and start it again, with its data and what was changed."""

    def stop(self, identifier: str) -> None:
        """End it; it keeps its data and can be restarted."""

    def delete(self, identifier: str) -> None:
        """End it and remove its data. One that is not there: nothing happens."""

    def status(self, identifier: str) -> StoreStatus:
        """What it is now. Cheap: is asked for several times a second."""

    def close(self) -> None:
        """End all of them in good order, data kept; returns when nothing of them runs."""


class Databases(Stores[DatabaseSpec], Protocol):
    """Constructed as `LocalDatabases(place, authority, on_log)`."""

    @property
    def version(self) -> str:
        """PostgreSQL's version, such as `18.6`: the only one that there is."""


Caches = Stores[CacheSpec]
"""Constructed as `LocalCaches(place, authority, on_log)`."""
