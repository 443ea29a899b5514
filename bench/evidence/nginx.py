"""nginx: its upstream is switched, and it is reloaded; and what scripts do behind an nginx that stays as it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.evidence.application import Web, free_ports, stopped
from bench.evidence.contender import CannotMeasure
from bench.evidence.peer import GRACE, BlueGreen, Peer, ended

PROGRAM = "nginx"
PACKAGE = "nginx-light"
PLACES = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
"""Debian's servers are in folders that not every user's PATH has."""

_CONFIGURATION = """\
{user}daemon off;
pid nginx.pid;
error_log error.log warn;
worker_processes auto;
worker_shutdown_timeout {grace}s;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 10m;
  client_body_buffer_size 128k;
  keepalive_timeout 75s;
  keepalive_requests 1000000;
  include upstream.conf;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_connect_timeout 2s;
      proxy_next_upstream error timeout;
    }}
  }}
}}
"""
_UPSTREAM = "upstream shop {{\n{servers}\n  keepalive 64;\n}}\n"
_SERVER = "  server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;"


class Server:
    """An nginx of its own in `folder`, on `port`."""

    def __init__(self, folder: Path, port: int) -> None:
        program = shutil.which(PROGRAM, path=PLACES)
        assert program
        self._argv = [program, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
        self._folder, self._port = folder, port

    def start(self, ports: Sequence[int]) -> None:
        user = "user root;\n" if os.geteuid() == 0 else ""
        text = _CONFIGURATION.format(user=user, grace=GRACE, port=self._port)
        (self._folder / "nginx.conf").write_text(text)
        self.point(ports)
        self._check()
        self._process = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, start_new_session=True)

    def point(self, ports: Sequence[int]) -> None:
        servers = "\n".join(_SERVER.format(port=port) for port in ports)
        (self._folder / "upstream.conf").write_text(_UPSTREAM.format(servers=servers))

    def reload(self) -> None:
        """As `nginx -t && nginx -s reload`."""
        self._check()
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        ended(self._process)

    def _check(self) -> None:
        done = subprocess.run([*self._argv, "-t"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"nginx does not take its configuration in {self._folder}: {done.stderr}")


class Nginx(BlueGreen):
    name = "nginx"
    how = (
        "nginx in front of two sets of web processes: the new ones are started, asked for their health, the upstream "
        f"is written, `nginx -t && nginx -s reload`; keep-alive to the upstream, worker_shutdown_timeout {GRACE} s; "
        "back: the same switch to the old ones, which still run"
    )

    def _begin(self, ports: Sequence[int]) -> Callable[[], None]:
        self._server = Server(self._folder, self.port)
        self._server.start(ports)
        return self._server.stop

    def _switch(self, ports: Sequence[int]) -> None:
        self._server.point(ports)
        self._server.reload()


class Script(Peer):
    """The web processes are replaced on their own ports. `at_once` is how many of them at a time."""

    name = "stop and start"
    how = (
        "a script stops all web processes (SIGTERM, waits for their end) and starts those of the new version on the "
        "same ports; an nginx that is never reloaded is in front; back: the same with the old version"
    )
    at_once = 0

    def __init__(self, folder: Path, web: int, bundle: Callable[[str], Path]) -> None:
        super().__init__(folder, web, bundle)
        self._order: list[str] = []

    def _open(self, label: str) -> None:
        self._fleet = list(self._start(label, free_ports(self._web)))
        self._running.callback(lambda: stopped(self._fleet))
        self._order = [label]
        server = Server(self._folder, self.port)
        server.start([web.port for web in self._fleet])
        self._running.callback(server.stop)
        if not (all(web.healthy() for web in self._fleet) and self._served(label)):
            raise CannotMeasure(f"{self.name}: the application does not start; see {self._folder}")

    def _release(self, label: str) -> bool:
        self._order = [self._order[-1], label]
        return self._replaced(label)

    def _back(self) -> bool:
        self._order.reverse()
        return self._replaced(self._order[-1])

    def _replaced(self, label: str) -> bool:
        size = self.at_once or len(self._fleet)
        for first in range(0, len(self._fleet), size):
            old: Sequence[Web] = self._fleet[first : first + size]
            stopped(old)
            new = self._start(label, [web.port for web in old])
            self._fleet[first : first + size] = new
            if not all(web.healthy() for web in new):
                return False
        return self._served(label)


class Rolling(Script):
    name = "rolling restart"
    how = (
        "as stop and start, but one web process after the other, each one healthy before the next is stopped; nginx "
        "gives to the others what one refuses"
    )
    at_once = 1
