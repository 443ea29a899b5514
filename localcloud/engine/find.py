"""Finds an engine for this checkout or gets one: facts first, then the decision, then what it takes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from localcloud.engine import build, choice, lock, network, official, plugins, record, versions
from localcloud.engine.choice import Choice, Facts, Go, Installed, Network, Source, Way
from localcloud.engine.errors import InstallFailed
from localcloud.engine.places import Cache, Clone, is_complete
from localcloud.engine.progress import Progress
from localcloud.engine.record import Engine


@dataclass(frozen=True)
class Means:
    """What reaches outside, so that a test can close any way."""

    probe: Callable[[], Network] = network.probe
    install: Callable[[Path, str, Progress], None] = official.install
    build: Callable[[Path, Progress], None] = build.build
    require_parts: Callable[[], str] = plugins.require_parts


def find_or_get(
    clone: Clone, cache: Cache, progress: Progress, means: Means = Means(), again: bool = False
) -> Engine:
    """This checkout's engine, recorded. What was decided earlier holds until it is gone, too old, or `again`.

    Says which engine and which plugins are used and why. Raises `EngineError` when there is no way to one.
    """
    wanted = versions.plugins()
    engine = None if again else record.load(clone)
    if engine and record.is_current(engine, tuple(map(str, wanted))):
        progress.say(f"engine: pulumi {engine.version} in {engine.binaries}, as found earlier")
    else:
        engine = _decide(clone, cache, progress, means, wanted)
    if engine.plugins is Source.STAND_INS:
        parts = means.require_parts()
        plugins.place(clone, wanted)
        progress.say(f"plugins: stand-ins, for this machine only, on {parts}: {engine.plugins_because}")
    else:
        progress.say(f"plugins: Pulumi's own ({engine.plugins_because})")
    record.save(clone, engine)
    return engine


def _decide(
    clone: Clone, cache: Cache, progress: Progress, means: Means, wanted: tuple[versions.Plugin, ...]
) -> Engine:
    progress.show("engine: looking for pulumi, and for a way to Pulumi's hosts")
    facts = gather(cache, versions.sdk(), means)
    binaries, chosen = _get(facts, cache, progress, means)
    found = inspect(binaries)
    source = choice.choose_plugins(wanted, plugins.installed(clone, os.environ), facts.network)
    progress.say(f"engine: pulumi {found.version if found else '?'} in {binaries}")
    return Engine(
        binaries,
        str(found.version if found else ""),
        chosen.way,
        chosen.because,
        source.source,
        source.because,
        tuple(map(str, wanted)),
    )


def _get(facts: Facts, cache: Cache, progress: Progress, means: Means) -> tuple[Path, Choice]:
    chosen = choice.choose(facts)
    for reason in chosen.passed_over:
        progress.say(f"engine: not by {reason}")
    progress.say(f"engine: {_WORDS[chosen.way]} ({chosen.because})")
    if chosen.way is Way.PATH:
        assert facts.on_path is not None
        return facts.on_path.folder, chosen
    if chosen.way in (Way.BUILT, Way.BUILD):
        folder = cache.built()
        with lock.hold(cache.lock(), progress.show):
            # Another checkout may have built it while this one waited.
            if not is_complete(folder / "bin"):
                means.build(folder, progress)
        return folder / "bin", chosen
    folder = cache.downloaded(versions.sdk())
    try:
        with lock.hold(cache.lock(), progress.show):
            if not is_complete(folder / "bin"):
                means.install(folder, versions.sdk(), progress)
    except InstallFailed as error:
        return _get(
            replace(facts, downloaded=None, network=Network(False, str(error))), cache, progress, means
        )
    return folder / "bin", chosen


_WORDS = {
    Way.PATH: "the one on PATH is used",
    Way.DOWNLOADED: "the official one in the cache folder is used",
    Way.DOWNLOAD: "Pulumi's installer gets it",
    Way.BUILT: "the one in the cache folder is used",
    Way.BUILD: "it is built from Go modules, once for this machine: 4 to 10 minutes on 2 cores",
}


def gather(cache: Cache, sdk: str, means: Means) -> Facts:
    """What this machine has, for the SDK's version `sdk`. At most some seconds, whatever the network does."""
    on_path = shutil.which("pulumi")
    return Facts(
        on_path=inspect(Path(on_path).parent) if on_path else None,
        downloaded=_complete(cache.downloaded(sdk)),
        built=_complete(cache.built()),
        network=means.probe(),
        go=find_go(),
    )


def inspect(folder: Path) -> Installed | None:
    """The `pulumi` in `folder`, asked for its version; None where there is none."""
    executable = folder / "pulumi"
    if not os.access(executable, os.X_OK):
        return None
    beside = os.access(folder / "pulumi-language-python", os.X_OK)
    said = _output([str(executable), "version"])
    return Installed(folder, versions.parse(said), beside or bool(shutil.which("pulumi-language-python")))


def find_go() -> Go:
    """The `go` on PATH and its version."""
    go = shutil.which("go")
    if not go:
        return Go(None, "there is no `go` on PATH")
    said = _output([go, "env", "GOVERSION"])
    found = re.match(r"go(\d+)\.(\d+)", said)
    if not found:
        return Go(None, f"{go} does not tell its version")
    return Go((int(found[1]), int(found[2])), f"Go {said.strip().removeprefix('go')} is on PATH")


def _complete(folder: Path) -> Installed | None:
    return inspect(folder / "bin") if is_complete(folder / "bin") else None


def _output(command: list[str]) -> str:
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "GOTOOLCHAIN": "local"}
    try:
        return subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
