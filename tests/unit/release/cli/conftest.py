"""A small world for the command line: a stand-in for `pulumi` on PATH that plays what a test wrote down,
moto as AWS, and a public URL that answers as the release that is said to serve.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from release.bundle import Bundle, build
from release.ledger import Ledger
from release.store import S3BundleStore

BUCKET = "bundles-of-dev"

ENGINE = '''#!{python}
"""Plays the updates that are written in its folder, one after another, and keeps what it was asked."""
import json, os, pathlib, signal, sys, time
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
if arguments[:2] == ["stack", "export"]:
    of_stack = here / ("state-" + arguments[arguments.index("--stack") + 1] + ".json")
    state = of_stack if of_stack.exists() else here / "state.json"
    if not state.exists():
        sys.exit("error: no stack named 'dev' found")
    print(state.read_text())
    sys.exit(0)
if arguments[:2] == ["stack", "history"]:
    told = here / "history.json"
    print(told.read_text() if told.exists() else "[]")
    sys.exit(0)
if arguments[:2] == ["stack", "ls"]:
    print(json.dumps([{{"name": "dev"}}, {{"name": "production"}}]))
    sys.exit(0)
if arguments[0] == "refresh":
    events = here / "events"
    if not events.exists():
        sys.exit("error: the resources could not be read")
    pathlib.Path(arguments[arguments.index("--event-log") + 1]).write_text(events.read_text())
    sys.exit(0)
if arguments[0] == "preview":
    # Those of several stacks may run at once; each says what was written for it, and keeps what it was given.
    stack = arguments[arguments.index("--stack") + 1]
    play = here / f"preview-{{stack}}.json"
    if not play.exists():
        sys.exit(f"error: no stack named {{stack!r}} found")
    given = pathlib.Path(arguments[arguments.index("--config-file") + 1]).read_text()
    note = {{"configuration": given, "unpublished": os.environ.get("UNEVENTFUL_UNPUBLISHED", "")}}
    (here / "previews.json").write_text(json.dumps([note]))
    told = json.loads(play.read_text())
    print(json.dumps(told["told"]))
    sys.exit(told["status"])
if arguments[0] == "cancel":
    for lock in (here.parent / ".pulumi" / "locks").rglob("*.json"):
        lock.unlink()
    sys.exit(0)
calls = here / "calls.json"
asked = json.loads(calls.read_text()) if calls.exists() else []


def keep():
    # At once: a reader sees all of it or what was there before.
    new = calls.with_suffix(".new")
    new.write_text(json.dumps(asked))
    new.replace(calls)


configuration = pathlib.Path(arguments[arguments.index("--config-file") + 1])
asked.append({{"arguments": arguments, "configuration": configuration.read_text(), "signals": 0}})
play = json.loads((here / "plays.json").read_text())[len(asked) - 1]

def note(*_):
    asked[-1]["signals"] += 1
    keep()

if play.get("waits"):
    signal.signal(signal.SIGINT, note)
keep()
print("pulumi is updating", flush=True)
while play.get("waits") and not asked[-1]["signals"]:
    time.sleep(0.02)
time.sleep(play.get("linger", 0))
if "state" in play:
    (here / "state.json").write_text(json.dumps(play["state"]))
sys.exit(play["status"])
'''


@cache
def _client(service: str, endpoint: str) -> Any:
    """Making one takes a hundred times as long as using it."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


