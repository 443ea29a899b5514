"""Fetch the secret variables of a release; as a program, this instance's, and write them as systemd reads them.

Beside this file, `variables.json` names the secrets and tells what is known of the environment in the open; `secrets`
is written beside it with all of it, whole or not at all, for root alone. No secret is printed, or in a command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

PATIENCE = 120.0
PAUSE = 2.0
BOUNDS = ["--cli-connect-timeout", "5", "--cli-read-timeout", "10"]


class NotFetched(Exception):
    """What was asked for and what came, in words that hold no value."""


def fetch(secret: dict[str, str], region: str) -> dict[str, str]:
    """The pairs of one secret: asked again for `PATIENCE` s, as a new role or value takes a while to be seen."""
    command = ["aws", "secretsmanager", "get-secret-value", "--secret-id", secret["id"]]
    command += ["--version-id", secret["version"]] if secret.get("version") else []
    command += ["--region", region, "--output", "json", *BOUNDS]
    until = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return pairs_of(secret["id"], done.stdout)
        if time.monotonic() + PAUSE > until:
            raise NotFetched(f"{secret['id']}: no value in {PATIENCE:.0f} s: {done.stderr.strip()[-500:]}")
        time.sleep(PAUSE)


def pairs_of(name: str, answer: str) -> dict[str, str]:
    """The pairs in an answer of Secrets Manager."""
    try:
        pairs: dict[str, str] = json.loads(json.loads(answer)["SecretString"])
        wrong = [key for key, value in pairs.items() if not isinstance(value, str) or "\0" in value]
    except (AttributeError, KeyError, ValueError):
        raise NotFetched(f"{name}: expected JSON of names and texts, seen something else") from None
    if wrong:
        raise NotFetched(f"{name}: expected text without NUL, seen something else in {', '.join(wrong)}")
    return pairs


def composed(pairs: dict[str, str], known: dict[str, str], authority: Path) -> dict[str, str]:
    """The addresses that are made of facts and secrets; `authority` is the file that the database is proven by."""
    made = {}
    if "DATABASE_PASSWORD" in pairs:
        login = f"{quote(pairs['DATABASE_USER'], '')}:{quote(pairs['DATABASE_PASSWORD'], '')}"
        place = f"{known['DATABASE_HOST']}:{known['DATABASE_PORT']}/{known['DATABASE_NAME']}"
        proof = f"sslmode=verify-full&sslrootcert={quote(str(authority))}"
        made["DATABASE_URL"] = f"postgresql://{login}@{place}?{proof}"
        made["DATABASE_CA"] = str(authority)
    if "CACHE_TOKEN" in pairs:
        place = f"{known['CACHE_HOST']}:{known['CACHE_PORT']}/0"
        made["CACHE_URL"] = f"rediss://:{quote(pairs['CACHE_TOKEN'], '')}@{place}"
    return made


def assignment(name: str, value: str) -> str:
    """One line of an environment file (systemd.exec(5)): in double quotes, where four characters are escaped."""
    for character in '\\"`$':
        value = value.replace(character, "\\" + character)
    return f'{name}="{value}"\n'


def write(path: Path, text: str) -> None:
    """All of the file at once, to be read by its owner alone."""
    made = path.with_suffix(".new")
    if made.exists():
        made.unlink()
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    made.replace(path)


def gathered(asked: dict[str, Any], authority: Path) -> dict[str, str]:
    """All pairs: those that are known, those of the secrets that are named, and what is made of both."""
    with ThreadPoolExecutor() as together:
        fetched = list(together.map(lambda secret: fetch(secret, asked["region"]), asked["secrets"]))
    pairs = {name: value for secret in fetched for name, value in secret.items()}
    known: dict[str, str] = asked["known"]
    return {**known, **composed(pairs, known, authority), **pairs}


def main() -> None:
    here = Path(__file__).resolve().parent
    asked = json.loads((here / "variables.json").read_text(encoding="utf-8"))
    pairs = gathered(asked, here / "database-ca.pem")
    write(here / "secrets", "".join(assignment(name, pairs[name]) for name in sorted(pairs)))


if __name__ == "__main__":
    try:
        main()
    except NotFetched as error:
        sys.exit(f"the secret variables could not be fetched: {error}")
