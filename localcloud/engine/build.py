"""Builds the engine from Go modules, for machines that reach a module proxy and none of Pulumi's hosts.

Two modules, since their requirements differ: the CLI, and the Python language host of an older SDK (the newest
whose module contains it). Go's own cache keeps each compiled package, so a build that was stopped goes on where it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.engine import versions
from localcloud.engine.errors import BuildFailed
from localcloud.engine.places import EXECUTABLES, is_complete
from localcloud.engine.progress import Progress
from localcloud.engine.running import Ended, follow

MODULES = Path(__file__).parent / "modules"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


@dataclass(frozen=True)
class Target:
    """One executable: the folder of its go.mod below `modules/`, its package and the version that it is told."""

    executable: str
    module: str
    package: str
    version: versions.Version


TARGETS = (
    Target(
        "pulumi-language-python",
        "language",
        f"{_SDK}/python/cmd/pulumi-language-python",
        versions.LANGUAGE_HOST,
    ),
    Target("pulumi", "cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", versions.CLI),
)

Run = Callable[[list[str], Path, Callable[[str], None], Callable[[], None]], Ended]


def build(
    folder: Path, progress: Progress, go: str = "go", modules: Path = MODULES, run: Run | None = None
) -> None:
    """Puts the executables into `folder/bin`, all of them or none: `folder` appears only when all are there.

    To be called under the cache's lock. Raises `BuildFailed` with the end of what `go` said.
    """
    run = run or _run
    new = folder.with_name(f".new-{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    binaries = new / "bin"
    binaries.mkdir(parents=True)
    todo = [(target, _missing(target, modules, progress, go, run)) for target in TARGETS]
    total = len(frozenset().union(*(packages for _, packages in todo)))
    progress.say(f"compiling {total} Go packages that are not in Go's cache yet ({len(TARGETS)} programs)")
    counter = Counter(progress, total)
    for target, _ in todo:
        counter.start(target.executable)
        ended = run(
            [
                go,
                "build",
                "-v",
                *_FLAGS,
                "-ldflags",
                _linker_flags(target),
                "-o",
                str(binaries),
                target.package,
            ],
            modules / target.module,
            counter.line,
            counter.show,
        )
        _check(ended, f"go build {target.package}")
    for script in _scripts(modules, progress, go, run):
        shutil.copyfile(script, binaries / script.name)
        (binaries / script.name).chmod(0o755)
    progress.close()
    if not is_complete(binaries):
        missing = ", ".join(name for name in EXECUTABLES if not (binaries / name).exists())
        raise BuildFailed(f"the build ended well, but these are missing in {binaries}: {missing}.")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


class Counter:
    """Counts the packages that `go build -v` names and guesses when the rest will be done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._began = progress.elapsed()
        self._done = 0
        self._name = ""

    def start(self, name: str) -> None:
        self._name = name
        self.show()

    def line(self, text: str) -> None:
        # Everything else that Go says on this stream starts with `go:` or `#`.
        if not text.startswith(("go:", "#", " ", "\t")):
            self._done = min(self._done + 1, self._total)
        self.show()

    def show(self) -> None:
        spent = self._progress.elapsed() - self._began
        self._progress.show(
            f"building {self._name}: {self._done} of {self._total} packages{guess(spent, self._done, self._total)}"
        )


def guess(spent: float, done: int, total: int) -> str:
    """The rest in words, from what was done in `spent` seconds; nothing while that would say nothing yet."""
    if done < 20 or spent < 5 or done >= total:
        return ", linking" if total and done >= total else ""
    rest = spent * (total - done) / done
    return f", about {rest:.0f} s more" if rest < 90 else f", about {rest / 60:.0f} min more"


_FLAGS = ("-mod=readonly", "-buildvcs=false")


def _linker_flags(target: Target) -> str:
    return f"-s -w -X {_SDK}/go/common/version.Version=v{target.version}"


def _missing(target: Target, modules: Path, progress: Progress, go: str, run: Run) -> frozenset[str]:
    """Fetches the modules and names the packages that Go has to compile."""
    fetched = 0

    def line(text: str) -> None:
        nonlocal fetched
        if text.startswith("go: downloading"):
            fetched += 1
        show()

    def show() -> None:
        progress.show(f"fetching Go modules for {target.executable}: {fetched} so far")

    ended = run(
        [
            go,
            "list",
            "-deps",
            *_FLAGS,
            "-ldflags",
            _linker_flags(target),
            "-f",
            "{{if .Stale}}{{.ImportPath}}{{end}}",
            target.package,
        ],
        modules / target.module,
        line,
        show,
    )
    _check(ended, f"go list -deps {target.package}")
    if fetched:
        progress.say(f"fetched {fetched} Go modules for {target.executable}")
    # The standard library is compiled once for all programs, everything else in each one's own version.
    return frozenset(
        name if is_standard(name) else f"{target.module}:{name}" for name in ended.output.split()
    )


def is_standard(package: str) -> bool:
    """Whether a package is of Go's standard library: its first part is no host name."""
    return "." not in package.partition("/")[0]


def _scripts(modules: Path, progress: Progress, go: str, run: Run) -> list[Path]:
    ended = run(
        [go, "list", "-m", "-f", "{{.Dir}}", _SDK],
        modules / "cli",
        lambda _: None,
        lambda: progress.show("copying scripts"),
    )
    _check(ended, f"go list -m {_SDK}")
    return [Path(ended.output.strip()) / name for name in _SCRIPTS]


def _check(ended: Ended, what: str) -> None:
    if ended.status:
        said = [text for text in ended.said if not text.startswith("go: downloading")]
        raise BuildFailed(
            f"`{what}` ended with status {ended.status}:\n"
            + "\n".join(f"  {text}" for text in said or ["(no output)"]),
            "Packages that were compiled are kept: the same command goes on from there.",
        )


def _run(command: list[str], folder: Path, line: Callable[[str], None], tick: Callable[[], None]) -> Ended:
    return follow(command, folder, environment(os.environ), line, tick)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's variables, without those that would make Go build something else than for this machine."""
    kept = {name: value for name, value in environ.items() if name not in ("GOOS", "GOARCH", "GOBIN")}
    # Without C there is no compiler to be missing, and the result runs on any libc.
    return {**kept, "CGO_ENABLED": "0", "GOWORK": "off"}
