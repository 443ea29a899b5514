"""The story of a handover: workers, then schedules pass to the release that has the traffic; then it is baked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from release.backlog import Depth, Watched, died, taken
from release.errors import LeaseLost, WeightsTouched, WorkersRefused
from release.provider.followers import Followers, Recorded
from release.provider.holding import holding, must_be_free, named
from release.provider.inputs import HandoverInputs
from release.provider.lease import Lease
from release.provider.observation import Stretch, observe
from release.provider.operations import unstoppable
from release.provider.ports import HandoverPorts
from release.provider.put_back import way_back
from release.provider.rule import MainRule
from release.provider.unsettled import Unsettled
from release.provider.watch import Watch
from release.ramp import same_traffic, weights_at
from release.scheduler import Applied

_PAUSE = 1.0
_BAKING_PAUSE = 0.5
_STRETCH = 300.0
"""A bake is judged anew after so many seconds, and all of it as one."""
_LOOK_BACK = 900.0
"""What the former release did in so many seconds is what is usual."""


@dataclass(frozen=True)
class HandedOver:
    """The end of a handover: workers and schedules are the release's. `baked_until` is empty where it was not baked."""

    handed_at: str
    baked_until: str
    observed: str


class Succession:
    """Makes workers and schedules those of `inputs.release`, which has the traffic, or puts everything back.

    After `run`, whether it returned, raised or was cancelled at any point, traffic, workers and schedules are of one
    release: the new one after a return, the former one after an error; unless the error's state says otherwise. On the
    way back to a release, and where the release was live before, traffic stays whatever happens.
    """

    def __init__(
        self, inputs: HandoverInputs, recorded: Recorded, ports: HandoverPorts, unsettled: Unsettled
    ) -> None:
        self._inputs = inputs
        self._recorded = recorded
        self._ports = ports
        self._time = ports.shift.time
        self._unsettled = unsettled
        self._queues = [Watched(queue.name, queue.url, queue.dead) for queue in inputs.queues]
        self._at_start: Mapping[Watched, Depth] = {}
        self._told: list[str] = []

    async def run(self) -> HandedOver:
        done = f"traffic, workers and schedules are those of {self._inputs.label}"
        return await holding(self._ports.shift, self._under, done)

    async def _under(self, lease: Lease) -> HandedOver:
        self._unsettled.settled()
        inputs, ports = self._inputs, self._ports.shift
        ports.record("handover", former=inputs.former_label, workers=sorted(inputs.workers), bake=inputs.bake)
        must_be_free(inputs, lease, ports.stack)
        followers = Followers(inputs, self._recorded, self._ports, lease)
        if inputs.back or inputs.former_target_group_arn in (None, inputs.target_group_arn):
            handed = await self._staying(lease, followers)
        else:
            rule = MainRule(ports.balancer, lease, self._time, inputs.listener_arn, inputs.priority)
            restoration = way_back(inputs, ports, rule, followers)
            try:
                handed = await self._hand_over(lease, rule, followers)
            except LeaseLost as lost:
                raise restoration.fenced(lost) from lost
            except (Exception, asyncio.CancelledError) as reason:
                raise await unstoppable(restoration.after(named(reason))) from reason
        lease.pinned = ""
        return handed

    async def _staying(self, lease: Lease, followers: Followers) -> HandedOver:
        """There is nothing to go back to: this is the way back, or mends what was live."""
        inputs, stack = self._inputs, self._ports.shift.stack
        try:
            await self._follow(followers)
        except (Exception, asyncio.CancelledError) as reason:
            if inputs.back:
                lease.pinned = inputs.release
            again = f"release rollback --to {inputs.release}" if inputs.back else "pulumi up"
            raise named(reason).now(
                f"traffic stays on {inputs.label}; its workers and schedules may not be as they should",
                f"{again} --stack {stack}",
            ) from reason
        if self._recorded.release == inputs.release:
            return HandedOver(self._recorded.handed_at, self._recorded.baked_until, self._recorded.observed)
        return HandedOver(self._time.stamp(), "", "\n".join(self._told))

    async def _hand_over(self, lease: Lease, rule: MainRule, followers: Followers) -> HandedOver:
        inputs, ports = self._inputs, self._ports.shift
        everything = weights_at(100, None, inputs.target_group_arn)
        found = await rule.read()
        if not same_traffic(found or {}, everything):
            raise WeightsTouched(
                "somebody else changed the weights",
                expected=f"100 % on {inputs.label}, as its shift left them",
                seen=f"{dict(found or {})}",
            )
        watch = Watch(inputs, ports, rule, lease, inputs.former_target_group_arn or None)
        await watch.baseline(0, 0)
        await watch.look_back(_LOOK_BACK)
        await followers.look()
        self._at_start = {queue: await self._ports.queues.depth(queue) for queue in self._queues}
        await self._follow(followers)
        await self._bake(watch, followers)
        # Who ended meanwhile, and is not steady again, is waited for.
        await followers.still_taken()
        handed = self._time.stamp()
        return HandedOver(handed, handed if inputs.bake else "", "\n".join(self._told))

    async def _follow(self, followers: Followers) -> None:
        started = self._time.clock()
        standing = await followers.take_turns()
        await self._jobs_are_taken(followers)
        await self._note("workers", f"{standing} after {self._time.clock() - started:.1f} s")
        applied = await followers.take_schedules()
        if applied != Applied():
            await self._note("schedules", str(applied))

    async def _jobs_are_taken(self, followers: Followers) -> None:
        """Where messages wait, somebody must be seen to take them. On the way back there is nobody better to do it."""
        depths: dict[Watched, list[Depth]] = {queue: [] for queue in self._at_start}
        started = self._time.clock()
        while True:
            for queue, seen in depths.items():
                seen.append(await self._ports.queues.depth(queue))
            idle = [queue for queue, seen in depths.items() if not taken(seen)]
            if not idle:
                return
            await self._workers_hold(followers)
            took = self._time.clock() - started
            if took >= self._inputs.deadline:
                told = [f"{queue.name}: {depths[queue][-1]}" for queue in idle]
                raise WorkersRefused(
                    f"the workers of {self._inputs.label} take no jobs",
                    expected=f"what waits in a queue to become less, or to be worked on, within {took:.0f} s",
                    seen="\n".join([*told, await followers.turns.words(self._inputs.release)]).rstrip(),
                )
            told = [f"{depths[queue][-1]} in {queue.name}" for queue in idle]
            await self._ports.shift.voice.say(f"workers: {', '.join(told)}, {took:.0f} s")
            await self._time.sleep(_PAUSE)

    async def _bake(self, watch: Watch, followers: Followers) -> None:
        bake, begun = self._inputs.bake, 0.0
        if bake:
            self._ports.shift.record("baking", seconds=bake)

        async def also() -> None:
            await self._workers_hold(followers)

        while begun < bake:
            watch.next_step(alone=True)
            before, seconds = begun, min(_STRETCH, bake - begun)

            def told(took: float, before: float = before) -> str:
                return f"baking {min(before + took, bake):.0f} s of {bake:g} s"

            stretch = Stretch(seconds, self._inputs.metrics_deadline, self._inputs.label, told, _BAKING_PAUSE)
            await observe(watch, self._ports.shift, stretch, also)
            begun += seconds
        if bake:
            line = f"baked {bake:g} s: {watch}"
            self._told.append(line)
            self._ports.shift.record("baked", line, seconds=bake, **watch.seen())
            await self._ports.shift.voice.note(line)

    async def _workers_hold(self, followers: Followers) -> None:
        """Raises ShiftRefused where a worker has failed, or where more messages are dead than before."""
        await followers.turns.must_hold(followers.working)
        for queue, before in self._at_start.items():
            now = await self._ports.queues.depth(queue)
            if died(before, now):
                raise WorkersRefused(
                    f"the workers of {self._inputs.label} cannot handle what they take from {queue.name}",
                    expected=f"no more dead letters than before ({before.dead})",
                    seen=f"{now.dead}\n{await followers.turns.words(self._inputs.release)}".rstrip(),
                )

    async def _note(self, kind: str, what: str) -> None:
        line = f"{kind}: {what}"
        self._told.append(line)
        self._ports.shift.record(kind, what)
        await self._ports.shift.voice.note(line)
