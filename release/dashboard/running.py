"""What runs in an environment, and whose the traffic is, in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from release.dashboard.sight import Told


@dataclass(frozen=True)
class Share:
    """A part of a bar: `begin` and `size` in percent, of a release in this `role`."""

    role: str
    label: str
    begin: float
    size: float


@dataclass(frozen=True)
class Worker:
    """A process beside the web: `healthy` of how many; `short` where some are missing."""

    process: str
    turn: str
    healthy: str
    short: bool


@dataclass(frozen=True)
class Fleet:
    """A release that runs. Empty texts are not known."""

    role: str
    version: str
    release: str
    weight: str
    served: str
    healthy: str
    short: bool
    workers: tuple[Worker, ...]


def fleet(told: Told) -> Fleet:
    wanted = told["wanted"] or told["targets"]
    share = told["served"]
    return Fleet(
        role=told["state"],
        version=told["version"] or "?",
        release=told["id"],
        weight="" if told["weight"] is None else f"{told['weight']} %",
        served="" if share is None else f"{share * 100:.4g} %",
        healthy="" if told["healthy"] is None else f"{told['healthy']} of {wanted}",
        short=told["healthy"] is not None and told["healthy"] < (wanted or 0),
        workers=tuple(
            Worker(
                each["process"],
                each["turn"],
                f"{each['healthy']} of {each['wanted']}",
                each["healthy"] < each["wanted"],
            )
            for each in told["workers"]
        ),
    )


def shares(told: Told, name: str, scale: float) -> tuple[Share, ...]:
    """Of all weights, whatever their sum is, and of all answers."""
    parts = [(each, (each[name] or 0) * scale) for each in told.get("releases", ()) if each[name]]
    total = max(100.0, sum(size for _, size in parts))
    shares, begin = list[Share](), 0.0
    for each, size in parts:
        shares.append(
            Share(
                each["state"],
                f"{size:.3g} % {each['version'] or each['id']}",
                round(begin, 2),
                round(size / total * 100, 2),
            )
        )
        begin += size / total * 100
    return tuple(shares)
