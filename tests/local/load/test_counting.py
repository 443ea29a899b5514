"""The pure parts: answers in pieces, the mix, the tally, and where load may go."""

from __future__ import annotations

import json
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.load.answer import Answer, NotHttp
from localcloud.load.destination import LoadRefused, destination
from localcloud.load.generator import Schedule
from localcloud.load.mix import Mix
from localcloud.load.request import requests
from localcloud.load.run import live_line
from localcloud.load.tally import Tally, percentile

BODIES = st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4)


def whole(head: str, body: bytes) -> bytes:
    return f"{head}\r\n\r\n".encode() + body


@given(BODIES, st.booleans(), st.booleans(), st.lists(st.integers(1, 400), max_size=20))
def test_an_answer_is_whole_at_its_last_byte_however_it_is_cut(said, chunked, interim, cuts):
    body = json.dumps(said).encode()
    if chunked:
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
        half = len(body) // 2
        parts = [part for part in (body[:half], body[half:]) if part]
        sent = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    else:
        head, sent = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}", body
    raw = (b"HTTP/1.1 100 Continue\r\n\r\n" if interim else b"") + whole(head, sent)
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[low:high] for low, high in pairwise(edges)]
    answer = Answer()
    assert [answer.feed(piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert (answer.status, answer.body, answer.reusable) == (200, body, True)


@pytest.mark.parametrize(
    ("raw", "release"),
    [
        (whole("HTTP/1.1 200 OK\r\nX-RELEASE:  abc \r\nContent-Length: 17", b'{"release":"xyz"}'), "abc"),
        (whole("HTTP/1.1 200 OK\r\ncontent-length: 17", b'{"release":"xyz"}'), "xyz"),
        (whole("HTTP/1.1 200 OK\r\ncontent-length: 5", b"{not "), ""),
        (whole("HTTP/1.1 200 OK\r\ncontent-length: 13", b'{"release":7}'), ""),
        (whole("HTTP/1.1 204 No\r\nx-release: abc", b""), "abc"),
    ],
)
def test_the_release_is_named_by_the_header_and_else_by_the_body(raw, release):
    answer = Answer()
    assert answer.feed(raw)
    assert answer.release() == release


def test_an_answer_without_a_length_ends_with_its_connection_and_others_do_not():
    open_ended, cut = Answer(), Answer()
    assert not open_ended.feed(whole("HTTP/1.0 200 OK", b"all"))
    assert open_ended.ended()
    assert not open_ended.reusable
    assert not cut.feed(whole("HTTP/1.1 200 OK\r\ncontent-length: 9", b"all"))
    assert not cut.ended()
    assert not Answer().ended()


@pytest.mark.parametrize("raw", [b"SSH-2.0-x\r\n", b"HTTP/2 no\r\n\r\n", b"HTTP/1.1 xyz\r\n\r\n"])
def test_what_is_no_http_is_said_to_be_none(raw):
    with pytest.raises(NotHttp):
        Answer().feed(raw)


def test_a_chunk_without_a_size_is_no_http():
    with pytest.raises(NotHttp):
        Answer().feed(whole("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked", b"zz\r\n"))


@pytest.mark.parametrize("last", ["close", "Close, x"])
def test_an_announced_close_ends_the_use_of_a_connection(last):
    answer = Answer()
    answer.feed(whole(f"HTTP/1.1 200 OK\r\nConnection: {last}\r\ncontent-length: 0", b""))
    assert not answer.reusable


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 1), st.integers(0, 10**6))
def test_the_mix_keeps_its_shares_in_any_thousand_requests(slow, upload, kept, start):
    mix = Mix(slow, upload, kept)
    kinds = [mix.kind(number) for number in range(start, start + 1000)]
    assert abs(kinds.count("slow") - 1000 * slow) < 8
    assert abs(kinds.count("upload") - 1000 * upload) < 8
    assert abs(sum(mix.kept(number) for number in range(start, start + 1000)) - 1000 * kept) < 8


