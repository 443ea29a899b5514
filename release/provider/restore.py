"""Putting the weights back: first the write, then the proof on the data plane, then the error with numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Set
from typing import Protocol

from release.errors import (
    BalancerError,
    LeaseError,
    LeaseLost,
    ShiftRefused,
    UneventfulError,
    WeightsNotRestored,
)
from release.proof import QUIET_SECONDS, quiet_probes
from release.provider.inputs import WatchedInputs
from release.provider.ports import ShiftPorts
from release.provider.rule import MainRule
from release.ramp import Weights, same_traffic, weights_at

_PAUSE = 0.1
_VOLLEY = 20
_LONGEST_LAG = 10.0
"""How long (s) to look when a write was on its way that nobody has seen arrive: it may arrive yet."""
_FEWEST_PROOF_SECONDS = 30.0
_OTHERS_PATIENCE = 3.0


class Others(Protocol):
    """What goes back with the weights: workers, schedules. Both methods raise errors of this project."""

    async def tell(self) -> None:
        """Let them go back; begun as soon as the weights are written, and wait for nobody."""

    async def seen(self) -> str:
        """How they went back, in words, when they have."""


class Restoration:
    """Where traffic goes back to when a shift ends early, and how far it had come; `others` follow it.

    `found` are the weights before the first write (None: there was no rule), `former` the target group that gets all
    of it back (None: nothing served before; the rule is removed again if this shift made it).
    """

    def __init__(
        self,
        inputs: WatchedInputs,
        ports: ShiftPorts,
        rule: MainRule,
        found: Weights | None,
        former: str | None,
        label: str,
        others: Others | None = None,
    ) -> None:
        self._inputs = inputs
        self._ports = ports
        self._rule = rule
        self._found = found
        self._former = former
        self._label = label or (former.rsplit("/", 2)[-2] if former else "no release")
        self._share = 0
        self._lag = 0.0
        self._on_its_way = False
        self._others = others
        self._telling: asyncio.Task[None] | None = None

    def saw(self, releases: Set[str]) -> None:
        """The releases that answered before the first write: how a former one without a recorded name is called."""
        if len(releases) == 1 and not any(release in self._label for release in releases):
            self._label = next(iter(releases))

    def unproven(self, share: int) -> None:
        """A write of this share (percent of the new release) may be on its way."""
        self._share = max(self._share, share)
        self._on_its_way = True

    def proven(self, seconds: float) -> None:
        """The data plane served what was written, this long (s) after it was."""
        self._lag = max(self._lag, seconds)
        self._on_its_way = False

    def fenced(self, lost: LeaseLost) -> UneventfulError:
        """The error when another writer took over: nothing is written any more, so the state is the other's."""
        return LeaseLost(
            lost.what,
            expected=lost.expected,
            seen=lost.seen,
            state="this update stopped writing at once; the weights are those of the other writer",
            next=f"wait for the other one to end, then: pulumi up{self._stack}",
        )

    async def after(self, reason: UneventfulError) -> UneventfulError:
        """Put everything back, prove it, and give back the error to raise: the reason, with the state now."""
        self._ports.record("doubt", reason.what, expected=reason.expected, seen=reason.seen)
        try:
            state = await self._put_back()
        except LeaseLost as lost:
            return self.fenced(lost)
        except (BalancerError, LeaseError) as error:
            return self._not_restored(reason, f"the write of the weights failed: {error.seen or error.what}")
        if state is None:
            return self._not_restored(
                reason, "the API took the weights, the data plane does not serve them yet"
            )
        return reason.now(
            "\n".join(part for part in (state, await self._others_seen()) if part), self._next(reason)
        )

    async def _put_back(self) -> str | None:
        """The state of traffic afterwards, in words; None when the data plane did not follow in time."""
        written = self._rule.written is not None
        if self._former is None:
            if self._found is None and written:
                await self._rule.restore(None)
                self._others_follow()
                return "no release serves, as before: the rule is removed again"
            self._others_follow()
            return "unchanged, nothing was written"
        weights = weights_at(0, self._former, self._inputs.target_group_arn)
        if not written and same_traffic(self._found or {}, weights):
            self._others_follow()
            return f"100 % on {self._label}, as before: nothing was written"
        started = self._ports.time.clock()
        await self._rule.restore(weights)
        took = self._ports.time.clock() - started
        self._others_follow()
        line = f"weights put back to 100 % on {self._label} in {took:.2f} s"
        self._ports.record("put back", line, share=0, seconds=round(took, 3))
        await self._ports.voice.note(line)
        return await self._proof()

    async def _proof(self) -> str | None:
        """Probes until the leaving side was silent for long enough; None when it never was."""
        clock = self._ports.time.clock
        enough = quiet_probes(0, self._share)
        span = max(QUIET_SECONDS, 1.5 * self._lag)
        if self._on_its_way:
            span = max(span, min(_LONGEST_LAG, self._inputs.proof))
        started = quiet_since = clock()
        quiet = 0
        while clock() - started <= span + max(self._inputs.proof, _FEWEST_PROOF_SECONDS):
            if self._rule.asked:
                await self._others_told()
            if await self._rule.given_way(f"the weights were put back to 100 % on {self._label}"):
                return f"the weights are back at 100 % on {self._label}, and now in the hands of who asked"
            for answer in await self._ports.probes.volley(_VOLLEY):
                if answer.release and self._leaving(answer.release):
                    quiet, quiet_since = 0, clock()
                elif answer.release or answer.failure.isdigit():
                    quiet += 1
            if quiet >= enough and clock() - quiet_since >= span:
                told = f"100 % on {self._label}, proven by {quiet} probes in {clock() - started:.1f} s"
                self._ports.record("back", told, share=0)
                return told
            await self._ports.voice.say(f"weights are back on {self._label}, proving it: {quiet} probes")
            await self._ports.time.sleep(_PAUSE)
        return None

    def _others_follow(self) -> None:
        if self._others:
            self._telling = asyncio.create_task(self._others.tell())

    async def _others_told(self) -> None:
        """Whoever asked for the lease does not wait for long, and sees to the others as well."""
        if self._telling:
            await asyncio.wait([self._telling], timeout=_OTHERS_PATIENCE)

    async def _others_seen(self) -> str:
        if not (self._others and self._telling):
            return ""
        try:
            await self._telling
            return "" if self._rule.asked else await self._others.seen()
        except UneventfulError as error:
            return f"{error.what}: {error.seen}"

    def _leaving(self, release: str) -> bool:
        """Whether an answer by this release should not be seen any more."""
        mending = self._former == self._inputs.target_group_arn
        return (release != self._inputs.release) if mending else (release == self._inputs.release)

    def _not_restored(self, reason: UneventfulError, seen: str) -> UneventfulError:
        return WeightsNotRestored(
            f"{reason.what}, and the weights are not proven to be back",
            expected=f"100 % on {self._label}",
            seen="\n".join(part for part in (reason.seen, seen) if part),
            state=f"the weights of rule {self._rule.arn or 'unknown'} need a look",
            next=f"look at that rule's weights in AWS, then: pulumi up{self._stack}",
        )

    def _next(self, reason: UneventfulError) -> str:
        if isinstance(reason, ShiftRefused):
            return (
                f"mend {self._inputs.label} and release it as a new version; to remove its fleet: "
                f"pulumi config rm uneventful:release{self._stack} && pulumi up{self._stack}"
            )
        return f"pulumi up{self._stack} starts the shift again"

    @property
    def _stack(self) -> str:
        return f" --stack {self._ports.stack}"
