"""One environment on a local cloud of its own, and the commands of a person at its terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from demo.world import Release, Status, World, local_variables
from setup import salt

ROOT = Path(__file__).resolve().parents[2]
STACK_FILE = ROOT / "Pulumi.dev.yaml"
LOGS = ROOT / ".uneventful" / "test-logs"
"""What every command printed."""
BEGUN = "UNEVENTFUL_TEST_HOME"
"""Names the home of an environment that is up already, and that whoever began it will end."""
VERSIONS = ("1", "2", "2.1", "3", "4", "5", "6")
"""All that the tests release."""


@dataclass(frozen=True)
class Finished:
    status: int
    output: str


@dataclass(frozen=True)
class Weights:
    """What the main rule says: (weight, target group ARN), heaviest first."""

    groups: tuple[tuple[int, str], ...]

    @property
    def shared(self) -> bool:
        return sum(weight > 0 for weight, _ in self.groups) > 1


class Stage:
    """The shared environment. `logs` keeps what every command printed; `folder` is the project's."""

    def __init__(self, variables: Mapping[str, str], logs: Path, folder: Path = ROOT) -> None:
        self.folder = folder
        self.variables = dict(variables)
        self.logs = logs
        self.world = World("dev", self.variables)
        self._count = len(list(logs.iterdir()))

    def run(self, *argv: str, timeout: float = 400) -> Finished:
        """Run a command to its end; what it printed is kept in the logs."""
        with self.started(*argv) as process:
            output, _ = process.communicate(timeout=timeout)
        self.keep(argv, output)
        return Finished(process.returncode, output)

    def done(self, *argv: str) -> str:
        """Run a command that must succeed."""
        finished = self.run(*argv)
        assert finished.status == 0, (
            f"{' '.join(argv)} ended with {finished.status}:\n{finished.output[-4000:]}"
        )
        return finished.output

    def update(self, *more: str) -> str:
        """`pulumi up`, which must end well."""
        return self.done("pulumi", "up", "--yes", "--stack", "dev", "--non-interactive", *more)

    def finds_nothing_to_change(self) -> None:
        """An update leaves everything as it is; it would have been previewed by the same program."""
        self.update("--skip-preview", "--expect-no-changes")

    def finds_no_drift(self) -> None:
        """What is there is what the state says."""
        drift = ("pulumi", "refresh", "--stack", "dev", "--non-interactive", "--preview-only")
        self.done(*drift, "--expect-no-changes")

    @contextmanager
    def started(self, *argv: str) -> Iterator[subprocess.Popen[str]]:
        """A command that is running, in a process group of its own as in a terminal; killed if it is left."""
        process = subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def keep(self, argv: Sequence[str], output: str) -> None:
        """Put into the logs what a command printed."""
        self._count += 1
        name = f"{self._count:02d}-{'-'.join(argv)[:60].replace('/', '_')}.log"
        (self.logs / name).write_text(output)

    @cached_property
    def url(self) -> str:
        """Where the environment answers, as long as it is there."""
        return str(self.world.outputs()["url"])

    def status(self) -> Status:
        return self.world.status()

    def live(self) -> Release:
        live = self.status().live
        assert live is not None, "nothing is live"
        return live

    def elb(self) -> Any:
        """AWS's own client of the load balancer's API, for a look from outside."""
        return self.aws("elbv2")

    def aws(self, service: str) -> Any:
        """AWS's own client of a service."""
        return boto3.client(
            service,
            region_name=self.variables["AWS_REGION"],
            endpoint_url=self.variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 8, "mode": "standard"}),
        )

    def resource(self, kind: str, name: str) -> dict[str, Any]:
        """The outputs of one resource, as the stack's state has them."""
        state = json.loads(self.done("pulumi", "stack", "export", "--stack", "dev"))
        (found,) = (
            one
            for one in state["deployment"]["resources"]
            if one["type"] == kind and one["urn"].endswith(f"::{name}")
        )
        outputs: dict[str, Any] = found["outputs"]
        return outputs

    def answers(self, url: str) -> bool:
        """Whether the shop's page is served."""
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def operations_log(self) -> list[str]:
        """What the operations host has said in its log group, in the order of time."""
        logs = self.aws("logs")
        (group,) = logs.describe_log_groups(logGroupNamePrefix="/uneventful/dev/operations-")["logGroups"]
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        return [event["message"] for page in pages for event in page["events"]]

    def main_rule(self) -> dict[str, Any]:
        """The listener rule that carries the weights."""
        elb = self.elb()
        listener = self.world.outputs()["listenerArn"]
        return next(
            rule
            for rule in elb.describe_rules(ListenerArn=listener)["Rules"]
            if any(condition["Field"] == "path-pattern" for condition in rule["Conditions"])
        )

    def weights(self, elb: Any, rule_arn: str) -> Weights:
        (rule,) = elb.describe_rules(RuleArns=[rule_arn])["Rules"]
        (action,) = rule["Actions"]
        forward = action.get("ForwardConfig", {}).get("TargetGroups") or [
            {"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}
        ]
        return Weights(
            tuple(sorted(((group["Weight"], group["TargetGroupArn"]) for group in forward), reverse=True))
        )

    def until_shared(self, elb: Any, rule_arn: str, seconds: float = 240) -> Weights:
        """Wait for a shift to be on its way: two target groups with a weight."""
        return self.until(lambda: self.weights(elb, rule_arn), lambda weights: weights.shared, seconds)

    def until(self, look: Any, holds: Any, seconds: float) -> Any:
        limit = time.monotonic() + seconds
        while True:
            seen = look()
            if holds(seen):
                return seen
            assert time.monotonic() < limit, f"not so within {seconds} s; last seen: {seen}"
            time.sleep(0.02)


def variables_for(home: Path) -> dict[str, str]:
    """A shell's variables in which every command knows this home, before the local cloud is up."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "UNEVENTFUL_HOME": str(home)}


def up(home: Path) -> Stage:
    """A local cloud in `home`, the dev environment on it, version 1 of the shop live, `VERSIONS` built."""
    stage = opened(home)
    fill(stage)
    return stage


def opened(home: Path) -> Stage:
    """A local cloud in `home` with an empty stack; from now on the checkout's own files stay as they are."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    before = variables_for(home)
    started = subprocess.run(
        ["localcloud", "up"], cwd=ROOT, env=before, capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stdout + started.stderr
    stage = Stage(local_variables(before), LOGS)
    # An earlier environment's salt is no use to this one, and would be refused.
    salt.keep_out(STACK_FILE)
    stage.done("pulumi", "stack", "select", "--create", "dev", "--non-interactive")
    salt.keep_out(STACK_FILE)
    return stage


def fill(stage: Stage) -> None:
    """The environment, all versions, and the first release."""
    # Most of the update's time is waiting, and building takes none of it.
    with ThreadPoolExecutor(1) as beside:
        building = [
            beside.submit(stage.done, "release", "build", "examples/shop", "--version", version)
            for version in VERSIONS
        ]
        stage.update("--skip-preview")
        for built in building:
            built.result()
    stage.done("release", "deploy", "1", "--stack", "dev", "--yes")


def found(home: Path) -> Stage:
    """The environment that `up` has made in `home`, in another process."""
    return Stage(local_variables(variables_for(home)), LOGS)


def end(home: Path) -> None:
    """Nothing of the environment in `home` is left, but what it said."""
    variables = variables_for(home)
    subprocess.run(["localcloud", "down"], cwd=ROOT, env=variables, check=False)
    if (home / "cloud" / "daemon.log").exists():
        shutil.copy(home / "cloud" / "daemon.log", LOGS / "daemon.log")
    subprocess.run(["localcloud", "down", "--all", "--forget"], cwd=ROOT, env=variables, check=False)
    salt.keep_out(STACK_FILE)
