"""Ours: `release deploy` and `release rollback` on the local cloud, in a clone of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from bench.evidence.contender import CannotMeasure, Deed
from bench.printed import Line
from bench.workplace import CommandFailed, Workplace, again
from localcloud.engine.environment import in_front
from setup.variables import of_cloud

WEB = 2
"""The web instances that the development stack has."""


class Ours:
    name = "uneventful"
    how = (
        "`release deploy` and `release rollback` with the settings of Pulumi.dev.yaml, on the local cloud: Pulumi's "
        "engine, Envoy as the load balancer; besides the web processes the machine runs the instances' agents, two "
        "workers, PostgreSQL, Valkey and the stand-in for AWS's API, which the others do without"
    )

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.environ: Mapping[str, str] = {}
        self.lines: tuple[Line, ...] = ()
        """What the last release or rollback printed."""
        self._built = 0

    def open(self) -> str:
        self.place.run(("make", "--no-print-directory", "up"))
        path = in_front([str(self.place.root / ".venv" / "bin")], self.place.environ["PATH"])
        self.environ = of_cloud(self.place.environ | {"PATH": path}, self.place.root, "dev")
        status = self.status()
        if any(one["state"] == "live" and one["wanted"] != WEB for one in status["releases"]):
            raise CannotMeasure(f"the development stack has not the {WEB} web instances that the others get")
        return str(status["url"])

    def prepare(self, look: str) -> str:
        self._built += 1
        label = f"{look}.{self._built}"
        command = ("release", "build", "examples/shop", "--version", label)
        again(lambda: self.place.run(command, self.environ))
        return label

    def live(self) -> str:
        return str(self.status()["live"])

    def release(self, label: str) -> Deed:
        return self.run("release", "deploy", label, "--stack", "dev", "--yes")

    def back(self) -> Deed:
        return self.run("release", "rollback", "--stack", "dev", "--yes")

    def close(self) -> None:
        """The clone's end stops everything."""

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = self.place.ask(("release", "status", "--stack", "dev", "--json"), self.environ)
        return told

    def run(self, *argv: str, environ: Mapping[str, str] | None = None) -> Deed:
        """A command that may refuse."""
        began, status, words = time.time(), 0, ""
        try:
            self.lines = self.place.run(argv, environ or self.environ)
        except CommandFailed as failed:
            status, words = failed.status, refusal(failed.lines)
        return Deed(status, began, time.time(), words)


def refusal(lines: tuple[str, ...]) -> str:
    """The first error in what a command printed, with the two lines that say what was expected and seen. Pure."""
    stripped = [line.strip() for line in lines]
    for number, line in enumerate(stripped):
        if line.startswith("error:") and any(
            following.startswith("expected:") for following in stripped[number : number + 2]
        ):
            return " | ".join(stripped[number : number + 3])
    return stripped[-1] if stripped else ""
