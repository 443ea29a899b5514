"""`python -m localcloud.engine.command [engine address]`: a `pulumi-resource-command`."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import sys

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.engine.command.display import Display
from localcloud.engine.command.servicer import CommandServicer

_LARGEST_MESSAGE = 400 << 20
_LOOK_EVERY_SECONDS = 1.0


async def serve(engine: str) -> None:
    """Print the port on which the provider answers, as the engine expects of a plugin, and serve until the engine that
    started it is gone: it ends a plugin that it is done with, and one that was killed cannot.
    """
    parent = os.getppid()
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ]
    )
    servicer = CommandServicer(importlib.metadata.version("pulumi-command"), Display(engine))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    while os.getppid() == parent and await server.wait_for_termination(_LOOK_EVERY_SECONDS):
        pass
    await server.stop(grace=None)


if __name__ == "__main__":
    asyncio.run(serve(next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")))