@dataclass
class World:
    """Where the command runs, and what is true there."""

    folder: Path
    environment: dict[str, str]
    url: str
    listener: str
    serving: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> Path:
        return self.folder / "bin"

    def client(self, service: str) -> Any:
        return _client(service, self.environment["AWS_ENDPOINT_URL"])

    @property
    def store(self) -> S3BundleStore:
        return S3BundleStore(self.client("s3"), BUCKET)

    def build(self, version: str, content: str = "hello") -> Bundle:
        application = self.folder / "application"
        application.mkdir(exist_ok=True)
        (application / "Procfile").write_text("web: serve\n")
        (application / "content").write_text(content)
        return build(application, version, self.folder / "project" / ".uneventful" / "bundles")

    def target_group(self, release: str) -> str:
        """The target group of a release, made on first use."""
        if release not in self.groups:
            elb = self.client("elbv2")
            vpc = self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
            made = elb.create_target_group(Name=f"web-{release}", Protocol="HTTP", Port=8080, VpcId=vpc)
            self.groups[release] = made["TargetGroups"][0]["TargetGroupArn"]
        return self.groups[release]

    def weigh(self, **weights: int) -> None:
        """Let the balancer's rule say this, by release."""
        elb = self.client("elbv2")
        for rule in elb.describe_rules(ListenerArn=self.listener)["Rules"]:
            if rule["Priority"] == "40000":
                elb.delete_rule(RuleArn=rule["RuleArn"])
        named = {release.removeprefix("r"): weight for release, weight in weights.items()}
        groups = [{"TargetGroupArn": self.target_group(name), "Weight": named[name]} for name in named]
        elb.create_rule(
            ListenerArn=self.listener,
            Priority=40000,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
        )

    def weights(self) -> dict[str, int]:
        """What the balancer's rule says, by release."""
        names = {group: release for release, group in self.groups.items()}
        rules = self.client("elbv2").describe_rules(ListenerArn=self.listener)["Rules"]
        action = next(rule for rule in rules if rule["Priority"] == "40000")["Actions"][0]
        return {names[g["TargetGroupArn"]]: g["Weight"] for g in action["ForwardConfig"]["TargetGroups"]}

    def lock(self, pid: int, host: str = "") -> Path:
        """A lock of the stack as Pulumi's own backend keeps it."""
        self.environment["PULUMI_BACKEND_URL"] = f"file://{self.folder}"
        path = self.folder / ".pulumi" / "locks" / "organization" / "uneventful" / "dev" / "0.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        host = host or os.uname().nodename
        path.write_text(json.dumps({"pid": pid, "username": "ben", "hostname": host, "timestamp": ""}))
        return path

    def lease(self, **record: Any) -> None:
        """The highest number of the lease on the weights says this."""
        key, body = "lease/000000000007.json", json.dumps({"holder": "anna on laptop", **record}).encode()
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)

    def pinned(self) -> str:
        """What the lease's last record says."""
        s3 = self.client("s3")
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, Prefix="lease/")["Contents"]]
        record = json.loads(s3.get_object(Bucket=BUCKET, Key=max(keys))["Body"].read())
        return str(record["pinned"])

    def heal(self, release: str) -> None:
        """Let the release have one healthy instance."""
        elb, ec2 = self.client("elbv2"), self.client("ec2")
        image = ec2.describe_images()["Images"][0]["ImageId"]
        instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        group = self.target_group(release)
        elb.create_rule(
            ListenerArn=self.listener,
            Priority=100,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/none"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance}])

    def state(self, ledger: Ledger, *candidates: str, moment: str = "then") -> dict[str, Any]:
        """An exported state with this ledger, and fleets of what it says runs and of the candidates."""
        running = [entry.release.id for entry in (*ledger.warm, ledger.live) if entry]
        fleets = [
            {
                "type": "aws:lb/targetGroup:TargetGroup",
                "urn": f"urn::web-{release}",
                "outputs": {"arn": self.target_group(release), "tags": {"uneventful:release": release}},
            }
            for release in (*running, *candidates)
        ]
        outputs = {"ledger": ledger.dump(), "url": self.url, "listenerArn": self.listener}
        return {
            "deployment": {
                "manifest": {"time": moment},
                "resources": [
                    {"type": "pulumi:pulumi:Stack", "urn": "urn::uneventful-dev", "outputs": outputs},
                    {"type": "aws:s3/bucket:Bucket", "urn": "urn::bundles", "outputs": {"bucket": BUCKET}},
                    *fleets,
                ],
            }
        }

    def begin(self, state: dict[str, Any], *plays: dict[str, Any]) -> None:
        """The state before, and what each `pulumi up` will do."""
        (self.engine / "state.json").write_text(json.dumps(state))
        (self.engine / "plays.json").write_text(json.dumps(plays))

    def forget_credentials(self) -> None:
        """From now on the command has no credentials for AWS."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            self.environment[name] = ""
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"

    @property
    def ups(self) -> list[dict[str, Any]]:
        calls = self.engine / "calls.json"
        return json.loads(calls.read_text()) if calls.exists() else []

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", "from release.cli.main import main; main()", *arguments],
            cwd=self.folder / "project",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(arguments)
        out, error = process.communicate(timeout=60)
        assert "Traceback" not in error, error
        return process.returncode, out, error


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def site() -> Iterator[tuple[str, list[str]]]:
    """A public URL, and the releases that answer on it in turn; an empty name is a 503."""
    serving: list[str] = []
    turns = iter(range(10**9))

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            release = serving[next(turns) % len(serving)] if serving else ""
            body = json.dumps({"release": release}).encode()
            self.send_response(200 if release else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Site(ThreadingHTTPServer):
        request_queue_size = 128

    server = Site(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", serving
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(aws: str, site: tuple[str, list[str]], tmp_path: Path) -> Iterator[World]:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").write_text(ENGINE.format(python=sys.executable))
    (tmp_path / "bin" / "pulumi").chmod(0o755)
    project = tmp_path / "project"
    (project / "below").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: uneventful\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  uneventful:window: 1 # one\n"
    )
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[4]),
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    world = World(tmp_path, environment, site[0], "", site[1])
    world.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    elb, ec2 = world.client("elbv2"), world.client("ec2")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"][:2]]
    balancer = elb.create_load_balancer(Name="dev", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    world.listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
    )["Listeners"][0]["ListenerArn"]
    yield world
    urllib.request.urlopen(urllib.request.Request(f"{aws}/moto-api/reset", method="POST")).close()
