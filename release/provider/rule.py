"""The main rule: the one place where the weights are, written by whoever holds the lease."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from types import MappingProxyType

from release.balancer import Balancer, Rule
from release.errors import BalancerBusy, BalancerError, LeaseError, LeaseLost
from release.provider.lease import Lease
from release.provider.ports import Time
from release.ramp import Weights

FORWARD_PATIENCE = 20.0
"""How long (s) a step may be refused by a busy API before the shift is given up."""
RESTORE_PATIENCE = 600.0
"""How long (s) putting the weights back is tried."""


class MainRule:
    """The listener's rule at `priority`, for every path. All writes look at the lease first, each single try."""

    def __init__(self, balancer: Balancer, lease: Lease, time: Time, listener: str, priority: int) -> None:
        self._balancer = balancer
        self._lease = lease
        self._time = time
        self._listener = listener
        self._priority = priority
        self._rule: Rule | None = None
        self.written: Weights | None = None

    @property
    def arn(self) -> str:
        return self._rule.arn if self._rule else ""

    @property
    def asked(self) -> bool:
        """Whether somebody wants the lease."""
        return bool(self._lease.asked)

    async def given_way(self, outcome: str) -> bool:
        """Give the lease back if somebody asked for it; then nothing more may be written. Whether it was so."""
        if not self._lease.asked:
            return False
        await self._lease.give_back(outcome)
        return True

    async def read(self) -> Weights | None:
        """The weights as the API has them; None without a rule."""
        self._rule = await self._balancer.rule(self._listener, self._priority)
        return MappingProxyType(dict(self._rule.weights)) if self._rule else None

    async def write(self, weights: Weights) -> None:
        """Let the API have these weights. `written` tells, from before the first try on, that it may have them.

        Raises:
            LeaseLost: another writer took over; nothing was sent after that was known.
            LeaseError, BalancerError: not written within the patience, or refused.
        """
        self.written = weights
        await self._patiently(lambda: self._try(weights))

    async def restore(self, weights: Weights | None) -> None:
        """Let the API have these weights, or no rule at all for None: as `write`, but hardly ever giving up."""
        started = self._time.clock()
        while True:
            try:
                return await (self._try_remove() if weights is None else self._try(weights))
            except LeaseLost:
                raise
            except (BalancerError, LeaseError) as error:
                if self._time.clock() - started >= RESTORE_PATIENCE:
                    raise
                if not isinstance(error, BalancerBusy):
                    self._rule = None
            await self._pause()

    async def remove(self) -> None:
        """Let there be no rule. Raises as `write` does."""
        await self._patiently(self._try_remove)

    async def _patiently(self, attempt: Callable[[], Awaitable[None]]) -> None:
        started = self._time.clock()
        while True:
            try:
                return await attempt()
            except LeaseLost:
                raise
            except (BalancerBusy, LeaseError):
                if self._time.clock() - started >= FORWARD_PATIENCE:
                    raise
            await self._pause()

    async def _try(self, weights: Weights) -> None:
        if self._rule is None:
            await self.read()
        await self._lease.confirm()
        if self._rule is None:
            self._rule = await self._balancer.create_rule(self._listener, self._priority, weights)
        else:
            await self._balancer.set_weights(self._rule.arn, weights)

    async def _try_remove(self) -> None:
        if await self.read() is not None:
            await self._lease.confirm()
            await self._balancer.delete_rule(self.arn)
            self._rule = None

    async def _pause(self) -> None:
        await self._time.sleep(random.uniform(0.05, 0.2))
