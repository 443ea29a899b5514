"""Answers with its release's name; `/work?seconds=N` takes its time, a POST is read to its end.

The least that a process `web` must be, so that many of them run beside everything else on a small machine.
"""

import asyncio
import json
import os
import signal

RELEASE = os.environ["RELEASE_ID"]
BODY = json.dumps({"release": RELEASE, "version": os.environ["RELEASE_VERSION"]}).encode()
HEAD = f"HTTP/1.1 200 OK\r\nx-release: {RELEASE}\r\ncontent-type: application/json\r\ncontent-length: {len(BODY)}\r\n"
KEEP, CLOSE = ((HEAD + f"connection: {how}\r\n\r\n").encode() + BODY for how in ("keep-alive", "close"))
GRACE = 4.0
connections: dict[asyncio.Task[None], bool] = {}
"""Each open connection, and whether it is in the middle of a request."""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    task = asyncio.current_task()
    assert task
    connections[task] = False
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            connections[task] = True
            request, _, headers = head.partition(b"\r\n")
            lowered = headers.lower()
            if b"content-length:" in lowered:
                await reader.readexactly(int(lowered.split(b"content-length:")[1].split(b"\r\n")[0]))
            if b"seconds=" in request:
                await asyncio.sleep(float(request.split(b"seconds=")[1].split()[0]))
            last = stopping.is_set() or b"connection: close" in lowered
            writer.write(CLOSE if last else KEEP)
            await writer.drain()
            connections[task] = False
            if last:
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        connections.pop(task, None)
        writer.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncio.start_server(
        serve, os.environ.get("HOST", "0.0.0.0"), int(os.environ["PORT"]), backlog=512
    )
    await stopping.wait()
    server.close()
    until = loop.time() + GRACE
    while any(connections.values()) and loop.time() < until:
        await asyncio.sleep(0.05)


stopping = asyncio.Event()
asyncio.run(main())
