"""Targets on their way in and out of target groups, beyond what moto keeps: since when, and what drains
until when.

A target that is deregistered drains: it gets no new request, what is in flight goes on. The data plane lets
it go as soon as nothing has been in flight for a second, or when the deregistration delay has passed; the
API shows `draining` for the whole delay, as AWS's does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

QUIET_SECONDS = 1.0
"""How long nothing must have been in flight: a load balancer still sends to a target shortly after it
drains."""

Key = tuple[str, str]
"""(target group ARN, target id as registered: an instance id or an IP address)."""


@dataclass(frozen=True)
class Drain:
    """Times on the monotonic clock. `done`: the data plane has let the target go."""

    port: int
    since: float
    until: float
    quiet_since: float | None = None
    done: bool = False


def advance(drain: Drain, now: float, in_flight: int, target_alive: bool) -> Drain:
    """The drain a moment later: done when quiet for long enough, at the end of the delay, or with its
    target."""
    if drain.done:
        return drain
    if not target_alive or now >= drain.until:
        return replace(drain, done=True)
    if in_flight > 0:
        return replace(drain, quiet_since=None)
    quiet_since = now if drain.quiet_since is None else drain.quiet_since
    return replace(drain, quiet_since=quiet_since, done=now - quiet_since >= QUIET_SECONDS)


class Registrations:
    """Not safe from several threads at once: the control plane holds its lock around it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: dict[Key, float] = {}
        self._drains: dict[Key, Drain] = {}

    def registered(self, group: str, target: str) -> None:
        self._since.setdefault((group, target), self._clock())
        self._drains.pop((group, target), None)

    def deregistered(self, group: str, target: str, port: int, delay: float, in_use: bool) -> None:
        """Start to drain; a target of a group that nothing sends to is let go at once, without a drain."""
        self._since.pop((group, target), None)
        if in_use:
            now = self._clock()
            self._drains[(group, target)] = Drain(port, now, now + delay)

    def age(self, group: str, target: str) -> float:
        """Seconds since the target was registered; 0 for one that is not."""
        since = self._since.get((group, target))
        return 0.0 if since is None else self._clock() - since

    def drain(self, group: str, target: str) -> Drain | None:
        return self._drains.get((group, target))

    def drains(self, group: str) -> dict[str, Drain]:
        """The group's drains by target id, those included that are done but still shown."""
        return {target: drain for (arn, target), drain in self._drains.items() if arn == group}

    def draining(self, target: str) -> bool:
        """Whether some target group still drains this target."""
        return any(not drain.done for (_, name), drain in self._drains.items() if name == target)

    def unfinished(self) -> frozenset[str]:
        """The target groups that have a drain which is not done."""
        return frozenset(arn for (arn, _), drain in self._drains.items() if not drain.done)

    def step(self, in_flight: Callable[[Key, int], int], alive: Callable[[str], bool]) -> None:
        """Advance every drain; forget those whose delay has passed."""
        now = self._clock()
        for key, drain in list(self._drains.items()):
            if drain.done and now >= drain.until:
                del self._drains[key]
            elif not drain.done:
                self._drains[key] = advance(drain, now, in_flight(key, drain.port), alive(key[1]))

    def forget_groups(self, existing: frozenset[str]) -> None:
        """Drop what belongs to target groups that are deleted."""
        for kept in (self._since, self._drains):
            for key in [key for key in kept if key[0] not in existing]:
                del kept[key]
