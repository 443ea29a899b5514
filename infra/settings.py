"""The typed configuration of an environment: the only place where stacks may differ.

A field's description says what is allowed and its example is a value that is; both are what a person
reads when a stack file is refused (`infra.configuration`). Times are in seconds.
"""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import AfterValidator, Field

from infra.freezes import Day, Freeze
from infra.operated import AcceptedRisks, Alarms, Logs, Operations, RiskName
from infra.part import Part, refuse
from infra.reached import Balancer, Network
from infra.running import PROCESS_PATTERN, Rollout, Web, Worker
from infra.stored import COMMANDS_QUEUE, QUEUE_PATTERN, Bundles, Cache, Database, Queue
from infra.variables import NAME_PATTERN, RESERVED_VARIABLES

__all__ = (
    "Alarms",
    "Balancer",
    "Bundles",
    "Cache",
    "Database",
    "Freeze",
    "Logs",
    "Network",
    "Operations",
    "Queue",
    "Rollout",
    "Settings",
    "Web",
    "Worker",
)

ONE_LINE = r"^[^\r\n\x00]{1,300}$"

PRODUCTION = "production"
"""The stack whose risks are refused unless they are accepted, and whose resources `pulumi destroy` leaves."""


def _usable_variables(variables: dict[str, str]) -> dict[str, str]:
    taken = sorted(variables.keys() & RESERVED_VARIABLES)
    if taken:
        raise refuse(f"{taken[0]} is set by every instance itself")
    for name, value in variables.items():
        if any(ord(letter) < 32 and letter not in "\t\n" for letter in value):
            raise refuse(f"{name} holds a control character")
    return dict(sorted(variables.items()))


def _no_web(workers: dict[str, Worker]) -> dict[str, Worker]:
    if "web" in workers:
        raise refuse("the process web has settings of its own, uneventful:web")
    return dict(sorted(workers.items()))


def _by_name(queues: dict[str, Queue]) -> dict[str, Queue]:
    if COMMANDS_QUEUE in queues:
        raise refuse("every environment has a queue of that name already, for commands")
    return dict(sorted(queues.items()))


