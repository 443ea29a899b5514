"""How people reach an environment: its certificate, and the name that leads to its load balancer."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from release.doctor.account import Clients
from release.doctor.finding import Finding, bad, ok, warn

_SOON = timedelta(days=30)
"""AWS renews its own certificates 60 days before they end; one with less left was not renewed."""


@dataclass(frozen=True)
class Certificate:
    """AWS's word for its `status`, until when it is good (None while it was not issued), and the names it is for."""

    status: str
    until: datetime | None
    names: tuple[str, ...]
    why: str = ""


def look_at_certificate(clients: Clients, arn: str) -> Certificate:
    found = clients("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return Certificate(
        str(found.get("Status", "")),
        found.get("NotAfter"),
        tuple(found.get("SubjectAlternativeNames") or [found.get("DomainName", "")]),
        str(found.get("FailureReason") or ""),
    )


def certificate(seen: Certificate, domain: str, now: datetime) -> Finding:
    if seen.status != "ISSUED" or seen.until is None:
        why = f" ({seen.why})" if seen.why else ""
        return bad(
            "certificate", f"its status is {seen.status}{why}", "answer its validation, in DNS or by mail"
        )
    until = f"good until {seen.until:%Y-%m-%d}"
    if seen.until <= now:
        return bad(
            "certificate", f"expired on {seen.until:%Y-%m-%d}", "renew it, and name it in uneventful:balancer"
        )
    if not any(_covers(name, domain) for name in seen.names):
        names = ", ".join(seen.names)
        return bad(
            "certificate", f"it is for {names}, not for {domain}", "name one for uneventful:balancer.domain"
        )
    if seen.until - now < _SOON:
        left = (seen.until - now).days
        return warn(
            "certificate", f"{until}, {left} days", "see why it is not renewed: its validation record in DNS"
        )
    return ok("certificate", f"{until}, for {domain}")


def _covers(name: str, domain: str) -> bool:
    if name.startswith("*."):
        return domain.partition(".")[2] == name[2:]
    return name == domain


def addresses_of(name: str) -> tuple[str, ...]:
    """Where a name leads; empty where it leads nowhere."""
    try:
        found = socket.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(sorted({str(each[4][0]) for each in found}))


def domain(name: str, leads_to: Sequence[str], balancer: str, balancer_at: Sequence[str]) -> Finding:
    """Whether the domain `name` leads where the `balancer` (its own name) is; both with their addresses."""
    remedy = f"make {name} an alias, or a CNAME, of {balancer}"
    if not leads_to:
        return warn("domain", f"{name} leads nowhere", remedy)
    if not set(leads_to) & set(balancer_at):
        there = ", ".join(balancer_at) or "no address"
        seen = f"{name} leads to {', '.join(leads_to)}, the load balancer is at {there}"
        return warn("domain", f"{seen}: right only if something in between passes it on", remedy)
    return ok("domain", f"{name} leads to the load balancer")
