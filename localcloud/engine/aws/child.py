"""HashiCorp's provider as a child process that never outlives the bridge."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localcloud import tether
from localcloud.engine.aws.binary import TerraformProvider
from localcloud.engine.aws.errors import ProviderBrokenError
from localcloud.engine.aws.sockets import clear, socket_folder

# go-plugin's handshake as Terraform does it (github.com/hashicorp/terraform, internal/plugin/serve.go).
_COOKIE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"}
_PROTOCOL = {"PLUGIN_PROTOCOL_VERSIONS": "5", "PLUGIN_MIN_PORT": "10000", "PLUGIN_MAX_PORT": "25000"}
_SILENCE = dict.fromkeys(("TF_LOG", "TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_PROVIDER"), "OFF")
_HANDSHAKE_SECONDS = 60.0
_TAIL_BYTES = 2000


@dataclass(frozen=True)
class Child:
    """A started provider. `address()` waits for its handshake; `close()` may be called more than once."""

    provider: TerraformProvider
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]
    sockets: Path

    @classmethod
    def start(cls, provider: TerraformProvider, environ: Mapping[str, str] | None = None) -> Child:
        """Start without waiting. Call it from the main thread, which must live as long as the child may."""
        sockets = socket_folder()
        environment = {**(os.environ if environ is None else environ), **_COOKIE, **_PROTOCOL, **_SILENCE}
        environment["PLUGIN_UNIX_SOCKET_DIR"] = str(sockets)
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(provider.path)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        return cls(provider, process, stderr, sockets)

    def address(self) -> str:
        """Where its gRPC server listens, in gRPC's form (`unix:/path` or `host:port`)."""
        line = self._first_line()
        parts = line.split("|")
        if len(parts) < 5 or parts[4] != "grpc" or parts[1] != "5":
            raise ProviderBrokenError(
                f"{self.provider.label} did not start: expected go-plugin's handshake for protocol 5, "
                f"saw {line!r}. {self.last_words()}Try `{self.provider.path} --version`."
            )
        network, address = parts[2], parts[3]
        return f"unix:{address}" if network == "unix" else address

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        deadline = time.monotonic() + _HANDSHAKE_SECONDS
        seen = b""
        while b"\n" not in seen:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(descriptor, 4096) if ready else b""
            if not chunk:
                break
            seen += chunk
        return seen.decode(errors="replace").strip()

    def last_words(self) -> str:
        """The end of what it wrote to its standard error, as a sentence, or nothing."""
        size = os.fstat(self.stderr.fileno()).st_size
        tail = os.pread(self.stderr.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        text = tail.decode(errors="replace").strip()
        return f"It wrote: {text}. " if text else ""

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        clear(self.sockets)
