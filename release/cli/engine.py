"""The engine as the command line uses it: `pulumi` on PATH, as a subprocess, in the project's folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from release.cli.backend import find
from release.cli.configuration import with_release
from release.cli.foreground import Ended, run
from release.cli.project import Project
from release.cli.refreshed import Changed, drifted
from release.cli.state import StackState
from release.errors import CommandError, NoProject, StackBusy, StateUnreadable

_WHOLE_HISTORY = 100_000

_WITH_EVENTS = MappingProxyType({"PULUMI_DEBUG_COMMANDS": "true"})
"""The engine takes --event-log, as Pulumi's own automation does, only together with this."""


class Engine:
    """`pulumi` for one stack. Raises CommandError at once where there is none on PATH."""

    def __init__(self, project: Project) -> None:
        self._project = project
        found = shutil.which("pulumi")
        if found is None:
            raise NoProject(
                "there is no `pulumi` on PATH",
                expected="Pulumi's command line",
                seen="none",
                state="nothing was changed",
                next="a shell in which `pulumi version` answers; https://www.pulumi.com/docs/install says how",
            )
        self._pulumi = found

    def state(self) -> StackState:
        """What the stack's last state says. Raises CommandError where there is no such stack."""
        return StackState.parse(self.exported())

    def exported(self) -> Mapping[str, Any]:
        """What `pulumi stack export` prints, no secret in the clear. Raises CommandError where there is no such stack.

        Read where Pulumi keeps it, where that can be: `pulumi` would take a second to say the same.
        """
        backend = find(self._project.folder, self._project.stack)
        exported = backend.exported() if backend else None
        return exported if exported is not None else self._exported()

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` for what it prints of the stack."""
        return self._run(*arguments, "--stack", self._project.stack)

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pulumi` in the project for what it prints; it asks nobody anything."""
        return subprocess.run(
            [self._pulumi, *arguments, "--non-interactive"],
            cwd=self._project.folder,
            env=os.environ | _WITH_EVENTS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def _exported(self) -> Mapping[str, Any]:
        done = self._ask("stack", "export")
        if done.returncode != 0:
            raise self._no_state(done.stderr)
        exported: Mapping[str, Any] = json.loads(done.stdout)
        return exported

    def up(
        self, release: str | None, message: str, ask: bool, also: Mapping[str, str] = MappingProxyType({})
    ) -> Ended:
        """Run an update that wants `release` (None: what is live stays) and has `also` these keys in its
        configuration, its display and questions untouched.

        The wish is in a copy of the stack's configuration that is gone afterwards: no tracked file changes,
        and the engine's history keeps it together with `message`.
        """
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            configuration = Path(scratch, self._project.stack_file.name)
            configuration.write_text(
                with_release(self._project.configuration, release, also), encoding="utf-8"
            )
            events = Path(scratch, "events")
            sys.stdout.flush()
            ended = run(
                [
                    *(self._pulumi, "up", "--stack", self._project.stack),
                    "--suppress-outputs",  # `release status` tells them better than the whole ledger
                    *(() if ask else ("--yes", "--skip-preview")),
                    *("--config-file", str(configuration), "--message", message, "--event-log", str(events)),
                ],
                self._project.folder,
                os.environ | _WITH_EVENTS,
            )
            return replace(ended, interrupted=ended.interrupted or _was_cancelled(events))

    def preview(
        self, release: str | None, environ: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        """What an update that wants `release` (None: what the stack's own file says) would do, as `pulumi preview
        --json` tells it; the program has `environ` besides. Nothing is locked, and no tracked file changes.
        """
        text = self._project.configuration
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            configuration = Path(scratch, self._project.stack_file.name)
            configuration.write_text(with_release(text, release) if release else text, encoding="utf-8")
            return subprocess.run(
                [
                    *(self._pulumi, "preview", "--json", "--non-interactive"),
                    *("--stack", self._project.stack, "--config-file", str(configuration)),
                ],
                cwd=self._project.folder,
                env={**os.environ, **_WITH_EVENTS, **environ},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )

    def secret_output(self, name: str) -> Mapping[str, Any]:
        """An output of the stack, decrypted. Raises CommandError where there is none, or no key to it."""
        done = self._ask("stack", "output", name, "--show-secrets", "--json")
        if done.returncode != 0:
            raise StateUnreadable(
                f"the stack {self._project.stack} does not tell its output {name}",
                expected="an environment that was updated by this version of the program, and the key to its secrets",
                seen="\n".join(done.stderr.splitlines()[-3:]),
                state="nothing was changed",
                next=f"pulumi up --stack {self._project.stack}",
            )
        told: Mapping[str, Any] = json.loads(done.stdout)
        return told

    def history(self) -> Sequence[Mapping[str, Any]]:
        """Every update that ended, the latest first, as `pulumi stack history` tells it; no secret is shown."""
        done = self._ask("stack", "history", "--json", "--page-size", str(_WHOLE_HISTORY))
        if done.returncode != 0:
            raise self._no_state(done.stderr)
        updates: Sequence[Mapping[str, Any]] = json.loads(done.stdout or "[]") or []
        return updates

    def stacks(self) -> tuple[str, ...]:
        """The names of all stacks of the project that the backend holds."""
        backend = find(self._project.folder, self._project.stack)
        if backend:
            return backend.stacks()
        done = self._run("stack", "ls", "--json")
        if done.returncode != 0:
            raise self._no_state(done.stderr)
        return tuple(sorted(str(each["name"]).rpartition("/")[2] for each in json.loads(done.stdout or "[]")))

    def drift(self) -> tuple[Changed, ...]:
        """What AWS has otherwise than the state says. Asks for every resource: minutes; takes no lock."""
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            events = Path(scratch, "events")
            done = self._ask("refresh", "--preview-only", "--event-log", str(events))
            if done.returncode != 0:
                raise StateUnreadable(
                    f"the resources of {self._project.stack} could not be asked for",
                    expected="pulumi refresh --preview-only to end well",
                    seen=_complaints(done.stdout + done.stderr),
                    state="nothing was changed",
                    next=f"pulumi refresh --preview-only --stack {self._project.stack}",
                )
            return drifted(events.read_text(encoding="utf-8").splitlines() if events.is_file() else ())

    def unlock(self) -> None:
        """Remove every lock of the stack, whoever holds it."""
        done = self._ask("cancel", "--yes")
        if done.returncode != 0:
            raise StackBusy(
                f"the lock of the stack {self._project.stack} could not be removed",
                expected="pulumi cancel to end well",
                seen="\n".join(done.stderr.splitlines()[-3:]),
                state="the stack is locked as before",
                next=f"pulumi cancel --stack {self._project.stack}",
            )

    def _no_state(self, complaint: str) -> CommandError:
        lines = [line for line in complaint.splitlines() if line.strip()]
        return StateUnreadable(
            f"the state of the stack {self._project.stack} could not be read",
            expected=f"a stack of the project in {self._project.folder}",
            seen="\n".join(lines[-3:]) or "no answer from pulumi",
            state="nothing was changed",
            next="pulumi stack ls",
        )


def _complaints(printed: str) -> str:
    """The errors that the engine printed, five at most; where it names none, its last words."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    named = dict.fromkeys(line for line in lines if line.startswith("error: "))
    return "\n".join([*named][:5] or lines[-3:])


def _was_cancelled(events: Path) -> bool:
    """Whether somebody told the engine to stop: the terminal's Ctrl-C is a key that the engine alone sees."""
    return events.is_file() and "received; cancelling" in events.read_text(errors="replace")
