"""The engine that this plugin works for: where warnings go, and whose end is the plugin's end."""

from __future__ import annotations

import contextlib
import socket

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_CONNECT_SECONDS = 1.0


class Engine:
    """`address` is `host:port`, or "" when the plugin was started by hand."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None

    def warn(self, text: str, urn: str = "") -> None:
        """Show a warning beside the resource; an engine that is gone hears nothing."""
        if self._stub is None:
            return
        with contextlib.suppress(grpc.RpcError):
            self._stub.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=text, urn=urn))

    def answers(self) -> bool:
        """Whether the engine still listens; True when there is none to ask."""
        if not self._address:
            return True
        host, _, port = self._address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except OSError:
            return False
        return True