class Settings(Part):
    """All of one stack's configuration. `release`, `contract`, `override`, `accept_api` and `evidence` are None where
    it names none.
    """

    stack: str
    region: Annotated[
        str,
        Field(
            pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
            description="the AWS region of this environment",
            examples=["eu-west-1"],
        ),
    ]
    account_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^\d{12}$")], ...],
        Field(
            min_length=1,
            description="the ids of the accounts that this environment may be in, 12 digits in quotes each",
            examples=[["111122223333"]],
        ),
    ]
    network: Annotated[
        Network, Field(description="a mapping of cidr, zones, nat", examples=[{"nat": "each"}])
    ] = Network()
    balancer: Annotated[
        Balancer,
        Field(
            description="a mapping of port, certificate, domain, allow, idle_timeout, access_logs, deletion_protection",
            examples=[{"port": 80}],
        ),
    ] = Balancer()
    bundles: Annotated[
        Bundles, Field(description="a mapping of force_destroy", examples=[{"force_destroy": False}])
    ] = Bundles()
    database: Annotated[
        Database,
        Field(
            description="a mapping of instance, version, storage, max_storage, multi_az, backup_days, "
            "deletion_protection, final_snapshot, name",
            examples=[{"instance": "db.t4g.micro"}],
        ),
    ] = Database()
    queues: Annotated[
        dict[Annotated[str, Field(pattern=QUEUE_PATTERN)], Queue],
        AfterValidator(_by_name),
        Field(
            description="NAME: {visibility, retention, attempts, oldest} for each queue; a name is a small letter, "
            "then small letters, digits and -, 32 at most, and is not commands",
            examples=[{"jobs": {}}],
        ),
    ] = Field(default_factory=lambda: {"jobs": Queue()})
    cache: Annotated[
        Cache, Field(description="a mapping of instance, version, replicas", examples=[{"replicas": 1}])
    ] = Cache()
    web: Annotated[
        Web,
        Field(
            description="a mapping of instance, image, min, max, requests, grace, health",
            examples=[{"min": 2, "max": 4}],
        ),
    ] = Web()
    workers: Annotated[
        dict[Annotated[str, Field(pattern=PROCESS_PATTERN)], Worker],
        AfterValidator(_no_web),
        Field(
            description="PROCESS: {instance, min, max, queue, backlog} for processes of the Procfile other than web; "
            "the ones that are not named have the defaults",
            examples=[{"worker": {"min": 1, "max": 4}}],
        ),
    ] = Field(default_factory=dict)
    rollout: Annotated[
        Rollout,
        Field(
            description="a mapping of steps, observe, proof, metrics, drain, workers, handover, bake, gate, limits",
            examples=[{"observe": 180}],
        ),
    ] = Rollout()
    operations: Annotated[
        Operations,
        Field(
            description="a mapping of instance, allow, port, user, address",
            examples=[{"allow": ["203.0.113.0/24"]}],
        ),
    ] = Operations()
    alarms: Annotated[
        Alarms,
        Field(
            description="a mapping of recipients, latency, errors, cpu, connections, free_storage, dead_letters",
            examples=[{"recipients": ["team@example.com"]}],
        ),
    ] = Alarms()
    logs: Annotated[Logs, Field(description="a mapping of retention", examples=[{"retention": 30}])] = Logs()
    window: Annotated[
        int,
        Field(
            ge=0,
            le=3,
            description="0 to 3 former releases that stay warm, to go back to in seconds",
            examples=[1],
        ),
    ] = 1
    warm: Annotated[
        int,
        Field(
            ge=1,
            le=2592000,
            description="1 to 2592000 s that a former release stays at its full size; then it shrinks by itself, and "
            "going back to it boots it again",
            examples=[86400],
        ),
    ] = 86400
    freeze: Annotated[
        tuple[Freeze, ...],
        Field(
            description="a list of {days, from, to, timezone, reason} in which nothing is released; days are of "
            + ", ".join(get_args(Day))
            + ": with them from and to are times of a day, in quotes, without them dates with or without a time",
            examples=[[{"days": ["fri"], "from": "16:00", "to": "24:00", "timezone": "Europe/Berlin"}]],
        ),
    ] = ()
    variables: Annotated[
        dict[Annotated[str, Field(pattern=NAME_PATTERN)], str],
        AfterValidator(_usable_variables),
        Field(
            description="NAME: value pairs, plain text in quotes, none of " + ", ".join(RESERVED_VARIABLES),
            examples=[{"GREETING": "hello"}],
        ),
    ] = Field(default_factory=dict)
    secrets: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9-]{32,64}$",
            description="the id of a version of the environment's secret variables, as `release secrets set` writes it",
            examples=["0123abcd-01ab-4567-89ab-0123456789ab"],
        ),
    ] = None
    accept_risk: Annotated[
        AcceptedRisks,
        Field(
            description="a list of NAME: REASON, a reason each; a name is one of "
            + ", ".join(get_args(RiskName)),
            examples=[[{"single-az-database": "a day of downtime costs less than the second server"}]],
        ),
    ] = ()
    release: Annotated[
        str | None,
        Field(
            pattern=r"^(id:[0-9a-f]{8}|[A-Za-z0-9][A-Za-z0-9._+-]{0,63})$",
            description="a published version, or id: and the id of a release that was live before",
            examples=["2"],
        ),
    ] = None
    contract: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9a-f]{8}$",
            description="the id of the live release whose contract migrations this one update applies; "
            "`release contract` gives it",
            examples=["0123abcd"],
        ),
    ] = None

    override: Annotated[
        str | None,
        Field(
            pattern=ONE_LINE,
            description="why this one update releases in spite of uneventful:freeze, a line of 300 characters at most; "
            "`--override-freeze` gives it",
            examples=["the cure of tonight's outage"],
        ),
    ] = None
    accept_api: Annotated[
        str | None,
        Field(
            pattern=ONE_LINE,
            description="why this one update may break clients of the live release by its OpenAPI document, a line of "
            "300 characters at most; `--accept-api-changes` gives it",
            examples=["the last client moved in May"],
        ),
    ] = None
    evidence: Annotated[
        str | None,
        Field(
            pattern=ONE_LINE,
            description="what allows this one update to release here, a line of 300 characters at most; "
            "`release promote` gives it",
            examples=["live in staging"],
        ),
    ] = None

    @property
    def accepted(self) -> dict[RiskName, str]:
        """The accepted risks: why each is taken, by name."""
        return {name: reason.strip() for risk in self.accept_risk for name, reason in risk.items()}

    @property
    def protected(self) -> bool:
        """Whether the engine refuses to delete what can't be had back, and so `pulumi destroy` as a whole."""
        return self.stack == PRODUCTION and "deletion-protection-off" not in self.accepted
