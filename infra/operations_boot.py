"""Boot: the user data that turns an empty machine into the operations host. Pure, and without a secret.

Scripts name files relative to where they lie themselves.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from infra.cloud_config import body, file
from infra.log_agent import AGENT, AGENT_FILE, configuration
from infra.trust import AUTHORITY_URL

FOLDER = "/opt/uneventful"
LOGS = "/var/log/uneventful"

MIGRATE = f"{FOLDER}/migrate"
"""What is run over SSH; it reads one JSON document."""

AUTHORITY = f"{FOLDER}/database-ca.pem"
"""Where that puts the certificates which prove the database."""

UNUSED_DAYS = 30
"""After so many days a bundle that nobody asked for leaves the host; it is fetched again when somebody does."""

MAY_INSTALL = "ALL=(root) NOPASSWD: /usr/bin/dnf ^install -y -q python3[.][0-9]+$"
"""The user may install a version of Python, and nothing else (sudoers(5), "Regular expressions")."""


@dataclass(frozen=True)
class Boot:
    """What the host is to become. `authorized_key` is the public key of who may log in, `host_key_secret` the ARN of
    the secret with the host's own private key, JSON with the key `private`.
    """

    user: str
    port: int
    authorized_key: str
    host_key_secret: str
    log_group: str
    region: str


def user_data(boot: Boot) -> str:
    """The cloud-config: one user, the SSH server's settings, two scripts and the log agent's configuration."""
    config = {
        "users": [
            {
                "name": boot.user,
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": MAY_INSTALL,
                "ssh_authorized_keys": [boot.authorized_key],
            }
        ],
        "write_files": [
            file("/etc/ssh/sshd_config.d/uneventful.conf", "0600", ssh_server(boot.port)),
            file(f"{FOLDER}/boot", "0755", boot_script(boot)),
            file(MIGRATE, "0755", MIGRATE_SCRIPT),
            file(AGENT_FILE, "0644", log_agent(boot.log_group)),
        ],
        "runcmd": [[f"{FOLDER}/boot"]],
    }
    return "#cloud-config\n" + body(config)


def ssh_server(port: int) -> str:
    """Only the key that is pinned by who connects is offered: another one would be refused as a stranger's."""
    return f"""\
Port {port}
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
"""


def boot_script(boot: Boot) -> str:
    """The host's own key first: it is known by that, and nobody logs in before."""
    user = shlex.quote(boot.user)
    return f"""\
#!/bin/sh
# Take the host's own key, let the user in, keep what is said.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .{LOGS} .{FOLDER}/bundles
exec >>.{LOGS}/boot.log 2>&1
tries=0
until secret=$(aws secretsmanager get-secret-value --region {shlex.quote(boot.region)} \\
    --secret-id {shlex.quote(boot.host_key_secret)} --query SecretString --output text); do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || {{ echo "gave up: this host has no key"; exit 1; }}
  sleep 2
done
(umask 077
 printf '%s' "$secret" |
   python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)["private"])' >etc/ssh/key.new)
mv etc/ssh/key.new etc/ssh/ssh_host_ed25519_key
rm -f etc/ssh/ssh_host_ed25519_key.pub
touch .{LOGS}/migrate.log
chown {user} .{FOLDER} .{FOLDER}/bundles .{LOGS}/migrate.log
systemctl restart sshd
echo "the SSH server has its key"
command -v {AGENT}-ctl >/dev/null || timeout 180 dnf install -y -q {AGENT} || true
systemctl enable --now {AGENT} || echo "no log agent: what is said here stays here"
"""


MIGRATE_SCRIPT = f"""\
#!/bin/bash
# Run the migrator of a bundle. Reads one JSON document, which names the bundle and says what to do, and hands it on.
set -euo pipefail
cd "$(dirname "$0")"
log=../../var/log/uneventful/migrate.log

run() {{
  order=$(cat)
  read -r bucket key digest region < <(python3 -c '
import json, sys
order = json.load(sys.stdin)
print(order["bucket"], order["key"], order["digest"], order["region"])
' <<<"$order" 2>/dev/null) || {{ echo "expected a JSON document with bucket, key, digest and region" >&2; return 2; }}
  [[ $digest =~ ^[0-9a-f]{{64}}$ ]] || {{ echo "not a digest: $digest" >&2; return 2; }}
  bundle=$PWD/bundles/$digest
  [ -d "$bundle" ] || fetch
  touch "$bundle"
  find bundles -mindepth 1 -maxdepth 1 -mtime +{UNUSED_DAYS} -exec rm -rf {{}} +
  if [ ! -s database-ca.pem ]; then
    curl -fsS --max-time 60 -o "database-ca.$$" {AUTHORITY_URL}
    mv "database-ca.$$" database-ca.pem
  fi
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
}}

# Beside its place first, and checked: a folder that has a bundle's name is that bundle, whole.
fetch() {{
  part=$(mktemp -d bundles/part.XXXXXX)
  trap 'rm -rf "$part"' EXIT
  aws s3 cp --region "$region" --only-show-errors "s3://$bucket/$key" "$part/bundle.tar.gz"
  sha256sum -c --quiet - <<<"$digest  $part/bundle.tar.gz" >&2
  mkdir "$part/app"
  tar -xzf "$part/bundle.tar.gz" -C "$part/app" --no-same-owner
  mv -T "$part/app" "$bundle" || [ -d "$bundle" ]
}}

# Both streams go to the log too, and there they go on when nobody listens any more.
{{ run 2>&1 >&3 3>&- | tee -p -a "$log" >&2; }} 3>&1 | tee -p -a "$log"
"""


def log_agent(log_group: str) -> str:
    """The log agent's configuration: what boot and migrations say."""
    return configuration(
        log_group, {f"{LOGS}/{name}.log": f"{{instance_id}}/{name}" for name in ("boot", "migrate")}
    )
