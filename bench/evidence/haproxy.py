"""HAProxy: its servers are switched, and it is reloaded without closing its listener."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence

from bench.evidence.contender import CannotMeasure
from bench.evidence.nginx import PLACES
from bench.evidence.peer import GRACE, BlueGreen, ended

PROGRAM = PACKAGE = "haproxy"

_CONFIGURATION = """\
global
  hard-stop-after {grace}s
  stats socket {folder}/admin.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 2s
  timeout client 75s
  timeout server 75s
  timeout http-keep-alive 75s
  option redispatch
  retries 3
frontend shop
  bind 127.0.0.1:{port} backlog 4096
  default_backend shop
backend shop
  balance roundrobin
  http-reuse safe
  option httpchk GET /healthz
{servers}
"""
_SERVER = "  server web{number} 127.0.0.1:{port} check inter 1s fall 2 rise 1"


class HAProxy(BlueGreen):
    name = "HAProxy"
    how = (
        "HAProxy in master-worker mode in front of two sets of web processes: the new ones are started, asked for "
        "their health, the configuration is written and checked, SIGUSR2 reloads (listeners are handed over, "
        f"hard-stop-after {GRACE} s), health checks each second; back: the same switch to the old ones, which still run"
    )

    def _begin(self, ports: Sequence[int]) -> Callable[[], None]:
        program = shutil.which(PROGRAM, path=PLACES)
        assert program
        self._argv = [program, "-W", "-f", str(self._folder / "haproxy.cfg")]
        self._write(ports)
        with (self._folder / "haproxy.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        return lambda: ended(self._process)

    def _switch(self, ports: Sequence[int]) -> None:
        self._write(ports)
        self._process.send_signal(signal.SIGUSR2)

    def _write(self, ports: Sequence[int]) -> None:
        servers = "\n".join(_SERVER.format(number=n, port=port) for n, port in enumerate(ports, 1))
        text = _CONFIGURATION.format(grace=GRACE, folder=self._folder, port=self.port, servers=servers)
        file = self._folder / "haproxy.cfg"
        file.write_text(text)
        done = subprocess.run([self._argv[0], "-c", "-f", file], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"HAProxy does not take its configuration {file}: {done.stderr}")
