"""`aws` on an instance is run by a resident process, and nobody who calls it can tell."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import pytest

from localcloud.instances import processes
from localcloud.instances.aws import call
from localcloud.instances.aws.keeper import Keeper
from localcloud.instances.local import INSTANCE_VARIABLE
from localcloud.instances.shims import base_interpreter
from localcloud.processes import MARKER_VARIABLE
from tests.local.instances.aws_stand_in import BUCKET, KEYS, REGION, client, stand_in
from tests.local.instances.trial import Cloud, awaited

RESIDENT = """\
import socket, sys
from localcloud.instances.aws.resident import Resident
def command():
    code = compile(sys.argv[1], "command", "exec")
    exec(code, {})
Resident(socket.socket(fileno=int(sys.argv[1])), command).serve()
"""
"""A resident process whose command is Python code, its first argument."""

ECHO = """\
import sys
while line := sys.stdin.readline():
    print("echo", line, end="", flush=True)
"""


class Calls:
    """Calls from one instance's folder to whoever listens in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = folder / "i-1"
        self.own.mkdir()
        self.marks = {MARKER_VARIABLE: str(folder)}

    def argv(self, *arguments: str) -> list[str]:
        words = (str(self.folder), str(self.own), sys.executable)
        return [base_interpreter(), "-I", "-S", call.__file__, *words, *arguments]

    def run(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        more = {"env": {"LANG": "C.UTF-8"}, "timeout": 60, "capture_output": True, **more}
        return subprocess.run(self.argv(*arguments), check=False, **more)

    @contextmanager
    def begun(self, *arguments: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
        more = {"env": {"LANG": "C.UTF-8"}, **more}
        process = subprocess.Popen(
            self.argv(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    return Calls(tmp_path)


@pytest.fixture
def resident(calls: Calls) -> Iterator[subprocess.Popen[bytes]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        place = os.open(calls.folder, os.O_PATH)
        listening.bind(f"/proc/self/fd/{place}/{call.SOCKET}")
        os.close(place)
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-c", RESIDENT, str(listening.fileno())],
            env={
                "PYTHONPATH": os.pathsep.join(sys.path),
                "ONLY_RESIDENT": "1",
                "LANG": "C.UTF-8",
                **calls.marks,
            },
            pass_fds=(listening.fileno(),),
        )
    yield process
    process.kill()
    process.wait()
    awaited(lambda: not processes.carrying(calls.marks))


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def pid_of(stream: IO[str] | None) -> int:
    return int(line(stream))


def lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.usefixtures("resident")
class TestACall:
    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("", 0),
            ("raise SystemExit(7)", 7),
            ("raise SystemExit('so it is')", 1),
            ("1 / 0", 1),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
            ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
            ("import os; os._exit(9)", 9),
        ],
    )
    def test_ends_as_the_command_ends(self, calls: Calls, code: str, status: int):
        assert calls.run(code).returncode == status

    def test_carries_every_byte_each_on_its_stream(self, calls: Calls):
        data = bytes(range(256)) * 5000
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); print('ä', file=sys.stderr)"
        done = calls.run(code, input=data)
        assert (done.stdout, done.stderr.decode()) == (data, "ä\n")

    def test_streams_while_the_command_runs_and_ends_with_its_input(self, calls: Calls):
        with calls.begun(ECHO) as process:
            assert process.stdin
            for word in ("one", "two"):
                process.stdin.write(f"{word}\n")
                process.stdin.flush()
                assert line(process.stdout) == f"echo {word}\n"
            process.stdin.close()
            assert process.wait(20) == 0

    def test_runs_where_it_was_made_with_the_callers_variables_and_no_others(
        self, calls: Calls, tmp_path: Path
    ):
        place = tmp_path / "a place"
        place.mkdir()
        code = "import os, sys; print(os.getcwd(), oct(os.umask(0)), sorted(os.environ), sys.argv)"
        variables = {"LANG": "C.UTF-8", "MINE": "é\n=x", "EMPTY": ""}
        done = calls.run(code, "--a", "b c", "", "ü", cwd=place, umask=0o027, env=variables)
        names = ["EMPTY", "LANG", "MINE"]
        argv = ["aws", code, "--a", "b c", "", "ü"]
        assert done.stdout.decode() == f"{place} 0o27 {names} {argv}\n"
        told = calls.run("import os; print(repr(os.environ['MINE']))", env=variables)
        assert told.stdout.decode() == "'é\\n=x'\n"

    def test_takes_more_arguments_than_a_message_holds(self, calls: Calls):
        many = ["x" * 60_000] * 20
        done = calls.run("import sys; print(sum(map(len, sys.argv[2:])))", *many)
        assert done.stdout == b"1200000\n"

    def test_without_a_stream_has_none(self, calls: Calls):
        code = "import os, sys; os.write(2, repr((sys.stdin, sys.stdout)).encode())"
        argv = calls.argv(code)
        done = subprocess.run(
            ["sh", "-c", 'exec "$@" <&- >&-', "sh", *argv], stderr=subprocess.PIPE, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"(None, None)")

    def test_waits_for_threads_and_for_what_is_to_be_done_at_the_end(self, calls: Calls):
        code = (
            "import atexit, threading, time\natexit.register(lambda: print('end'))\n"
            "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('main')"
        )
        assert calls.run(code).stdout == b"main\nthread\nend\n"

    def test_writes_nowhere_but_in_its_instance(self, calls: Calls):
        elsewhere = Path.home() / f"written-by-{calls.folder.name}"
        code = f"open({str(calls.own / 'here')!r}, 'w'); open({str(elsewhere)!r}, 'w')"
        done = calls.run(code)
        assert (calls.own / "here").exists()
        left = elsewhere.exists()
        elsewhere.unlink(missing_ok=True)
        if left:
            pytest.skip("this kernel cannot confine")
        assert b"PermissionError" in done.stderr

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_hands_a_signal_on_and_ends_as_the_command_does(self, calls: Calls, number: signal.Signals):
        code = (
            f"import signal, sys, time\nsignal.signal({int(number)}, lambda *_: sys.exit(43))\n"
            "print('ready', flush=True)\ntime.sleep(60)"
        )
        with calls.begun(code) as process:
            assert line(process.stdout) == "ready\n"
            process.send_signal(number)
            assert process.wait(20) == 43

    def test_is_ended_by_a_signal_as_the_command_is(self, calls: Calls):
        with calls.begun("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)") as process:
            pid = pid_of(process.stdout)
            process.terminate()
            assert process.wait(20) == -signal.SIGTERM
            assert not lives(pid)

    def test_ignores_what_its_caller_ignores(self, calls: Calls):
        code = "import signal\nprint(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP))"
        argv = ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *calls.argv(code)]
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
        assert done.stdout.decode().split() == [str(int(signal.SIG_IGN))] * 2 or b"SIG_IGN" in done.stdout

    def test_that_is_killed_takes_the_command_and_what_that_has_started_along(self, calls: Calls):
        code = (
            "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
            "print(os.getpid(), flush=True)\nprint(child.pid, flush=True)\ntime.sleep(60)"
        )
        with calls.begun(code) as process:
            pids = [pid_of(process.stdout), pid_of(process.stdout)]
            process.kill()
            awaited(lambda: not any(map(lives, pids)))

    def test_is_alone_among_many_at_once(self, calls: Calls):
        code = "import os, sys; os.environ['X'] += sys.stdin.read(); print(os.environ['X'])"
        told: dict[int, bytes] = {}

        def one(number: int) -> None:
            done = calls.run(code, env={"LANG": "C.UTF-8", "X": f"{number}-"}, input=str(number).encode())
            told[number] = done.stdout

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == {number: f"{number}-{number}\n".encode() for number in range(8)}


