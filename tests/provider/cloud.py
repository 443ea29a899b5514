"""AWS's control plane by moto, with a small data plane that follows its weights, traffic in the metrics, and faults."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from localcloud.controlplane.asked import asked
from localcloud.controlplane.refusals import throttled

ACCOUNT, REGION = "123456789012", "eu-west-1"
PRIORITY = 40000
BUCKET = "bundles"


class _Plane(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was cancelled hangs up; that is no error of the server's."""


class Cloud:
    """One listener, a target group a release, and a rate of imagined requests a second that the metrics show."""

    def __init__(self) -> None:
        self.lag = 0.05
        self.rate = 1000.0
        self.throttle: dict[str, float] = {}
        self.hang = 0.0
        self.errors: dict[str, float] = {}
        self.releases: dict[str, str] = {}
        self.writes: list[tuple[float, dict[str, int]]] = []
        self._history: list[tuple[float, dict[str, int]]] = [(0.0, {})]
        self._random = random.Random(5)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._api = make_server("127.0.0.1", 0, self._gate, threaded=True, request_handler=MotoRequestHandler)
        self._plane = _Plane(("127.0.0.1", 0), self._handler())
        self._ended = threading.Event()

    def start(self) -> None:
        for work in (self._api.serve_forever, self._plane.serve_forever, self._count):
            threading.Thread(target=work, daemon=True).start()
        self._elb, self._ec2, self._s3 = (self.client(name) for name in ("elbv2", "ec2", "s3"))
        place = {"LocationConstraint": REGION}
        self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        vpc = self._ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self._ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for n, zone in enumerate("ab")
        ]
        ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
        self._vpc = vpc
        balancer = self._elb.create_load_balancer(Name="dev", Subnets=ids)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        refusal = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
        self.listener: str = self._elb.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=8080, DefaultActions=[refusal]
        )["Listeners"][0]["ListenerArn"]

    def stop(self) -> None:
        self._ended.set()
        for server in (self._api, self._plane):
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._api.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._plane.server_address[1]}/healthz"

    @property
    def variables(self) -> dict[str, str]:
        """AWS's own variables for a process that should find this cloud."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    # releases and weights

    def release(self, identity: str, *, targets: int = 2) -> str:
        """A target group (its ARN) for the release, with that many targets, attached by a rule of its own."""
        group: str = self._elb.create_target_group(
            Name=f"dev-web-{identity}", Protocol="HTTP", Port=8080, VpcId=self._vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        if targets:
            self._elb.register_targets(
                TargetGroupArn=group, Targets=[{"Id": f"10.0.0.{10 + n}"} for n in range(targets)]
            )
        self._elb.create_rule(
            ListenerArn=self.listener,
            Priority=100 + len(self.releases),
            Conditions=[
                {
                    "Field": "http-header",
                    "HttpHeaderConfig": {
                        "HttpHeaderName": "X-Uneventful-Release",
                        "Values": [f"{identity}.key"],
                    },
                }
            ],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        self.releases[group] = identity
        return group

    def reset(self) -> None:
        """No main rule, no lease, no faults, good releases."""
        self.lag, self.rate, self.hang = 0.05, 1000.0, 0.0
        self.throttle.clear()
        self.errors.clear()
        for rule in self._main_rules():
            self._elb.delete_rule(RuleArn=rule["RuleArn"])
        for kept in self._s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
            self._s3.delete_object(Bucket=BUCKET, Key=kept["Key"])
        self._history = [(0.0, {})]
        self.writes = []

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """As somebody with the console would."""
        groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
        rules = self._main_rules()
        if rules:
            self._elb.modify_rule(RuleArn=rules[0]["RuleArn"], Actions=[action])
        else:
            self._elb.create_rule(
                ListenerArn=self.listener,
                Priority=PRIORITY,
                Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
                Actions=[action],
            )

    def follow_at_once(self) -> None:
        """Let the data plane have served the present weights for ever."""
        self._note()
        self._history = [(0.0, self._weights())]

    def weights(self) -> dict[str, int]:
        """By release; empty without a main rule."""
        return {self.releases[group]: weight for group, weight in self._weights().items() if weight}

    def leases(self) -> dict[str, Mapping[str, Any]]:
        """By key; a number that a newer holder drops between the list and the look is not one any more."""
        found = {}
        for entry in self._s3.list_objects_v2(Bucket=BUCKET, Prefix="lease/").get("Contents", ()):
            with contextlib.suppress(self._s3.exceptions.NoSuchKey):
                answer = self._s3.get_object(Bucket=BUCKET, Key=entry["Key"])
                found[entry["Key"]] = json.loads(answer["Body"].read())
        return found

    def _main_rules(self) -> list[Any]:
        rules = self._elb.describe_rules(ListenerArn=self.listener)["Rules"]
        return [rule for rule in rules if rule["Priority"] == str(PRIORITY)]

    def _weights(self) -> dict[str, int]:
        for listener in get_backend("elbv2")[ACCOUNT][REGION].load_balancers.values():
            for held in listener.listeners.values():
                for rule in held.rules.values():
                    if str(rule.priority) == str(PRIORITY):
                        groups = rule.actions[0].data["ForwardConfig"]["TargetGroups"]
                        return {group["TargetGroupArn"]: int(group["Weight"]) for group in groups}
        return {}

    def _served(self) -> dict[str, int]:
        moment = time.monotonic() - self.lag
        return next(weights for at, weights in reversed(self._history) if at <= moment or at == 0.0)

    # the control plane, with faults

    def _gate(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
        service = scope[3] if len(scope) > 3 else ""
        if self._random.random() < self.throttle.get(service, 0.0):
            refusal = throttled(asked(environ).protocol)
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(refusal.status, list(refusal.headers))
            return [refusal.body]
        if self.hang and service == "elasticloadbalancing":
            time.sleep(self.hang)
        answer = list(self._moto(environ, start_response))
        self._note()
        return answer

    def _note(self) -> None:
        weights = self._weights()
        if weights != self._history[-1][1]:
            self._history.append((time.monotonic(), weights))
            self.writes.append((time.monotonic(), {self.releases[group]: w for group, w in weights.items()}))

    # the data plane

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                release = cloud._answering(self.headers.get("X-Uneventful-Release"))
                body = json.dumps({"release": release} if release else {"error": "no release"}).encode()
                self.send_response(200 if release else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: Any) -> None:
                pass

        return Handler

    def _answering(self, header: str | None) -> str:
        if header:
            identity = header.removesuffix(".key")
            groups = {name: group for group, name in self.releases.items()}
            healthy = identity in groups and self._elb_targets(groups[identity])
            return identity if header.endswith(".key") and healthy else ""
        weights = self._served()
        if not any(weights.values()):
            return ""
        return self.releases[self._random.choices(list(weights), list(weights.values()))[0]]

    def _elb_targets(self, group: str) -> bool:
        return bool(get_backend("elbv2")[ACCOUNT][REGION].target_groups[group].targets)

    # the metrics

    def _count(self) -> None:
        period = 0.25
        while not self._ended.wait(period):
            weights = self._served()
            total = sum(weights.values()) or 1
            for group, weight in weights.items():
                asked = round(self.rate * period * weight / total + self._random.random() - 0.5)
                failing = self.errors.get(self.releases[group], 0.0)
                failed = sum(self._random.random() < failing for _ in range(asked))
                self.metric(
                    group,
                    RequestCount=asked,
                    HTTPCode_Target_5XX_Count=failed,
                    TargetResponseTime=0.003,
                )

    def metric(self, group: str, **values: float) -> None:
        """As the load balancer reports it for a target group (ARN)."""
        dimensions = [
            {"Name": "TargetGroup", "Value": group.rsplit(":", 1)[1]},
            {"Name": "LoadBalancer", "Value": "/".join(self.listener.split(":listener/")[1].split("/")[:3])},
        ]
        data = [
            {
                "MetricName": name,
                "Value": value,
                "Dimensions": dimensions,
                "Timestamp": datetime.now(UTC).replace(tzinfo=None),
            }
            for name, value in values.items()
        ]
        get_backend("cloudwatch")[ACCOUNT][REGION].put_metric_data("AWS/ApplicationELB", data)
