"""Somebody who uses the shop while it is released: logged in once, and never again."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds for a worker to fulfil an order."""


@dataclass
class Customer:
    """Each request is on a connection of its own; an answer that is not what it must be fails the test at once."""

    url: str
    name: str
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def log_in(self) -> None:
        assert self._ask("POST", f"/login?name={self.name}", 200) == {"user": self.name}

    def who_am_i(self) -> str:
        """The name that the shop knows this customer by, from the session in its cache."""
        return str(self._ask("GET", "/me", 200)["user"])

    def order(self, item: str) -> dict[str, Any]:
        """Order something and wait until the worker has fulfilled it: what the database then says of it."""
        number = self._ask("POST", f"/orders?item={item}", 201)["order"]
        limit = time.monotonic() + PATIENCE
        while True:
            order = self.find(number)
            if order["state"] == "done":
                return order
            assert time.monotonic() < limit, f"not done within {PATIENCE} s: {order}"
            time.sleep(0.1)

    def find(self, number: int) -> dict[str, Any]:
        """What the database says of an order."""
        return self._ask("GET", f"/orders/{number}", 200)

    def _ask(self, method: str, path: str, expected: int) -> dict[str, Any]:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
        sent = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        connection.request(method, path, headers={"Cookie": sent} if sent else {})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == expected, f"{method} {path}: {answer.status} {body[:200]!r}"
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            self.cookies.load(cookie)
        found: dict[str, Any] = json.loads(body)
        return found
