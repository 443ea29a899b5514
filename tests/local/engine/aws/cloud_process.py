"""moto with the local cloud's corrections, in a process of its own: `python -m` prints its address and serves.

It ends with its standard input, so it never outlives the tests. Moto in the tests' own process would keep the
corrections for every other test there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[4]


@contextmanager
def cloud() -> Iterator[str]:
    """The endpoint of a running moto."""
    environ = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.local.engine.aws.cloud_process"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        endpoint = process.stdout.readline().strip()
        assert endpoint, f"moto ended with {process.wait()} before it said where it listens"
        yield endpoint
    finally:
        process.stdin.close()
        process.wait(10)


def main() -> None:
    from moto.server import ThreadedMotoServer

    from localcloud.controlplane.corrections import corrections
    from localcloud.controlplane.hooks import Hooks

    Hooks().install(*corrections())
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
