"""The typed configuration of an environment: the only place where stacks may differ.

A field's description says what is allowed and its example is a value that is; both are what a person
reads when a stack file is refused (`infra.configuration`). Times are in seconds.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.part import Part, refuse
from infra.running import Rollout, Web
from infra.variables import NAME_PATTERN, RESERVED_VARIABLES

PRIVATE_RANGES = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def _usable_range(cidr: IPv4Network) -> IPv4Network:
    if not 16 <= cidr.prefixlen <= 22 or not any(cidr.subnet_of(block) for block in PRIVATE_RANGES):
        raise refuse("not a private range of that size")
    return cidr


def _usable_variables(variables: dict[str, str]) -> dict[str, str]:
    taken = sorted(variables.keys() & RESERVED_VARIABLES)
    if taken:
        raise refuse(f"{taken[0]} is set by every instance itself")
    for name, value in variables.items():
        if any(ord(letter) < 32 and letter not in "\t\n" for letter in value):
            raise refuse(f"{name} holds a control character")
    return dict(sorted(variables.items()))


class Network(Part):
    cidr: Annotated[
        IPv4Network,
        AfterValidator(_usable_range),
        Field(
            description="a private IPv4 range of /16 to /22, its own in each environment",
            examples=["10.10.0.0/16"],
        ),
    ] = IPv4Network("10.10.0.0/16")
    zones: Annotated[
        int, Field(ge=2, le=3, description="availability zones to spread over, 2 or 3", examples=[2])
    ] = 2
    nat: Annotated[
        Literal["none", "one", "each"],
        Field(
            description="none (instances have public addresses of their own), one (for all zones) "
            "or each (one a zone)",
            examples=["each"],
        ),
    ] = "each"


class Balancer(Part):
    port: Annotated[
        int | None,
        Field(ge=1, le=65535, description="the listener's port, 1 to 65535", examples=[443]),
    ] = None
    certificate: Annotated[
        str | None,
        Field(
            pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$",
            description="the ARN of a certificate in AWS Certificate Manager, together with its domain",
            examples=["arn:aws:acm:eu-west-1:111122223333:certificate/0123abcd-01ab-4567-89ab-0123456789ab"],
        ),
    ] = None
    domain: Annotated[
        str | None,
        Field(
            pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$",
            description="the host name that the certificate is for and that leads to the balancer",
            examples=["www.example.com"],
        ),
    ] = None
    allow: Annotated[
        tuple[IPv4Network, ...],
        Field(
            min_length=1, description="IPv4 ranges that may connect, at least one", examples=[["0.0.0.0/0"]]
        ),
    ] = (IPv4Network("0.0.0.0/0"),)
    idle_timeout: Annotated[
        int,
        Field(ge=1, le=4000, description="1 to 4000 s a connection may be silent", examples=[60]),
    ] = 60
    deletion_protection: Annotated[
        bool, Field(description="true or false; true has the balancer refuse its deletion", examples=[True])
    ] = True

    @model_validator(mode="after")
    def _certificate_with_domain(self) -> Self:
        if (self.certificate is None) != (self.domain is None):
            raise refuse("certificate and domain go together")
        if self.certificate and self.port == 80:
            raise refuse("port 80 only redirects where there is a certificate")
        return self

    @property
    def listener_port(self) -> int:
        return self.port or (443 if self.certificate else 80)


class Bundles(Part):
    force_destroy: Annotated[
        bool,
        Field(
            description="true or false; true lets `pulumi destroy` delete the published bundles",
            examples=[False],
        ),
    ] = False


class Settings(Part):
    """All of one stack's configuration. `release` is None where the configuration names none."""

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
            description="a mapping of port, certificate, domain, allow, idle_timeout, deletion_protection",
            examples=[{"port": 80}],
        ),
    ] = Balancer()
    bundles: Annotated[
        Bundles, Field(description="a mapping of force_destroy", examples=[{"force_destroy": False}])
    ] = Bundles()
    web: Annotated[
        Web,
        Field(
            description="a mapping of instance, image, min, max, grace, health",
            examples=[{"min": 2, "max": 4}],
        ),
    ] = Web()
    rollout: Annotated[
        Rollout,
        Field(
            description="a mapping of steps, observe, proof, metrics, drain, gate, limits",
            examples=[{"observe": 180}],
        ),
    ] = Rollout()
    window: Annotated[
        int,
        Field(
            ge=0,
            le=3,
            description="0 to 3 former releases that stay warm, to go back to in seconds",
            examples=[1],
        ),
    ] = 1
    variables: Annotated[
        dict[Annotated[str, Field(pattern=NAME_PATTERN)], str],
        AfterValidator(_usable_variables),
        Field(
            description="NAME: value pairs, plain text in quotes, none of " + ", ".join(RESERVED_VARIABLES),
            examples=[{"GREETING": "hello"}],
        ),
    ] = Field(default_factory=dict)
    release: Annotated[
        str | None,
        Field(
            pattern=r"^(id:[0-9a-f]{8}|[A-Za-z0-9][A-Za-z0-9._+-]{0,63})$",
            description="a published version, or id: and the id of a release that was live before",
            examples=["2"],
        ),
    ] = None
