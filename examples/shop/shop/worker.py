"""The shop's worker: fulfils orders, and standing ones when a schedule says that they are due, until SIGTERM; then
finishes the one that it has and gives back the others."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from shop.database import open_database
from shop.jobs import Job, Jobs, open_jobs
from shop.look import Look
from shop.orders import Orders

log = logging.getLogger("worker")

PAUSE = 1.0
"""Seconds until a queue or database that failed is asked again."""


def work(jobs: Jobs, orders: Orders, stopping: threading.Event) -> None:
    """Fulfil orders until `stopping`. A job leaves the queue only after its effect is in the database."""
    while not stopping.is_set():
        try:
            for job in jobs.receive():
                if stopping.is_set():
                    jobs.give_back(job)
                else:
                    _fulfil(job, jobs, orders)
        except (BotoCoreError, ClientError, SQLAlchemyError) as trouble:
            log.warning("again in %g s: %s", PAUSE, str(trouble).splitlines()[0])
            stopping.wait(PAUSE)


def _fulfil(job: Job, jobs: Jobs, orders: Orders) -> None:
    if not job.order and not job.due:
        # Left in the queue: it goes to the dead letters, or to a version that knows it.
        log.warning("a job that this version does not know")
        return
    first = orders.fulfil(job.order) if job.order else orders.tick(job.due)
    jobs.finish(job)
    name = f"order {job.order}" if job.order else f"tick {job.due}"
    log.info("%s %s", name, "done" if first else "was done already")


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    release = os.environ.get("RELEASE_ID", "none")
    look, jobs, database = Look.read(), open_jobs(os.environ), open_database(os.environ)
    if look.worker_status:
        log.error("the worker of this version has lost its tools")
        return look.worker_status
    if jobs is None or database is None:
        log.error("a worker needs QUEUE_JOBS_URL and DATABASE_HOST")
        return 1
    stopping = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stopping.set())
    log.info("release %s takes jobs", release)
    work(jobs, Orders(database, release, look.remark), stopping)
    log.info("release %s stopped", release)
    return 0


if __name__ == "__main__":
    sys.exit(main())
