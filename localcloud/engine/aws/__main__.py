"""`python -m localcloud.engine.aws [ENGINE]`: a `pulumi-resource-aws`. Prints its port and serves until it is over.

It ends on SIGINT and SIGTERM, and within five seconds of its engine's end, and takes its child with it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

from localcloud.engine.aws import binary
from localcloud.engine.aws.child import Child
from localcloud.engine.aws.errors import BridgeError

if TYPE_CHECKING:
    import grpc

    from localcloud.engine.aws.engine import Engine

_LARGEST_MESSAGE = 400 << 20
_THREADS = 128
_LOOK_EVERY_SECONDS = 1.0


def main(arguments: Sequence[str]) -> int:
    parent = os.getppid()
    ended = threading.Event()
    signal.signal(signal.SIGINT, _setter(ended))
    signal.signal(signal.SIGTERM, _setter(ended))
    try:
        # Before anything slow is imported: the child takes as long to start as gRPC and Pulumi's SDK to load.
        child = Child.start(binary.require())
    except BridgeError as error:
        print(f"pulumi-resource-aws: {error}", file=sys.stderr)
        return 1
    try:
        server, engine = _serve(child, next((word for word in arguments if not word.startswith("-")), ""))
        _wait(ended, lambda: os.getppid() != parent or not engine.answers())
        server.stop(grace=None)
    finally:
        child.close()
    return 0


def _setter(event: threading.Event) -> Callable[[int, FrameType | None], None]:
    def set_event(number: int, frame: FrameType | None) -> None:
        del number, frame
        event.set()

    return set_event


def _serve(child: Child, address: str) -> tuple[grpc.Server, Engine]:
    from concurrent.futures import ThreadPoolExecutor

    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from localcloud.engine.aws.engine import Engine
    from localcloud.engine.aws.servicer import Bridge
    from localcloud.engine.aws.session import Session

    engine = Engine(address)
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Bridge(Session(child), engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    return server, engine


def _wait(ended: threading.Event, engine_is_gone: Callable[[], bool]) -> None:
    while not ended.wait(_LOOK_EVERY_SECONDS):
        if engine_is_gone():
            return


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    # Threads that wait for an answer of the child, which is gone, would hold a normal exit back.
    os._exit(status)
