"""One unit of an instance as systemd would run it: started, restarted, stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from localcloud.instances.controlgroup import ControlGroup
from localcloud.instances.host import Cancel, Done, Host
from localcloud.instances.memory import MemoryLimit
from localcloud.instances.outcome import Outcome, restarts
from localcloud.instances.starts import Starts
from localcloud.instances.unit import Command, Unit, UnitError


class Service:
    """States as `systemctl is-active` names them: inactive, activating, active, deactivating, failed.

    Not to be used from more than one thread; nothing here waits.
    """

    def __init__(self, unit: Unit, host: Host) -> None:
        self.unit = unit
        self.state = "inactive"
        self.outcome = Outcome()
        self.starts = Starts()
        self.active_at = 0
        self.group = ControlGroup(host)
        self._memory = MemoryLimit(host, self.group, unit.memory_max, self._note)
        self._host = host
        self._queue: list[tuple[Command, bool]] = []
        self._environment: Mapping[str, str] = {}
        self._starting: list[Done] = []
        self._stopping: list[Done] = []
        self._timed_out = False
        self._cleaning = False
        self._after_end: list[Command] = []
        self._telling = False
        self._ignored = False
        self._timer: Cancel | None = None

    def start(self, done: Done) -> None:
        """Start, unless it runs; `done` when it is active (oneshot: when it has ended)."""
        if self.state == "active":
            return done("")
        if self.state == "deactivating":
            return done(f"{self.unit.name} is being stopped")
        self._starting.append(done)
        if self.state == "activating" and self.group.invocation:
            return None
        self._disarm()
        self.starts.restarts = 0
        return self._begin()

    def stop(self, done: Done) -> None:
        """Stop: the kill signal, TimeoutStopSec, SIGKILL; `done` when nothing of it is left."""
        if self.state in ("inactive", "failed"):
            return done("")
        self._stopping.append(done)
        if self.state == "deactivating":
            return None
        self._disarm()
        self.state = "deactivating"
        self._queue.clear()
        self._note("Stopping")
        if not self.group.invocation:
            return self._ended()
        if not self._cleaning:
            main = self.group.main or self.group.control
            alone = main and self.unit.kill_mode != "control-group"
            self.group.signal((main,) if alone else self.group.members(), self.unit.kill_signal)
        self._arm(self.unit.stop_seconds, self._out_of_time)
        return self._check()

    def kill(self) -> None:
        """SIGKILL to all that is left of it, at once and for good."""
        self._disarm()
        self.state = "deactivating"
        self.group.kill(self.group.members())

    def forget_failures(self) -> None:
        """It has not failed, and was never started."""
        self.starts.forget()
        if self.state == "failed":
            self.state, self.outcome = "inactive", Outcome()

    def properties(self) -> dict[str, str]:
        """What `systemctl show` knows of it here, by systemd's names."""
        return {
            "ActiveState": self.state,
            "ActiveEnterTimestamp": f"@{self.active_at}" if self.active_at else "",
            "MainPID": str(self.group.main),
            "NRestarts": str(self.starts.restarts),
            "MemoryCurrent": str(self.group.memory()),
            "CPUUsageNSec": str(self.group.cpu_ns()),
        }

    def reaped(self, pid: int, wait_status: int) -> None:
        """A child of the instance's first process has ended, perhaps one of this service."""
        if pid == self.group.main:
            self.group.main = 0
            self._main_ended(Outcome.of(wait_status, self._timed_out))
        elif pid == self.group.control:
            self.group.control = 0
            self._control_ended(Outcome.of(wait_status, self._timed_out))
        elif self._cleaning or self.state == "deactivating":
            self._check()

    def _begin(self) -> None:
        if not self.starts.allowed(self.unit, self._host.clock()):
            return self._refuse_start()
        self.state = "activating"
        self.group.begin()
        self._timed_out = self._cleaning = False
        self.outcome = Outcome()
        try:
            self._environment = {**self._host.environment(self.unit), "INVOCATION_ID": self.group.invocation}
        except (OSError, UnitError) as error:
            return self._give_up(f"Failed to load environment: {error}")
        self._after_end = list(self.unit.stop_post)
        self._queue = [*((c, False) for c in self.unit.start_pre), *((c, True) for c in self.unit.start)]
        self._arm(self.unit.start_seconds, self._out_of_time)
        return self._next()

    def _next(self) -> None:
        if not self._queue:
            return self._after_last()
        command, is_main = self._queue.pop(0)
        self._ignored = command.failure_ignored
        try:
            pid = self._host.spawn(self.unit, command, self._environment)
        except OSError as error:
            if command.failure_ignored:
                return self._next()
            return self._give_up(f"Failed to execute {command.words[0]}: {error.strerror or error}")
        if not is_main:
            self.group.control = pid
            return None
        self.group.main = pid
        if self.unit.type != "oneshot":
            self._disarm()
            self.state, self.active_at = "active", int(time.time())
            self._note(f"Started, main process {pid}")
            self._memory.watch()
            self._tell(self._starting, "")
        return None

    def _control_ended(self, outcome: Outcome) -> None:
        if self._telling:
            self._telling = False
            return self._check()
        if self.state == "activating" and (outcome.clean() or self._ignored):
            return self._next()
        if self.state == "activating":
            self._note(f"Control process ended: {outcome}")
        self.outcome = outcome
        return self._clean()

    def _main_ended(self, outcome: Outcome) -> None:
        expected = outcome.clean(self.unit.success_statuses) or self._ignored
        if self.unit.type == "oneshot" and self.state == "activating" and expected:
            return self._next()
        self._note(f"Main process ended: {outcome}")
        self.outcome = Outcome() if self._ignored and not outcome.timed_out else outcome
        return self._clean()

    def _after_last(self) -> None:
        if self.unit.remain_after_exit:
            self._disarm()
            self.state = "active"
            self._note("Finished")
            return self._tell(self._starting, "")
        return self._clean()

    def _clean(self) -> None:
        """The service's own process has ended: what it left behind goes too, before anything else happens."""
        self._cleaning = True
        left = self.group.members()
        if left and self.unit.kill_mode != "process" and not self._timed_out:
            if self.unit.kill_mode == "mixed":
                self.group.kill(left)
            elif self.state != "deactivating":
                self.group.signal(left, self.unit.kill_signal)
                self._arm(self.unit.stop_seconds, self._out_of_time)
        self._check()

    def _check(self) -> None:
        """End when nothing is left. A process that SIGKILL has hit may need a moment, and its parent may be
        another one that never tells: look again."""
        if self.group.main or self.group.control:
            return None
        left = self.unit.kill_mode != "process" and self.group.members()
        if not left:
            return self._ended()
        if self._timed_out or self.unit.kill_mode == "mixed":
            self.group.kill(left)
            self._arm(0.02, self._check)
        return None

    def _tell_the_end(self, command: Command) -> None:
        """What is to be run after the service has ended, however it ended."""
        self.state = "deactivating"
        try:
            self.group.control = self._host.spawn(
                self.unit, command, {**self._environment, **self.outcome.told()}
            )
        except OSError as error:
            self._note(f"Failed to execute {command.words[0]}: {error.strerror or error}")
            return self._ended()
        self._telling, self._timed_out = True, False
        return self._arm(self.unit.stop_seconds, self._out_of_time)

    def _ended(self) -> None:
        self._disarm()
        if self._after_end:
            return self._tell_the_end(self._after_end.pop(0))
        return self._settle()

    def _settle(self) -> None:
        """Nothing of it is left: it is started again, or stays as it ended."""
        self.group.invocation = ""
        stopped, self._stopping = self._stopping, []
        clean = self.outcome.clean(self.unit.success_statuses)
        again = not stopped and restarts(self.unit.restart, self.outcome, self.unit.success_statuses)
        problem = "" if clean else f"{self.unit.name} ended: {self.outcome}"
        if again:
            self.state = "activating"
            self._note(f"Scheduled restart in {self.unit.restart_seconds:g} s")
            self._timer = self._host.call_later(self.unit.restart_seconds, self._restart)
        else:
            self.state = "inactive" if clean else "failed"
            self._note("Stopped" if clean else f"Failed: {self.outcome}")
            if not clean:
                self._host.failed(self.unit)
        self._tell(self._starting, problem if not stopped else f"{self.unit.name} was stopped")
        self._tell(stopped, "")

    def _restart(self) -> None:
        self.starts.restarts += 1
        self._begin()

    def _refuse_start(self) -> None:
        reason = "Start request repeated too quickly"
        self._note(reason)
        self._disarm()
        self.state = "failed"
        self._host.failed(self.unit)
        self._tell(self._starting, f"{self.unit.name}: {reason}")

    def _give_up(self, reason: str) -> None:
        self._note(reason)
        self.outcome = Outcome(status=1)
        self._queue.clear()
        starting, self._starting = self._starting, []
        self._clean()
        return self._tell(starting, f"{self.unit.name}: {reason}")

    def _out_of_time(self) -> None:
        self._timed_out = True
        self._note("Its time is over: SIGKILL")
        main_only = self.unit.kill_mode == "process" and (self.group.main or self.group.control)
        self.group.kill((main_only,) if main_only else self.group.members())
        self._arm(0.02, self._check)

    def _arm(self, seconds: float, action: Callable[[], None]) -> None:
        self._disarm()
        if seconds != float("inf"):
            self._timer = self._host.call_later(seconds, action)

    def _disarm(self) -> None:
        if self._timer:
            self._timer()
        self._timer = None

    def _tell(self, waiting: list[Done], problem: str) -> None:
        told = list(waiting)
        waiting.clear()
        for done in told:
            done(problem)

    def _note(self, text: str) -> None:
        self._host.note(self.unit.name, f"{self.unit.name}: {text}")
