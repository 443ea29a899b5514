"""Only this machine is answered, only reading is, and nothing leaves the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from release.dashboard.app import app
from release.dashboard.guard import is_loopback
from release.dashboard.reader import Reader
from release.dashboard.serving import listen
from release.errors import CommandError
from tests.unit.release.dashboard.environment import Written, told

HOST = {"host": "127.0.0.1:8643"}


async def report(stack: str, release: str, at: str) -> tuple[bytes, str]:
    return (b"<p>told</p>", "") if release == "22222222" else (b"", "it has no timeline")


async def ask(
    path: str, method: str = "GET", headers: Mapping[str, str] = HOST
) -> tuple[int, dict[str, str], str]:
    """The status, the headers and the body of an answer."""
    served = app(Reader(Written({"dev": told("dev")})), report, "shop")
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8643),
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await served(scope, receive, send)
    told_headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], told_headers, b"".join(each.get("body", b"") for each in said[1:]).decode()


@pytest.mark.parametrize("host", ["127.0.0.1:8643", "localhost:8643", "localhost", "[::1]:9000", "127.0.0.1"])
def test_this_machine_is_answered_by_any_of_its_names_and_ports(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8643",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil",
        "127.0.0.1:x",
        "192.168.0.2",
        "0.0.0.0:8643",
        "[::1",
        "localhost#",
    ],
)
async def test_a_foreign_name_is_refused_by_which_a_page_could_be_rebound(host: str) -> None:
    for path in ("/", "/environments", "/drift/dev", "/style.css"):
        status, headers, body = await ask(path, headers={"host": host})
        assert status == 421
        assert "dev" not in body
        assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "GETT"])
async def test_nothing_but_reading_is_answered(method: str) -> None:
    for path in ("/", "/drift/dev"):
        status, headers, _ = await ask(path, method)
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/", "/environments", "/style.css", "/live.js", "/icon/bad.svg", "/nothing"]
)
async def test_every_answer_keeps_the_page_to_itself(path: str) -> None:
    _, headers, _ = await ask(path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "site", "mode", "status"),
    [
        ("/", "none", "navigate", 200),
        ("/", "cross-site", "navigate", 200),
        ("/", "cross-site", "no-cors", 403),
        ("/environments", "same-site", "cors", 403),
        ("/report/dev/22222222/2026-01-01T01:00:10", "cross-site", "navigate", 403),
        ("/environments", "same-origin", "cors", 200),
    ],
)
async def test_a_page_of_somebody_else_may_link_here_and_nothing_more(
    path: str, site: str, mode: str, status: int
) -> None:
    headers = {**HOST, "sec-fetch-site": site, "sec-fetch-mode": mode}
    assert (await ask(path, headers=headers))[0] == status


async def test_the_same_is_told_once_and_the_clock_each_time() -> None:
    status, headers, body = await ask("/environments")
    assert status == 200
    assert body
    again = await ask("/environments", headers={**HOST, "if-none-match": headers["etag"]})
    assert (again[0], again[2]) == (304, "")
    assert int(again[1]["x-now"]) >= int(headers["x-now"])


async def test_no_script_or_style_stands_in_the_page() -> None:
    _, _, body = await ask("/")
    assert body.count("<script") == body.count('<script src="/live.js" defer></script>') == 1
    assert " style=" not in body
    assert " on" not in [part[:3] for part in body.split('"')]
    assert "http://" not in body.replace("http://www.w3.org", "")


async def test_drift_is_asked_for_by_the_page_alone() -> None:
    assert (await ask("/drift/dev"))[0] == 403
    assert (await ask("/drift/nowhere", headers={**HOST, "x-dashboard": "drift"}))[0] == 404


@pytest.mark.parametrize(
    "path", ["/report/dev/--help/2026-01-01T01:00:10", "/report/dev/22222222/--out", "/report/x/2/y"]
)
async def test_a_report_of_what_is_no_release_is_not_asked_for(path: str) -> None:
    assert (await ask(path))[0] == 404


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with listen(0) as first, pytest.raises(CommandError) as refused:
        listen(first.getsockname()[1])
    assert "--port 0" in refused.value.next
    assert "in use" in refused.value.seen
