"""Taking turns: telling every worker whether it is its turn, and waiting until each of them says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from release.errors import ShiftRefused, WorkersLate, WorkersRefused
from release.provider.ports import Say, Time
from release.turns import Crew, Instances, Post, Report, Seen, Standing, Team, Turn, standing

_LOOK_SECONDS = 1.0
_LAST_LINES = 6


class Turns:
    """The turn of these teams, told and seen."""

    def __init__(self, all_teams: Iterable[Team], instances: Instances, time: Time, say: Say) -> None:
        self._teams = tuple(all_teams)
        self._instances = instances
        self._time = time
        self._say = say
        self._told: dict[str, Turn] = {}
        self._since = 0

    async def tell(self, working: Sequence[str]) -> None:
        """Tell everybody once: the workers of these releases work, the others rest. Nobody is waited for.

        Raises WorkersError.
        """
        self._told, self._since = {}, self._moment()
        await self._instances.announce(working, settled=False)
        await self._tell_all(await self._crews(), working)

    async def taken(self, working: Sequence[str], limit: float) -> Standing:
        """After `tell`: wait until everybody does as told, those included whom a group launches meanwhile.

        Raises:
            ShiftRefused: a worker that should work has failed; its last words are quoted.
            CannotMeasure: not everybody did within `limit` s.
            WorkersError: AWS did not answer.
        """
        started = self._time.clock()
        while True:
            now = await self._look(working)
            if now.failed:
                raise await self._failure(now.failed[0])
            if now.done:
                await self._instances.announce(working, settled=True)
                return now
            took = self._time.clock() - started
            if took >= limit:
                raise WorkersLate(
                    "the workers have not all taken their turn",
                    expected=f"every worker working or resting as told, within {limit:g} s",
                    seen=f"after {took:.0f} s {now}",
                )
            await self._say(f"workers: {now}, {took:.0f} s of {limit:g} s")
            await self._time.sleep(_LOOK_SECONDS)

    async def must_hold(self, working: Sequence[str]) -> None:
        """One look after `taken`. Raises ShiftRefused where a worker has failed since, and WorkersError."""
        now = await self._look(working)
        if now.failed:
            raise await self._failure(now.failed[0])

    async def words(self, release: str) -> str:
        """What a worker of this release said last, in lines that are quoted; empty where there is none."""
        for team, crew in (await self._crews()).items():
            if team.release == release and crew.instances:
                post = Post(team, crew.instances[0])
                return await self._quoted(post, team.process)
        return ""

    async def _look(self, working: Sequence[str]) -> Standing:
        crews = await self._crews()
        await self._tell_all(crews, working)
        posts = [Post(team, instance) for team, crew in crews.items() for instance in crew.instances]
        return standing(Seen(crews, await self._instances.reports(posts)), working, self._since)

    async def _crews(self) -> Mapping[Team, Crew]:
        if not self._teams:
            return {}
        found = await self._instances.crews([team.group for team in self._teams])
        return {team: found.get(team.group, Crew()) for team in self._teams}

    async def _tell_all(self, crews: Mapping[Team, Crew], working: Sequence[str]) -> None:
        turns: tuple[Turn, Turn] = ("resting", "working")
        for turn in turns:
            newly = [
                instance
                for team, crew in crews.items()
                for instance in crew.instances
                if (team.release in working) == (turn == "working") and self._told.get(instance) != turn
            ]
            if newly:
                await self._instances.tell(newly, turn)
                self._told |= dict.fromkeys(newly, turn)

    async def _failure(self, post: Post) -> ShiftRefused:
        said = (await self._instances.reports([post])).get(post.instance, Report(0, "nothing"))
        name = "boot" if said.doing == "unbooted" else post.team.process
        quoted = "\n".join((f"{post}: {said.said}", await self._quoted(post, name))).rstrip()
        return WorkersRefused(
            f"a worker of {post.team.release} fails: {post}",
            expected="workers that start and go on working",
            seen=quoted,
        )

    async def _quoted(self, post: Post, name: str) -> str:
        words = await self._instances.last_words(post, name, _LAST_LINES)
        return "\n".join(f"| {line}" for line in words)

    def _moment(self) -> int:
        return int(self._time.now().timestamp() * 1000)
