"""How long an application's statements wait while five typical changes are made: `pytest -s` this file.

Two million rows, 500 transactions a second, once with the migrator and its idioms and once as one would write
the changes without thinking of others. It is no test of the suite: it takes two minutes and both processors.
"""

from __future__ import annotations

import os
import subprocess
import time

from tests.local.migrator.conftest import BINARIES

ROWS = 2_000_000
RATE = 500
SECONDS = 30
LIMIT_MS = 250

TABLES = """
CREATE TABLE teams (id bigint PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY, email text, visits int DEFAULT 0, team bigint);
"""

CAREFUL = {
    "0002_note.expand.sql": "ALTER TABLE users ADD COLUMN note text;",
    "0003_state.expand.sql": "ALTER TABLE users ADD COLUMN state text NOT NULL DEFAULT 'new';",
    "0004_index.expand.sql": "CREATE INDEX CONCURRENTLY users_email ON users (email);",
    "0005_email.expand.sql": """
        ALTER TABLE users ADD CONSTRAINT email_there CHECK (email IS NOT NULL) NOT VALID;
        ALTER TABLE users VALIDATE CONSTRAINT email_there;
        ALTER TABLE users ALTER COLUMN email SET NOT NULL;
        ALTER TABLE users DROP CONSTRAINT email_there;""",
    "0006_team.expand.sql": """
        ALTER TABLE users ADD CONSTRAINT users_team FOREIGN KEY (team) REFERENCES teams NOT VALID;
        ALTER TABLE users VALIDATE CONSTRAINT users_team;""",
}

NAIVE = """
ALTER TABLE users ADD COLUMN note text;
ALTER TABLE users ADD COLUMN state text NOT NULL DEFAULT 'new';
CREATE INDEX users_email ON users (email);
ALTER TABLE users ALTER COLUMN email SET NOT NULL;
ALTER TABLE users ADD CONSTRAINT users_team FOREIGN KEY (team) REFERENCES teams;
"""

READ = f"\\set id random(1, {ROWS})\nSELECT email FROM users WHERE id = :id;\n"
WRITE = f"\\set id random(1, {ROWS})\nUPDATE users SET visits = visits + 1 WHERE id = :id;\n"
LONGER = f"\\set id random(1, {ROWS})\nBEGIN;\nSELECT 1 FROM users WHERE id = :id FOR UPDATE;\n\\sleep 40 ms\nCOMMIT;\n"


def test_an_expand_of_five_changes_delays_no_statement_for_long(place):
    prepare(place)
    quiet, _ = under_load(place, "quiet", lambda: time.sleep(5), seconds=6)
    for file, text in CAREFUL.items():
        place.add(file, text)
    careful, took = under_load(
        place, "careful", lambda: place.applied(limits={"lock_timeout_ms": 200, "attempts": 40})
    )
    waits = {name: row["waits"]["longest_ms"] for name, row in place.ledger().items()}
    place.query(
        "ALTER TABLE users DROP COLUMN note, DROP COLUMN state, DROP CONSTRAINT users_team, "
        "ALTER COLUMN email DROP NOT NULL"
    )
    place.query("DROP INDEX users_email")
    naive, naively = under_load(
        place, "naive", lambda: [place.query(one) for one in NAIVE.strip().split("\n")]
    )
    print(f"\nlongest statement of the application, {ROWS:,} rows, {RATE} transactions a second:")
    print(f"  no change at all       {quiet:6.0f} ms")
    print(f"  five changes, migrator {careful:6.0f} ms   ({took:.1f} s; sampled waits by revision: {waits})")
    print(f"  five changes, naively  {naive:6.0f} ms   ({naively:.1f} s)")
    assert careful < LIMIT_MS


def prepare(place):
    place.add("0001_tables.expand.sql", TABLES)
    place.applied()
    place.query("INSERT INTO teams SELECT generate_series(1, 100)")
    place.query(f"INSERT INTO users SELECT i, 'user' || i, 0, i % 100 + 1 FROM generate_series(1, {ROWS}) i")
    place.query("VACUUM ANALYZE users")
    for name, text in (("read", READ), ("write", WRITE), ("longer", LONGER)):
        (place.folder / f"{name}.sql").write_text(text)


def under_load(place, name, change, seconds=SECONDS):
    """The longest statement of the application in ms while `change` ran, and the seconds that the change took."""
    login = place.secret("login")
    pgbench = subprocess.Popen(
        [
            BINARIES / "pgbench", "-n", "-h", "127.0.0.1", "-p", str(place.server.port), "-U", login["DATABASE_USER"],
            "-c", "12", "-j", "1", "-R", str(RATE), "-T", str(seconds), "-l", f"--log-prefix={place.folder / name}",
            "-f", f"{place.folder}/read.sql@60", "-f", f"{place.folder}/write.sql@38",
            "-f", f"{place.folder}/longer.sql@2", place.database,
        ],
        env={**os.environ, "PGPASSWORD": login["DATABASE_PASSWORD"]},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(1)
    begun = time.time()
    change()
    ended = time.time()
    assert pgbench.wait(timeout=seconds + 20) == 0
    assert ended < begun + seconds, "the change outlived the load"
    longest = 0.0
    for log in place.folder.glob(f"{name}.*"):
        for line in log.read_text().splitlines():
            _, _, latency, script, second, _, lag = line.split()
            if script != "2" and begun <= int(second) <= ended + 1:
                longest = max(longest, (int(latency) - int(lag)) / 1000)
    return longest, ended - begun
