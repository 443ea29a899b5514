"""Ordered, locked, logged migrations: what a release's own bundle runs on the operations host.

    request (stdin) + migrations.json (bundle) + ledger (database)  ->  decision  ->  executor

`request`, `revisions` and `ledger` read the three; `decision` says, without touching anything, what is to
run or why nothing may; `executor` runs it and keeps the ledger true at every instant. It imports the standard
library, psycopg and, for revisions that are written in Python, alembic.
"""