def test_one_that_waits_does_not_hold_up_the_next(calls: Calls, resident: subprocess.Popen[bytes]):
    with calls.begun(ECHO), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        place = os.open(calls.folder, os.O_PATH)
        silent.connect(f"/proc/self/fd/{place}/{call.SOCKET}")
        os.close(place)
        assert calls.run("print('next')").stdout == b"next\n"
    assert resident.poll() is None


def test_calls_leave_neither_processes_nor_memory_nor_descriptors(
    calls: Calls, resident: subprocess.Popen[bytes]
):
    def held() -> tuple[int, int]:
        # While another call is under way: when that was taken, all that came before had been let go of.
        with calls.begun(ECHO) as process:
            assert process.stdin is not None
            print("under way", file=process.stdin, flush=True)
            assert line(process.stdout) == "echo under way\n"
            pages = int(Path(f"/proc/{resident.pid}/statm").read_text().split()[1])
            descriptors = len(list(Path(f"/proc/{resident.pid}/fd").iterdir()))
            process.stdin.close()
            assert process.wait(60) == 0
        return pages, descriptors

    code = "x = bytearray(50_000_000)"
    for _ in range(3):
        calls.run(code)
    pages, descriptors = held()
    for _ in range(20):
        calls.run(code)
    after = held()
    assert after[0] - pages < 256, "more than a megabyte"
    assert after[1] == descriptors
    assert processes.carrying(calls.marks) == (resident.pid,)


def test_a_command_whose_resident_is_killed_ends_and_its_caller_says_so(
    calls: Calls, resident: subprocess.Popen[bytes]
):
    code = "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    with calls.begun(code, stderr=subprocess.PIPE) as process:
        pid = pid_of(process.stdout)
        resident.kill()
        assert process.wait(20) == call.LOST
        assert "resident process ended" in line(process.stderr)
    awaited(lambda: not lives(pid))


def test_without_a_resident_it_is_awss_own_command_line(calls: Calls, tmp_path: Path):
    done = calls.run("configure", "get", "region", env={"AWS_CONFIG_FILE": "config"}, cwd=_config(tmp_path))
    assert (done.returncode, done.stdout) == (0, b"eu-north-1\n")


def _config(folder: Path) -> Path:
    (folder / "config").write_text("[default]\nregion = eu-north-1\n")
    return folder


