"""The evidence hides nothing: what could not be sustained, what was lost, who failed."""

from __future__ import annotations

import http.client
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bench.evidence.contender import Deed
from bench.evidence.counting import counting
from bench.evidence.counts import Counts, Latency, Served, Wrk, merged
from bench.evidence.document import text, written
from bench.evidence.kept import SCENES, Calls, Evidence, Key, Machine, Previewed, Run, Scene, Store, Waited
from bench.evidence.ours import refusal
from bench.evidence.pictures import pictures, worst
from bench.evidence.scenes import Wanted, hopeless, missing, rates_of, told
from bench.evidence.waiting import mandated, phases
from bench.evidence.witnesses import counted
from bench.printed import Spent
from localcloud.load.tally import Tally

MACHINE = Machine(processor="x", cores=2, memory="4 kB", kernel="6", system="Debian", versions={"wrk": "4.1"})


def counts(lost: int = 0, rate: float = 200, p99: float = 9, **served: Served) -> Counts:
    return Counts(
        offered=rate,
        seconds=10,
        sent=2000,
        lost=lost,
        kinds={"http 500": lost} if lost else {},
        served=served,
        latency=Latency(p50=2, p99=p99, p999=20, max=31.5),
        late=3,
        lag=12,
    )


def run(contender: str = "nginx", scene: Scene = "release", number: int = 1, **more: Any) -> Run:
    key = Key(contender=contender, rate=200, scene=scene, number=number)
    return Run(**{"key": key, "at": "2026-01-01T00:00:00", "counts": counts(), **more})


def evidence(*runs: Run) -> Evidence:
    return Evidence(
        commit="abc", started="2026-01-01T00:00:00", machine=MACHINE, web=2, notice=30, runs=runs,
        hows={"nginx": "is reloaded"},
    )  # fmt: skip


def report(*latencies: float, failed: int = 0) -> dict[str, Any]:
    tally = Tally()
    for number, latency in enumerate(latencies):
        tally.send("plain", 0.0)
        tally.done("plain", 100.0 + number, 100.0 + number + latency, 200, "a1", "")
    for _ in range(failed):
        tally.send("plain", 0.02)
        tally.done("plain", 100.0, 100.1, 500, "b2", "http 500")
    tally.send("slow", 0.0)
    tally.done("slow", 900.0, 903.0, 200, "a1", "")
    return tally.summary(100.0, 104.0)


def test_what_several_generators_counted_is_added_up_and_quantiles_are_two_percent_near() -> None:
    latencies = [n / 1000 for n in range(1, 1001)]
    both = merged([report(*latencies[::2]), report(*latencies[1::2], failed=2)], 1000, 4.0)
    assert (both.sent, both.lost, both.kinds) == (1004, 2, {"http 500": 2})
    assert both.latency.max == 1000
    for seen, true in ((both.latency.p50, 500), (both.latency.p99, 990), (both.latency.p999, 999)):
        assert true <= seen <= true * 1.02
    assert both.served["a1"].answered == 1002
    assert both.served["b2"].errors == 2
    assert both.served["a1"].last < 900, "a slow answer is no sign that traffic is still given"
    assert (both.late, both.lag) == (2, 20)


def test_a_rate_that_the_machine_does_not_sustain_is_said_and_not_played() -> None:
    key, overrun = Key(contender="nginx", rate=5000, scene="release"), counts(rate=5000, p99=4000)
    why = hopeless(key, overrun, insist=False)
    assert "5000 a second offered, 200 sent" in why
    assert not hopeless(key, counts(), insist=False)
    assert not hopeless(key, overrun, insist=True)
    assert not hopeless(key.model_copy(update={"scene": "quiet"}), overrun, insist=False)
    assert not counts(lost=1).sustained
    page = text(evidence(run(counts=None, played=False, why=why)), ())
    assert why in page
    assert "not played" in page


def test_a_release_is_switched_with_the_last_prompt_answer_of_the_one_before() -> None:
    one, two = Served(answered=9, errors=0, last=107.5), Served(answered=9, errors=4, last=111.0)
    seen = run(counts=counts(lost=4, v1=one, v2=two))
    deed = Deed(0, 100.0, 109.0)
    assert told(seen, deed, "v1").switched == 7.5
    assert told(seen, Deed(1, 100.0, 109.0, "error: worse"), "v1").switched is None
    bad = told(run(scene="failed", counts=counts(lost=4, v1=one, v2=two)), deed, "v1")
    assert (bad.own, bad.switched) == (4, None)


