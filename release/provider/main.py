"""The console script `pulumi-resource-uneventful`: serves the provider to the engine that started it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from importlib.metadata import version

import grpc.aio


def main() -> None:
    """Serve until the engine ends this process, is gone, or a signal says stop; weights are put back first."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if len(arguments) != 1:
        sys.exit("pulumi-resource-uneventful is started by Pulumi's engine, with the engine's address")
    # pydantic would read what each installed package says of itself, to find plugins that nobody here uses.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What a start imports stays: looking for garbage in it took a tenth of the start, and would in each collection.
    gc.disable()
    asyncio.run(_serve(arguments[0]))


async def _serve(address: str) -> None:
    server = grpc.aio.server(options=[("grpc.server_max_unrequested_time_in_server", 1800)])
    port = server.add_insecure_port("127.0.0.1:0")
    # The engine reads the port and connects, which takes no answer, while the imports below take half a second.
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()

    from pulumi.runtime.proto import provider_pb2_grpc

    from release.aws import warm
    from release.provider.engine import Engine
    from release.provider.notebook import WRITING_SECONDS, Notebook
    from release.provider.operations import ENGINE_GONE, Operations
    from release.provider.outside import TIME
    from release.provider.provider import UneventfulProvider
    from release.provider.servicer import UneventfulServicer
    from release.provider.unsettled import Unsettled
    from release.who import who

    engine, unsettled, end = Engine(address), Unsettled(), asyncio.Event()
    operations, notebook = Operations(unsettled), Notebook(TIME.now, who())

    def stop(reason: str) -> None:
        operations.stop(reason)
        end.set()

    servicer = UneventfulServicer(
        UneventfulProvider(engine, operations, unsettled, notebook), engine, address, version("uneventful")
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop, f"the provider was sent {number.name}")
    await server.start()
    gc.freeze()
    gc.enable()
    watching = asyncio.create_task(engine.watch(lambda: stop(ENGINE_GONE)))
    warm("elbv2", "s3", "cloudwatch")
    await end.wait()
    await operations.ended()
    notebook.close()
    await notebook.written(WRITING_SECONDS)
    watching.cancel()
    await server.stop(grace=1)


if __name__ == "__main__":
    main()
