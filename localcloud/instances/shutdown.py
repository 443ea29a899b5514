"""The end of all units of an instance, in systemd.unit(5)'s order: the other way round than `After=`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.instances.service import Service


def stop_all(running: Mapping[str, Service], done: Callable[[], None]) -> None:
    """Stop every service at the same time, but those that others come `After` only when the others have ended; `done`
    when all have."""
    waiting = dict(running)
    begun: set[str] = set()

    def stopped(name: str) -> None:
        waiting.pop(name, None)
        go_on() if waiting else done()

    def go_on() -> None:
        # Those that wait for each other in a circle do not wait at all.
        free = set(waiting) - _needed(waiting) or set(waiting)
        for name in sorted(free):
            if name not in begun:
                begun.add(name)
                running[name].stop(lambda _problem, name=name: stopped(name))  # type: ignore[misc]

    go_on() if waiting else done()


def stop_seconds(running: Mapping[str, Service]) -> float:
    """How long stopping everything may take, SIGKILL included."""
    spans = [service.unit.stop_seconds for service in running.values()]
    last = [running[name].unit.stop_seconds for name in _needed(running) & set(running)]
    return max(spans, default=0.0) + max(last, default=0.0)


def _needed(services: Mapping[str, Service]) -> set[str]:
    """The names that any of the services comes after."""
    return {name for service in services.values() for name in service.unit.after}
