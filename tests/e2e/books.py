"""The shop's books, read and filled from outside: orders in its database, and jobs for them in its queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from tests.e2e.stage import Stage


@dataclass(frozen=True)
class Done:
    """An order that was fulfilled: by which releases (ids; more than one where a job was done again), and when."""

    order: int
    by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Books:
    """The database by its master user, and the queue `jobs`, as AWS's APIs name them."""

    stage: Stage

    def fill(self, count: int) -> range:
        """Take so many orders at once, with a job for each; their numbers."""
        with self._open() as connection, connection.transaction():
            rows = connection.execute(
                "INSERT INTO orders (item, taken_by) SELECT 'backlog', 'outside' FROM generate_series(1, %s) "
                "RETURNING id",
                (count,),
            ).fetchall()
        numbers = sorted(row[0] for row in rows)
        sqs, url = self.stage.aws("sqs"), self.stage.world.outputs()["queues"]["jobs"]

        def send(batch: list[int]) -> None:
            entries = [{"Id": str(n), "MessageBody": json.dumps({"order": n})} for n in batch]
            answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
            assert not answer.get("Failed"), answer

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, [numbers[first : first + 10] for first in range(0, count, 10)]))
        return range(numbers[0], numbers[-1] + 1)

    def left(self, orders: range) -> int:
        """How many of these orders are not fulfilled yet."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT count(*) FROM orders WHERE id BETWEEN %s AND %s AND state = 'new'",
                (orders.start, orders.stop - 1),
            ).fetchone()
        assert row is not None
        return int(row[0])

    def done(self, where: str, *values: object) -> tuple[Done, ...]:
        """The fulfilled orders that a condition of SQL names, in their order."""
        query = f"SELECT id, done_by, done_at FROM orders WHERE state = 'done' AND {where} ORDER BY id"
        with self._open() as connection:
            rows = connection.execute(query.encode(), values).fetchall()
        return tuple(Done(number, tuple(by.split()), at) for number, by, at in rows)

    def ticks(self) -> dict[datetime, tuple[str, ...]]:
        """Who did what was due, by the time that it was due."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT item, done_by FROM orders WHERE item LIKE 'tick %' AND state = 'done'"
            ).fetchall()
        told = [(datetime.fromisoformat(item.removeprefix("tick ")), by) for item, by in rows]
        assert len({due for due, _ in told}) == len(told), "a tick has two orders"
        return {due: tuple(by.split()) for due, by in sorted(told)}

    def migrations(self) -> dict[str, int]:
        """How many steps of the schema had which outcome."""
        with self._open() as connection:
            # The master user may read what the migrator keeps; the role that owns the tables need not.
            connection.execute("RESET ROLE")
            rows = connection.execute(
                "SELECT outcome, count(*) FROM uneventful.migrations GROUP BY outcome"
            ).fetchall()
        return {outcome: int(count) for outcome, count in rows}

    @contextmanager
    def _open(self) -> Iterator[psycopg.Connection[Any]]:
        (database,) = self.stage.aws("rds").describe_db_instances()["DBInstances"]
        held = self.stage.aws("secretsmanager").get_secret_value(
            SecretId=database["MasterUserSecret"]["SecretArn"]
        )
        master = json.loads(held["SecretString"])
        with psycopg.connect(
            host=database["Endpoint"]["Address"],
            port=database["Endpoint"]["Port"],
            dbname=database["DBName"],
            user=master["username"],
            password=master["password"],
            sslmode="require",
        ) as connection:
            connection.execute("SET ROLE app_owner")
            yield connection
