"""What belongs to an environment beside what runs, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from release.dashboard.sight import Told


def facts(told: Told) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What else one asks for, each with its lines; a part that was not told says so."""
    unasked = {line.partition(":")[0] for line in told["unknown"]}

    def known(section: str, lines: Sequence[str], otherwise: str) -> tuple[str, ...]:
        return ("not known",) if section in unasked else tuple(lines) or (otherwise,)

    queues = [
        f"{each['queue']}: {each['waiting']} wait, {each['taken']} in work"
        + (f", {each['dead']} dead" if each["dead"] else "")
        for each in told["queues"]
    ]
    yield "Queues", known("queues", queues, "none")
    yield "Alarms", known("alarms", [f"{each} rings" for each in told["alarms"]], "quiet")
    schema = told["schema"]
    waiting = [f"contract {each} waits" for each in schema["contractsWaiting"]]
    by = f", by {_version(told, schema['by'])}" if schema["by"] else ""
    yield "Schema", (f"{schema['revision']}{by}" if schema["revision"] else "none", *waiting)
    owner = told["schedules"]["owner"]
    entries = [f"{each['name']}, {each['expression']}" for each in told["schedules"]["entries"]]
    whose = [f"of {_version(told, owner)}"] if owner else []
    yield "Schedules", known("schedules", [*entries, *whose], "none")
    lease = told["lease"]
    held = f"moved by {lease['who']} now" if lease and lease["alive"] else "nobody moves it"
    yield "Traffic", known("lease", [held], "")
    if told["freeze"]:
        yield "Freeze", (told["freeze"],)


def _version(told: Told, release: str) -> str:
    found = next((each["version"] for each in told["releases"] if each["id"] == release), "")
    return f"{found} ({release})" if found else release