NOBODY = b"<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>"


class Told(ThreadingHTTPServer):
    """Has heard these requests' authorizations; answers none of them before `answer` is set."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer = threading.Event()
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.heard.append(self.headers.get("Authorization", ""))
                told.answer.wait(60)
                self.send_response(200)
                self.send_header("Content-Length", str(len(NOBODY)))
                self.end_headers()
                self.wfile.write(NOBODY)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def variables(self) -> dict[str, str]:
        return {
            **KEYS,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
            "AWS_DEFAULT_REGION": REGION,
        }


@pytest.fixture
def told() -> Iterator[Told]:
    with Told() as server:
        yield server
        server.answer.set()
        server.shutdown()


WHO: Sequence[str] = ("sts", "get-caller-identity", "--cli-read-timeout", "60")


class TestAwssOwn:
    """The command line itself, kept for instances."""

    @pytest.fixture
    def keeper(self, calls: Calls) -> Iterator[Keeper]:
        keeper = Keeper(calls.folder, str(calls.folder))
        yield keeper
        keeper.close()
        assert processes.carrying(calls.marks) == ()
        assert not (calls.folder / call.SOCKET).exists()

    def test_signs_with_its_callers_keys_copies_and_is_started_again(
        self, calls: Calls, keeper: Keeper, told: Told, tmp_path: Path
    ):
        assert keeper.pid is None, "nobody has called yet"
        told.answer.set()
        for key in ("ONE", "TWO"):
            assert calls.run(*WHO, env={**told.variables, "AWS_ACCESS_KEY_ID": key}).returncode == 0
        assert [heard.split("=")[1].split("/")[0] for heard in told.heard] == ["ONE", "TWO"]
        nobody = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path), "AWS_DEFAULT_REGION": REGION}
        done = calls.run(*WHO, env=nobody)
        assert done.returncode == 253 or b"credentials" in done.stderr
        first = keeper.pid
        assert first
        os.kill(first, signal.SIGKILL)
        data = os.urandom(200_000)
        with stand_in() as endpoint:
            env = {**KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": REGION}
            put = calls.run("s3", "cp", "-", f"s3://{BUCKET}/resident", input=data, env=env)
            got = calls.run("s3", "cp", f"s3://{BUCKET}/resident", "-", env=env)
            assert (
                client(endpoint, "s3").head_object(Bucket=BUCKET, Key="resident")["ContentLength"] == 200_000
            )
        assert (put.returncode, got.stdout) == (0, data), put.stderr
        assert keeper.pid not in (None, first)

    def test_is_interrupted_and_stopped_as_ever(self, calls: Calls, keeper: Keeper, told: Told):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)):
            count = len(told.heard)
            with calls.begun(*WHO, env=told.variables) as process:
                awaited(lambda count=count: len(told.heard) > count)
                process.send_signal(number)
                assert process.wait(20) == status
        assert processes.carrying(calls.marks) == (keeper.pid,)


def test_calls_do_without_when_the_resident_process_ends_again_and_again(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("localcloud.instances.aws.resident.__name__", "localcloud.no_such_module")
    keeper = Keeper(calls.folder, str(calls.folder))
    env = {"AWS_CONFIG_FILE": "config"}
    assert calls.run("configure", "get", "region", env=env, cwd=_config(tmp_path)).stdout == b"eu-north-1\n"
    assert not (calls.folder / call.SOCKET).exists()
    keeper.close()


def test_whoever_keeps_it_and_is_killed_leaves_neither_the_resident_process_nor_a_fork(
    calls: Calls, told: Told
):
    code = "import sys; from pathlib import Path; from localcloud.instances.aws.keeper import Keeper\n"
    code += "keeper = Keeper(Path(sys.argv[1]), sys.argv[1]); print('kept', flush=True); input()"
    keeper = subprocess.Popen(
        [sys.executable, "-c", code, str(calls.folder)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with keeper:
        assert line(keeper.stdout) == "kept\n"
        with calls.begun(*WHO, env=told.variables) as process:
            awaited(lambda: told.heard)
            assert len(processes.carrying(calls.marks)) == 2, "the resident process and its fork"
            keeper.kill()
            awaited(lambda: not processes.carrying(calls.marks))
            assert process.wait(20) == call.LOST


def test_an_instance_that_is_killed_takes_its_calls_along(cloud: Cloud, told: Told):
    user_data = f"#!/bin/sh\naws {' '.join(WHO)}\n".encode()
    spec = cloud.start(user_data, env=told.variables)
    awaited(lambda: told.heard)
    of_instance = processes.carrying({MARKER_VARIABLE: cloud.marker, INSTANCE_VARIABLE: spec.instance_id})
    forks = set(cloud.processes()) - set(of_instance)
    assert len(forks) == 2, "the resident process and its fork"
    os.kill(cloud.status(spec).pids[0], signal.SIGKILL)
    awaited(lambda: cloud.status(spec).state == "gone")
    awaited(lambda: len(forks & set(cloud.processes())) == 1)
