"""Settings of how an environment is reached: its network and its balancer. Times are in seconds."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.part import Part, refuse

PRIVATE_RANGES = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def _usable_range(cidr: IPv4Network) -> IPv4Network:
    if not 16 <= cidr.prefixlen <= 22 or not any(cidr.subnet_of(block) for block in PRIVATE_RANGES):
        raise refuse("not a private range of that size")
    return cidr


class Network(Part):
    """The environment's own network."""

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
    """The load balancer, and who may reach it."""

    port: Annotated[
        int | None,
        Field(
            ge=1,
            le=65535,
            description="the listener's port, 1 to 65535; without one 443 where there is a certificate, else 80",
            examples=[443],
        ),
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
    access_logs: Annotated[
        bool,
        Field(
            description="true or false; true keeps a line for each request in a bucket, as long as logs.retention says",
            examples=[True],
        ),
    ] = False
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
