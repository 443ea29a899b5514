"""Orders: what the web process takes and the worker fulfils."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

TAKE = text("INSERT INTO orders (item, taken_by) VALUES (:item, :release) RETURNING id")
FIND = (
    "SELECT id, item, state, taken_by, done_by, CAST({remark} AS text) AS remark FROM orders WHERE id = :id"
)
# Two workers with the same tick at once: the second one waits, and finds the order of the first.
WAIT = text("SELECT pg_advisory_xact_lock(hashtext(:item))")
STANDING = text("SELECT id FROM orders WHERE item = :item")
FULFIL = text(
    "UPDATE orders SET state = 'done', done_at = coalesce(done_at, now()), "
    "done_by = coalesce(done_by || ' ', '') || :release WHERE id = :id RETURNING done_by"
)


@dataclass(frozen=True)
class Order:
    """`state` is new or done; `taken_by` and `done_by` are release ids, the latter empty until it is done, and one for
    each time that a worker did it: a queue may deliver a job twice. `remark` is what this version knows besides: when
    it was taken, or a note.
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
            return self._fulfil(connection, number)

    def tick(self, due: str) -> bool:
        """Take and fulfil the standing order of this time, which is one however often it is asked for; False when it is
        done already.
        """
        item = f"tick {due}"
        with self._database.begin() as connection:
            connection.execute(WAIT, {"item": item})
            number = connection.execute(STANDING, {"item": item}).scalar()
            if number is None:
                number = connection.execute(TAKE, {"item": item, "release": self._release}).scalar_one()
            return self._fulfil(connection, number)

    def _fulfil(self, connection: Connection, number: int) -> bool:
        done_by = connection.execute(FULFIL, {"id": number, "release": self._release}).scalar()
        return done_by == self._release
