"""A small cloud of instances for the tests, and the user data that they boot."""

from __future__ import annotations

import json
import secrets
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any, TypeVar

from localcloud.instances import processes
from localcloud.instances.local import LocalInstances
from localcloud.parts import InstanceSpec, InstanceStatus
from localcloud.processes import MARKER_VARIABLE

T = TypeVar("T")

WEB = """\
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            print("web is asked for /slow", flush=True)
            time.sleep(1.5)
        body = json.dumps({"pid": os.getpid(), "environment": dict(os.environ), "folder": os.getcwd()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = False

handed = os.environ.get("LISTEN_PID") == str(os.getpid())
server = Server((os.environ["HOST"], int(os.environ["PORT"])), Handler, bind_and_activate=not handed)
if handed:
    import socket
    server.socket.close()
    server.socket = socket.socket(fileno=3)
if "--deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("web listens", flush=True)
server.serve_forever()
server.server_close()
print("web ended well", flush=True)
"""


def unit(command: str = "python3 web.py", more: str = "") -> str:
    return f"""\
[Unit]
Description=The web process
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User=uneventful
WorkingDirectory=/opt/uneventful/app
EnvironmentFile=/etc/uneventful/environment
ExecStart=/bin/sh -c 'exec {command}'
Restart=always
RestartSec=1
TimeoutStopSec=5
KillSignal=SIGTERM
KillMode=mixed
NoNewPrivileges=yes
ProtectSystem=strict
{more}
[Install]
WantedBy=multi-user.target
"""


def socket_unit(port: int = 8080) -> str:
    return f"""\
[Unit]
Description=Where the web process listens

[Socket]
ListenStream={{{{ ds.meta_data.local_ipv4 }}}}:{port}

[Install]
WantedBy=sockets.target
"""


def cloud_config(
    unit_text: str | None = None,
    boot: str = "systemctl daemon-reload\nsystemctl enable --now uneventful-web.service",
    port: int = 8080,
    runcmd: str = "- [/opt/uneventful/boot]",
) -> bytes:
    """The shape of user data that a release has: a user, files, one boot script that is found by its folder."""
    files = {
        "/etc/uneventful/environment": f"HOST={{{{ ds.meta_data.local_ipv4 }}}}\nPORT={port}\nGREETING=\"a 'b' $c\"\n",
        "/etc/systemd/system/uneventful-web.service": unit() if unit_text is None else unit_text,
        "/etc/systemd/system/uneventful-web.socket": socket_unit(port),
        "/opt/uneventful/app/web.py": f"{{% raw %}}{WEB}{{% endraw %}}\n\n",
        "/opt/uneventful/boot": f'#!/bin/sh\nset -eu\ncd "$(dirname "$0")"\n{boot}\n',
    }
    entries = "".join(
        f"- path: {path}\n  permissions: '{'0755' if path.endswith('boot') else '0644'}'\n"
        f"  content: |\n{indent(text, '    ')}"
        for path, text in files.items()
    )
    return (
        "## template: jinja\n#cloud-config\nusers:\n- name: uneventful\n  system: true\n"
        f"write_files:\n{entries}runcmd:\n{runcmd}\n"
    ).encode()


def awaited(condition: Callable[[], T], within: float = 20.0) -> T:
    """The first true value of the condition; fails when there is none in time."""
    deadline = time.monotonic() + within
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.02)
    return value


def fetched(address: str, path: str = "/", port: int = 8080, timeout: float = 5.0) -> dict[str, Any]:
    """The JSON answer; empty when nothing answers."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=timeout) as answer:
            return dict(json.load(answer))
    except OSError:
        return {}


class Cloud:
    """Instances in a folder of the test's own, and the questions that tests ask about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marker = str(folder)
        self.authority = folder.parent / "ca.pem"
        self.instances = LocalInstances(folder, self.marker, self.authority)
        self.block = f"127.{secrets.randbelow(200) + 40}.{secrets.randbelow(250)}"
        self.exits: list[str] = []
        self.instances.on_exit(self.exits.append)
        self.count = 0

    def spec(self, user_data: bytes, **more: Any) -> InstanceSpec:
        self.count += 1
        while True:
            address = f"{self.block}.{self.count}"
            with socket.socket() as probe:
                try:
                    probe.bind((address, 8080))
                    break
                except OSError:
                    self.count += 1
        return InstanceSpec(
            instance_id=f"i-{self.count:017x}",
            region="eu-west-1",
            user_data=user_data,
            address=address,
            credentials_env={"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", **more.pop("env", {})},
            **more,
        )

    def start(self, user_data: bytes, **more: Any) -> InstanceSpec:
        spec = self.spec(user_data, **more)
        self.instances.start(spec)
        return spec

    def booted(self, user_data: bytes, **more: Any) -> InstanceSpec:
        """Start, and wait until the instance is up."""
        spec = self.start(user_data, **more)
        status = self.settled(spec)
        assert status.state == "running", (
            f"{status}\n{self.log(spec, 'cloud-init')}\n{self.log(spec, 'machine')}"
        )
        return spec

    def settled(self, spec: InstanceSpec) -> InstanceStatus:
        """The status when the boot is over."""
        awaited(lambda: self.status(spec).state != "booting")
        return self.status(spec)

    def status(self, spec: InstanceSpec) -> InstanceStatus:
        return self.instances.status(spec.instance_id)

    def log(self, spec: InstanceSpec, unit: str = "uneventful-web.service") -> str:
        file = self.folder / spec.instance_id / "log" / f"{unit}.log"
        return file.read_text() if file.exists() else ""

    def processes(self) -> tuple[int, ...]:
        return processes.carrying({MARKER_VARIABLE: self.marker})
