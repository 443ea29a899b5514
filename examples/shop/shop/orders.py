"""Orders: what the web process takes and the worker fulfils."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

TAKE = text("INSERT INTO orders (item, taken_by) VALUES (:item, :release) RETURNING id")
FIND = (
    "SELECT id, item, state, taken_by, done_by, CAST({remark} AS text) AS remark FROM orders WHERE id = :id"
)
FULFIL = text(
    "UPDATE orders SET state = 'done', done_by = :release, done_at = now() WHERE id = :id AND state = 'new'"
)


@dataclass(frozen=True)
class Order:
    """`state` is new or done; `taken_by` and `done_by` are release ids, the latter empty until it is done. `remark` is
    what this version knows besides: when it was taken, or a note.
    """

    id: int
    item: str
    state: str
    taken_by: str
    done_by: str
    remark: str


class Orders:
    """The orders in the database. Each method is one transaction; errors are SQLAlchemy's."""

    def __init__(self, database: Engine, release: str, remark: str) -> None:
        self._database = database
        self._release = release
        self._find = text(FIND.format(remark=remark))

    def take(self, item: str) -> int:
        """Keep a new order; returns its number."""
        with self._database.begin() as connection:
            return int(connection.execute(TAKE, {"item": item, "release": self._release}).scalar_one())

    def find(self, number: int) -> Order | None:
        """The order with this number, None where there is none."""
        with self._database.begin() as connection:
            row = connection.execute(self._find, {"id": number}).first()
        if row is None:
            return None
        return Order(row.id, row.item, row.state, row.taken_by, row.done_by or "", row.remark or "")

    def fulfil(self, number: int) -> bool:
        """Make an order done; False when it is already, so that a job that comes twice has one effect."""
        with self._database.begin() as connection:
            return connection.execute(FULFIL, {"id": number, "release": self._release}).rowcount == 1
