"""The programs of the operations host, and where they lie. Pure.

Together they are more than user data may be: the host fetches them when it boots, from an object of the bundle bucket,
by its digest. They belong to the host and not to a bundle, so that they can run a release of any age.
"""

from __future__ import annotations

import hashlib
import inspect
import json

from infra.machine import commands, run, variables
from infra.trust import AUTHORITY_URL

FOLDER = "/opt/uneventful"
LOGS = "/var/log/uneventful"

MIGRATE = f"{FOLDER}/migrate"
"""Runs the migrator of a bundle, told what to do by one JSON document."""

RUN = f"{FOLDER}/run"
"""Runs a command with a bundle and its variables (`infra.machine.run`)."""

AUTHORITY = f"{FOLDER}/database-ca.pem"
"""Where the certificates are which prove the database."""

UNUSED_DAYS = 30
"""After so many days a bundle that nobody asked for leaves the host; it is fetched again when somebody does."""

RUNS = "runs"
"""What the log is called that tells of each command that it began and how it ended; no command writes there."""

SAID = ("migrate", "commands", RUNS)
"""The logs beside that of the boot: of migrations, of commands that nobody attends, and of `RUNS`."""

COMMANDS_UNIT = "uneventful-commands.service"


def programs() -> str:
    """The object's content: JSON, the texts by their names in `FOLDER`."""
    texts = {
        "fetch": FETCH,
        "migrate": MIGRATE_SCRIPT,
        "run": inspect.getsource(run),
        "variables.py": inspect.getsource(variables),
        "commands": inspect.getsource(commands),
    }
    return json.dumps(texts, indent=1)


def digest_of(content: str) -> str:
    """The sha256 of an object's content, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def commands_unit(user: str, queue: str, region: str) -> str:
    """Takes orders for commands from the queue with this URL, one after another, always."""
    return f"""\
[Unit]
Description=Run the commands that are ordered in a queue
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User={user}
WorkingDirectory={FOLDER}
ExecStart={FOLDER}/commands {queue} {region}
Restart=always
RestartSec=5
TimeoutStopSec=30
KillMode=mixed
StandardOutput=append:{LOGS}/commands.log
StandardError=append:{LOGS}/commands.log
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
"""


FETCH = f"""\
#!/bin/bash
# Have a bundle, and the certificates of databases: fetch BUCKET KEY DIGEST REGION. Prints the bundle's folder.
set -euo pipefail
cd "$(dirname "$0")"
bucket=$1 key=$2 digest=$3 region=$4
[[ $digest =~ ^[0-9a-f]{{64}}$ ]] || {{ echo "not a digest: $digest" >&2; exit 2; }}
bundle=$PWD/bundles/$digest
if [ ! -d "$bundle" ]; then
  # Beside its place first, and checked: a folder that has a bundle's name is that bundle, whole.
  part=$(mktemp -d bundles/part.XXXXXX)
  trap 'rm -rf "$part"' EXIT
  aws s3 cp --region "$region" --only-show-errors "s3://$bucket/$key" "$part/bundle.tar.gz" >&2
  sha256sum -c --quiet - <<<"$digest  $part/bundle.tar.gz" >&2
  mkdir "$part/app"
  tar -xzf "$part/bundle.tar.gz" -C "$part/app" --no-same-owner
  mv -T "$part/app" "$bundle" || [ -d "$bundle" ]
fi
touch "$bundle"
find bundles -mindepth 1 -maxdepth 1 -mtime +{UNUSED_DAYS} -exec rm -rf {{}} +
if [ ! -s database-ca.pem ]; then
  curl -fsS --max-time 60 -o "database-ca.$$" {AUTHORITY_URL}
  mv "database-ca.$$" database-ca.pem
fi
echo "$bundle"
"""

MIGRATE_SCRIPT = """\
#!/bin/bash
# Run the migrator of a bundle. Reads one JSON document, which names the bundle and says what to do, and hands it on.
set -euo pipefail
cd "$(dirname "$0")"
log=../../var/log/uneventful/migrate.log

run() {
  order=$(cat)
  read -r bucket key digest region < <(python3 -c '
import json, sys
order = json.load(sys.stdin)
print(order["bucket"], order["key"], order["digest"], order["region"])
' <<<"$order" 2>/dev/null) || { echo "expected a JSON document with bucket, key, digest and region" >&2; return 2; }
  bundle=$(./fetch "$bucket" "$key" "$digest" "$region") || return
  python=python$(cat "$bundle/.uneventful/python")
  command -v "$python" >/dev/null || sudo dnf install -y -q "$python"
  # The order says where the certificates are on the host; this is where they are.
  python3 -c '
import json, sys
order = json.load(sys.stdin)
order["database"]["ca"] = sys.argv[1]
json.dump(order, sys.stdout)
' "$PWD/database-ca.pem" <<<"$order" |
    PYTHONPATH=$bundle/.uneventful/migrator "$python" -P -m migrator "$bundle"
}

# Both streams go to the log too, and there they go on when nobody listens any more.
{ run 2>&1 >&3 3>&- | tee -p -a "$log" >&2; } 3>&1 | tee -p -a "$log"
"""