@pytest.mark.parametrize("shares", [(-0.1, 0, 0), (0, 1.1, 0), (0, 0, 2), (0.6, 0.6, 0)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(ValueError, match=r"expected a share|at most 1"):
        Mix(*shares)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.001, 1))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values, share):
    seen = percentile(array("d", sorted(values)), share)
    assert seen in values
    assert sum(value <= seen for value in values) >= share * len(values)


ENDS = st.tuples(
    st.sampled_from(["plain", "slow", "upload"]),
    st.sampled_from([(200, ""), (200, "bad body"), (503, "http 503"), (0, "timeout"), (0, "reset")]),
    st.sampled_from(["a", "b", ""]),
)


@given(st.lists(ENDS))
def test_the_tally_adds_up_whatever_happens(ends):
    tally = Tally()
    for number, (kind, (status, failure), release) in enumerate(ends):
        tally.send(kind, 0.02 if number % 2 else 0)
        tally.done(kind, number, number + 0.5, status, release if status else "", failure)
    summary = json.loads(json.dumps(tally.summary(0, 1)))
    well = sum(not failure for _, (_, failure), _ in ends)
    assert summary["sent"] == len(ends) == well + summary["failed_total"]
    assert summary["failed_total"] == sum(summary["failed"].values())
    assert summary["answered"] == sum(summary["by_status"].values())
    assert summary["answered"] == sum(seen["answered"] for seen in summary["by_release"].values())
    assert summary["sent"] == sum(part["sent"] for part in summary["by_request"].values())
    assert summary["behind"]["requests"] == len(ends) // 2
    assert len(summary["failures"]) == min(20, summary["failed_total"])


def test_requests_are_due_at_even_times():
    schedule = Schedule(rate=4, seconds=2.5)
    assert schedule.total() == 10
    assert [schedule.due(number) for number in (0, 1, 9)] == [0, 0.25, 2.25]
    assert Schedule(rate=4).total() is None


def test_a_url_of_this_machine_is_taken_apart():
    to = destination("http://u@127.3.2.1:8080/a/b?c=d")
    assert (to.authority, to.address, to.port, to.path) == ("127.3.2.1:8080", "127.3.2.1", 8080, "/a/b?c=d")
    made = requests(to, "/slow", "/up", 3)
    assert made["plain"].kept.startswith(b"GET /a/b?c=d HTTP/1.1\r\nhost: 127.3.2.1:8080\r\n")
    assert b"connection: close\r\n" in made["plain"].once
    assert b"POST /up HTTP/1.1\r\n" in made["upload"].once
    assert len(made["upload"].once.partition(b"\r\n\r\n")[2]) == 3


def test_a_host_elsewhere_needs_a_word_from_its_owner():
    def elsewhere(host: str) -> str:
        return {"shop.test": "203.0.113.7", "local.test": "127.0.0.5"}[host]

    assert destination("http://local.test/", resolver=elsewhere).port == 80
    with pytest.raises(LoadRefused, match=r"203\.0\.113\.7(.|\n)*--host-i-own shop\.test"):
        destination("http://shop.test/", resolver=elsewhere)
    with pytest.raises(LoadRefused):
        destination("http://shop.test/", "other.test", elsewhere)
    assert destination("http://shop.test/", "shop.test", elsewhere).address == "203.0.113.7"


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "127.0.0.1:80", "http://", "http://no.such.host.invalid/"]
)
def test_a_url_that_load_cannot_go_to_is_refused(url):
    with pytest.raises(LoadRefused):
        destination(url)


def test_the_live_line_names_what_matters():
    tally = Tally()
    tally.send("plain", 0)
    tally.done("plain", 0, 1, 200, "abcd1234", "")
    line = live_line(12, 1000, tally, 3, 7.6)
    assert " ".join(line.split()) == "12 s 1000/s sent 1 failed 0 in flight 3 abcd1234 1 p99 8 ms"
