"""The shop's two ways to read an order, against each state that its schema can be in, on a real PostgreSQL."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from release.migrations.folder import read_folder
from release.migrations.script import scripts
from release.rehearsal.rehearse import apply
from release.rehearsal.scratch import Scratch, scratch

SHOP = Path(__file__).parents[3] / "examples" / "shop"
MIGRATIONS = {
    each.revision.revision: each for each in scripts(SHOP / "migrations", read_folder(SHOP, "migrations"))
}


@pytest.fixture(scope="module")
def server() -> Iterator[Scratch]:
    with scratch() as server:
        yield server


@pytest.fixture
def orders_of(server: Scratch, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The orders as a version's code has them, in a database without any."""
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
    monkeypatch.syspath_prepend(str(SHOP))
    orders = importlib.import_module("shop.orders").Orders
    address = f"postgresql+psycopg://postgres@/{server.database}?host={server.sockets}"
    database: Engine = create_engine(address, poolclass=NullPool)

    def orders_of(version: str) -> Any:
        look = json.loads((SHOP / "versions" / f"{version}.json").read_text())
        return orders(database, f"release-{version}", look["remark"])

    return orders_of


def test_both_versions_work_until_the_contract_and_the_new_one_with_it_and_without(
    server: Scratch, orders_of: Any
) -> None:
    one, two = orders_of("1"), orders_of("2")

    def migrate(revision: str) -> None:
        apply(server, MIGRATIONS[revision], SHOP / "migrations", lambda *_: None)

    def works(orders: Any) -> str:
        number = orders.take("tea")
        assert orders.fulfil(number)
        assert not orders.fulfil(number)
        found = orders.find(number)
        assert (found.item, found.state, found.done_by.split()) == ("tea", "done", [found.taken_by] * 2)
        assert orders.tick(f"number {number}")
        return str(found.remark)

    migrate("0001")
    before = one.take("tea")
    works(one)
    for revision in ("0002", "0003"):
        migrate(revision)
        assert works(one)[:2] == "20"
        assert works(two).startswith("ordered on 20")
    assert two.find(before).remark.startswith("ordered on 20")
    assert one.find(two.take("tea")).remark
    migrate("0004")
    assert works(two).startswith("ordered on 20")
    with pytest.raises(ProgrammingError, match="taken_at"):
        one.find(before)


def test_a_tick_is_one_order_and_says_who_did_it_how_often(server: Scratch, orders_of: Any) -> None:
    apply(server, MIGRATIONS["0001"], SHOP / "migrations", lambda *_: None)
    one, two = orders_of("1"), orders_of("2")
    with ThreadPoolExecutor(8) as workers:
        first = list(workers.map(lambda orders: orders.tick("2030-01-01T00:00:00Z"), [one, two] * 4))
    assert one.tick("2030-01-01T00:01:00Z")
    assert first.count(True) == 1
    with server.connect() as connection:
        rows = connection.execute("SELECT item, done_by FROM orders ORDER BY item").fetchall()
    assert [item for item, _ in rows] == ["tick 2030-01-01T00:00:00Z", "tick 2030-01-01T00:01:00Z"]
    assert [sorted(done_by.split()) for _, done_by in rows] == [
        ["release-1"] * 4 + ["release-2"] * 4,
        ["release-1"],
    ]
