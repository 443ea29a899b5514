"""The ramp: which shares of traffic a new release gets, one after the other, and as which weights. Pure.

A share is a whole percent of the traffic that the new release serves. The weights of a listener rule are kept
as a mapping from target group (ARN) to weight, the way the load balancer holds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from release.errors import SettingsError
from release.proof import tellable

Weights = Mapping[str, int]


@dataclass(frozen=True)
class Start:
    """Where traffic is before the first write, and where it goes back to on any doubt.

    `former` is the target group that gets everything back; None when nothing served before (a first release), and
    the wanted one itself when it is live by the record and only its weights were moved.
    `share` is the percent that the new target group serves already (an earlier shift may have been killed).
    `settled` is False when a third target group has weight: it must give its traffic to `former` first.
    """

    former: str | None
    share: int
    settled: bool = True


def steps_of(percents: Sequence[float]) -> tuple[int, ...]:
    """The steps as whole percents, rising, ending at 100.

    Raises:
        SettingsError: the steps are empty, not whole, not rising, too near each other to be told apart by
            probes, or do not end at 100.
    """
    steps = tuple(int(percent) for percent in percents)
    apart = all(low < high <= 100 and tellable(high, low) for low, high in pairwise((0, *steps)))
    whole = all(step == percent for step, percent in zip(steps, percents, strict=True))
    if not steps or not whole or not apart or steps[-1] != 100:
        raise SettingsError(
            "the steps of a shift cannot be used",
            expected="whole percents that rise, far enough apart for probes to tell, and end at 100: "
            "1, 5, 25, 50, 100",
            seen=", ".join(f"{percent:g}" for percent in percents) or "no steps",
            state="nothing was changed",
            next="mend the steps in the stack's settings",
        )
    return steps


def start_of(weights: Weights, wanted: str, recorded: str | None) -> Start:
    """What the API's weights mean for a shift to `wanted`.

    `recorded` is the target group that the last finished shift left live, where the state knows one.
    """
    total = sum(weights.values())
    share = round(100 * weights.get(wanted, 0) / total) if total else 0
    others = {group: weight for group, weight in weights.items() if group != wanted and weight > 0}
    if recorded == wanted:
        return Start(wanted, share)
    if recorded is not None and recorded in others:
        former: str | None = recorded
    elif others:
        former = max(sorted(others), key=lambda group: others[group])
    elif recorded is not None and weights:
        former = recorded
    else:
        former = None
    return Start(former, share, settled=not (set(others) - {former}))


def remaining(steps: Sequence[int], share: int) -> tuple[int, ...]:
    """The steps still to do when the new release serves `share` already.

    What it serves already was never watched to the end, so that share is a step again, unless it is 0. A step that
    probes cannot tell from that share is left out.
    """
    ahead = tuple(step for step in steps if step > share and tellable(step, share))
    return (share, *ahead) if share > 0 else ahead


def weights_at(share: int, former: str | None, wanted: str) -> Weights:
    """The weights that give `wanted` that share. At 0 and at 100 the other target group is not named."""
    if former is None or former == wanted or share >= 100:
        return MappingProxyType({wanted: 100})
    if share <= 0:
        return MappingProxyType({former: 100})
    return MappingProxyType({former: 100 - share, wanted: share})


def same_traffic(left: Weights, right: Weights) -> bool:
    """Whether both give every target group the same share; names with weight 0 do not count."""

    def shares(weights: Weights) -> dict[str, float]:
        total = sum(weights.values()) or 1
        return {group: round(weight / total, 6) for group, weight in weights.items() if weight > 0}

    return shares(left) == shares(right)
