"""AWS's less pleasant truths, as knobs; all are off until set.

    weights-delay=SECONDS                 the API accepts a change of listeners or rules, the data plane follows later
    slow-healthy=SECONDS                  a target is not checked until it has been registered for so long
    api-throttle=RATE[:service[:Action]]  so many of the calls (0.1 or 10%) are answered as AWS throttles
    api-error=RATE[:service[:Action]]     so many of the calls are answered with a 5xx
    api-unreachable=on                    every connection to the API is closed without an answer
    target-hang=INSTANCE                  the instance accepts connections and never answers
    schedules-faster=TIMES                schedules live so many times as fast: rate(1 minute) at 60 is due each
                                          second; set back, they go on from where they are, ahead of the clock
    seed=NUMBER                           the random knobs draw from this seed from now on

`api-throttle`, `api-error` and `target-hang` take several values, separated by commas. A service is named
as in an API call's signature (`elasticloadbalancing`, `autoscaling`, `ec2`, `s3`, `monitoring`) or as in
boto3 (`elbv2`, `cloudwatch`).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from threading import Lock

from localcloud.errors import UnknownFault

SIGNING_NAMES = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing", "cloudwatch": "monitoring"}


@dataclass(frozen=True)
class ApiFault:
    """`rate` of the calls (0..1) of `service` and `action`; empty ones are all services, all actions."""

    rate: float
    service: str = ""
    action: str = ""

    def concerns(self, service: str, action: str) -> bool:
        return self.service in ("", service) and self.action in ("", action)

    def __str__(self) -> str:
        return ":".join([f"{self.rate:g}", *filter(None, (self.service, self.action))])


@dataclass(frozen=True)
class Faults:
    """The knobs as they are set. Times in seconds; 0 and empty are off."""

    weights_delay: float = 0.0
    slow_healthy: float = 0.0
    api_throttle: tuple[ApiFault, ...] = ()
    api_error: tuple[ApiFault, ...] = ()
    api_unreachable: bool = False
    target_hang: tuple[str, ...] = ()
    schedules_faster: float = 0.0
    seed: int | None = None

    def shown(self) -> dict[str, str]:
        """The knobs that are on, as one would set them."""
        return {
            knob.name.replace("_", "-"): _show(getattr(self, knob.name))
            for knob in fields(self)
            if getattr(self, knob.name) not in (0.0, (), False, None)
        }


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    if isinstance(value, bool):
        return "on"
    return f"{value:g}" if isinstance(value, float) else str(value)


def set_fault(faults: Faults, name: str, value: str) -> Faults:
    """`faults` with one knob set from its text. Raises `UnknownFault` for a name or a value that does not
    exist."""
    reader = _READERS.get(name)
    if reader is None:
        raise UnknownFault(f"there is no fault '{name}'.", f"There are: {', '.join(_READERS)}")
    try:
        read = reader(value)
    except ValueError as wrong:
        raise UnknownFault(
            f"{name}={value}: {wrong}.", f"For example: localcloud fault set {_EXAMPLES[name]}"
        ) from None
    changed: Mapping[str, object] = {name.replace("-", "_"): read}
    return replace(faults, **changed)  # type: ignore[arg-type]


def clear_fault(faults: Faults, name: str | None) -> Faults:
    """`faults` with one knob off, or with all of them off."""
    if name is None:
        return Faults()
    if name not in _READERS:
        raise UnknownFault(f"there is no fault '{name}'.", f"There are: {', '.join(_READERS)}")
    attribute = name.replace("-", "_")
    changed: Mapping[str, object] = {attribute: getattr(Faults(), attribute)}
    return replace(faults, **changed)  # type: ignore[arg-type]


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise ValueError("expected 0 to 3600 seconds")
    return seconds


def _times(text: str) -> float:
    times = float(text)
    if not 1 <= times <= 3600:
        raise ValueError("expected 1 to 3600 times")
    return times


def _api_faults(text: str) -> tuple[ApiFault, ...]:
    return tuple(_api_fault(part) for part in text.split(",") if part)


def _api_fault(text: str) -> ApiFault:
    rate_text, _, rest = text.partition(":")
    service, _, action = rest.partition(":")
    rate = float(rate_text.removesuffix("%")) / (100 if rate_text.endswith("%") else 1)
    if not 0 <= rate <= 1:
        raise ValueError("expected a rate from 0 to 1, or from 0% to 100%")
    return ApiFault(rate, SIGNING_NAMES.get(service.lower(), service.lower()), action)


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("expected on or off")
    return text == "on"


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_READERS: dict[str, Callable[[str], object]] = {
    "weights-delay": _seconds,
    "slow-healthy": _seconds,
    "api-throttle": _api_faults,
    "api-error": _api_faults,
    "api-unreachable": _switch,
    "target-hang": _names,
    "schedules-faster": _times,
    "seed": int,
}
_EXAMPLES = {
    "weights-delay": "weights-delay 5",
    "slow-healthy": "slow-healthy 20",
    "api-throttle": "api-throttle 10%:elbv2:ModifyRule",
    "api-error": "api-error 0.05:autoscaling",
    "api-unreachable": "api-unreachable on",
    "target-hang": "target-hang i-0123456789abcdef0",
    "schedules-faster": "schedules-faster 60",
    "seed": "seed 42",
}


@dataclass
class FaultBoard:
    """The knobs that are on now, and the dice. Safe from any thread; `on_log` hears of every change, with
    its seed."""

    on_log: Callable[[str], None]
    faults: Faults = field(default_factory=Faults)
    _lock: Lock = field(default_factory=Lock)
    _dice: random.Random = field(default_factory=random.Random)
    _seed: int = -1

    def change(self, faults: Faults) -> None:
        with self._lock:
            before, self.faults = self.faults, faults
            if faults.seed is not None and faults.seed != before.seed:
                self._sow(faults.seed)
            elif (faults.api_throttle or faults.api_error) and self._seed < 0:
                self._sow(secrets.randbelow(2**31))
        shown = faults.shown()
        self.on_log("faults: " + (", ".join(f"{name}={value}" for name, value in shown.items()) or "none"))

    def _sow(self, seed: int) -> None:
        self._seed = seed
        self._dice.seed(seed)
        self.on_log(f"faults: random ones draw from seed {seed} from now on")

    def strikes(self, candidates: tuple[ApiFault, ...], service: str, action: str) -> bool:
        """Whether one of the faults that concern this call happens to it."""
        concerned = [fault for fault in candidates if fault.concerns(service, action)]
        if not concerned:
            return False
        with self._lock:
            return any(self._dice.random() < fault.rate for fault in concerned)