def test_what_is_kept_is_not_measured_again_and_survives_a_broken_off_write(tmp_path: Path) -> None:
    wanted = Wanted((200.0,), ("release", "rollback"), 2, 30, False)
    store, kept = Store(tmp_path / "kept" / "evidence.json"), evidence(run(), run(scene="rollback"))
    assert store.read() is None
    store.write(kept)
    assert store.read() == kept
    (left,) = missing(wanted, "nginx", kept.run)
    assert (left.scene, left.number) == ("rollback", 2)
    assert len(kept.with_run(run(status=1)).runs) == 2


def test_rollbacks_come_before_the_bad_version_that_nobody_would_go_back_to() -> None:
    scenes = [key.scene for key in Wanted((200.0,), SCENES, 2, 30, False).keys("nginx", 200.0)]
    assert scenes == ["quiet", "release", "rollback", "rollback", "failed"]


def test_every_chart_is_xml_and_names_every_number(tmp_path: Path) -> None:
    whole = evidence(
        run(switched=2.5), run("uneventful", switched=44.0), run("nginx", "failed", own=3, counts=counts(lost=1234)),
        run("nginx", "quiet"), run("haproxy", counts=None, played=False, why="too fast"),
    ).model_copy(
        update={
            "waited": Waited(whole=50, parts={"bake: 5 s": 5}, phases={"gate": 12, "rest": 38}),
            "calls": Calls(whole={"s3 GetObject": 7}, provider={"2": {"s3 GetObject": 3}, "200": {"s3 GetObject": 4}}),
            "previews": Previewed(times={"nothing to do": (4.0, 5.0)}),
        }
    )  # fmt: skip
    charts = pictures(whole)
    assert len(charts) == 6
    for svg in charts.values():
        ElementTree.fromstring(svg)
    assert "1,234 of 2,000" in charts["lost.svg"]
    assert "not sustained by this machine" in charts["lost.svg"]
    files = written(whole, tmp_path)
    page = files[0].read_text()
    assert all(file.exists() for file in files)
    assert all(f"evidence/{name}" in page for name in charts)
    assert "coordinated omission" in page
    assert "10%" in page, "5 of 50 s are prescribed"


def test_of_repeated_runs_the_worst_is_shown() -> None:
    assert worst((run(), run(number=2, counts=counts(lost=3)))) == run(number=2, counts=counts(lost=3))
    assert worst(()) is None


def test_wrk_says_its_counts_by_our_script_alone() -> None:
    said = 'Requests/sec: 9\ncounted {"requests": 90, "seconds": 1, "connect": 1, "read": 2, "write": 0, "timeout": 0, '
    assert counted(f'{said}"status": 4}}\n') == Wrk(
        requests=90, seconds=1, connect=1, read=2, write=0, timeout=0, status=4
    )
    assert counted("unable to connect") is None


def test_prescribed_waiting_is_read_from_the_settings() -> None:
    rollout = {"steps": [1, 10, 100], "observe": 5, "drain": 20, "bake": 7}
    config = {"uneventful:rollout": rollout, "uneventful:web": {"health": {"healthy": 2, "interval": 5}}}
    assert list(mandated(config).values()) == [10.0, 30.0, 7.0]


def test_phases_add_up_to_the_whole() -> None:
    times = [
        Spent("aws:autoscaling:Group", "web", 12, 15),
        Spent("uneventful:index:HealthGate", "gate", 15, 25),
        Spent("uneventful:index:TrafficShift", "shift", 26, 50),
    ]
    found = phases(times, 10, 60)
    assert sum(found.values()) == pytest.approx(50)
    assert found["shift"] == 24


def test_a_refusal_is_told_by_what_was_expected_and_seen() -> None:
    lines = ("error: update failed", "  error: 4 is worse", "  expected: 1 %", "  seen: 5 %", "  now: fine")
    assert refusal(lines) == "error: 4 is worse | expected: 1 % | seen: 5 %"


@pytest.mark.parametrize("wrong", ["", "0", "-1,200", "fast"])
def test_a_rate_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        rates_of(wrong)


def test_the_way_that_counts_passes_everything_on_and_names_what_was_asked() -> None:
    got: list[bytes] = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(403)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"no")

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, daemon=True).start()
    signed = "AWS4-HMAC-SHA256 Credential=k/20260101/eu-west-1/elasticloadbalancing/aws4_request"
    headers = {"Authorization": signed, "Content-Type": "application/x-www-form-urlencoded"}
    with counting(f"http://127.0.0.1:{server.server_address[1]}") as tally:
        asked = http.client.HTTPConnection(tally.url.removeprefix("http://"))
        for _ in range(2):
            asked.request("POST", "/", "Action=DescribeRules&Version=1", headers)
            answer = asked.getresponse()
            assert (answer.status, answer.read()) == (403, b"no")
        asked.close()
    server.shutdown()
    assert got == [b"Action=DescribeRules&Version=1"] * 2
    assert tally.calls == {"elasticloadbalancing DescribeRules": 2}
