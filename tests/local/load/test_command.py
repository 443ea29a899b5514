"""`localcloud load` as it is typed, and beside wrk as a second witness."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = "import typer; from localcloud.cli.load import load; typer.run(load)"
TIMED = f"""
import atexit, resource, sys
import localcloud.cli.load
def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_utime + now.ru_stime
before = used()
atexit.register(lambda: print("cpu", used() - before, file=sys.stderr))
{COMMAND}
"""

WRK_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "status": %d, "lost": %d, "timeout": %d}\\n',
    summary.requests, e.status, e.connect + e.read + e.write, e.timeout))
end
"""


async def start(*words: str, program: str = COMMAND) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *words, stdout=pipe, stderr=pipe
    )


async def finish(process: asyncio.subprocess.Process) -> tuple[dict[str, Any], str]:
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out.decode().splitlines()[-1]), err.decode()


async def test_the_last_line_is_the_whole_count(server, tmp_path):
    file = tmp_path / "load.json"
    words = (
        server.url,
        "--rate",
        "100",
        "--seconds",
        "2",
        "--json",
        str(file),
        "--progress",
        "--upload",
        "0.1",
    )
    counted, live = await finish(await start(*words))
    assert counted["url"] == server.url
    assert counted["sent"] == counted["answered"] == sum(server.did.values()) == 200
    assert counted["by_request"]["upload"]["sent"] in range(15, 26)
    assert json.loads(file.read_text()) == counted
    assert "r1" in live
    assert "p99" in live


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_sending_and_waits_for_what_is_in_flight(server, until, number):
    process = await start(server.url, "--rate", "50", "--slow", "1", "--slow-path", "/slow")
    await until(lambda: server.did["well"] >= 20)
    process.send_signal(number)
    counted, _ = await finish(process)
    assert counted["sent"] == counted["answered"] == server.did["well"] >= 20
    assert counted["failed"] == {}


async def test_a_signal_ends_a_run_of_a_low_rate_at_once(server, until):
    process = await start(server.url, "--rate", "0.02")
    await until(lambda: server.did["well"] == 1)
    process.send_signal(signal.SIGINT)
    counted, _ = await asyncio.wait_for(finish(process), 5)
    assert counted["sent"] == 1


async def test_a_thousand_a_second_need_less_than_half_a_core(server):
    process = await start(server.url, "--rate", "1000", "--seconds", "3", program=TIMED)
    counted, said = await finish(process)
    assert counted["sent"] == counted["answered"] == 3000
    assert counted["failed"] == {}
    assert float(said.split("cpu ")[1]) < 1.5 + 0.3


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed; CI installs it")
@pytest.mark.parametrize("kept", ["0", "1"])
async def test_wrk_sees_the_same_failures(server, tmp_path: Path, kept):
    server.script = ("well", "500", "well", "reset", "well", "cut", "404", "well", "close", "well")
    script = tmp_path / "done.lua"
    script.write_text(WRK_DONE)
    pipe = asyncio.subprocess.PIPE
    wrk = await asyncio.create_subprocess_exec(
        "wrk", "-t1", "-c4", "-d2s", "-s", str(script), server.url, stdout=pipe
    )
    out, _ = await asyncio.wait_for(wrk.communicate(), 30)
    witness = json.loads(out.decode().splitlines()[-1])
    did = dict(server.did)
    # What wrk had under way when it stopped, at most one request a connection, is in nobody's count.
    assert did["500"] + did["404"] - 4 <= witness["status"] <= did["500"] + did["404"]
    assert did["reset"] + did["cut"] + did["close"] - 4 <= witness["lost"]
    assert witness["lost"] <= did["reset"] + did["cut"] + did["close"]

    server.did.clear()
    server._served = 0
    ours, _ = await finish(await start(server.url, "--rate", "500", "--seconds", "2", "--keep-alive", kept))
    told = sum(count for kind, count in ours["failed"].items() if kind.startswith("http"))
    assert (told, ours["failed_total"] - told) == (200, 300)
    assert witness["status"] / (witness["requests"] + witness["lost"]) == pytest.approx(0.2, abs=0.01)
    assert witness["lost"] / (witness["requests"] + witness["lost"]) == pytest.approx(0.3, abs=0.01)
