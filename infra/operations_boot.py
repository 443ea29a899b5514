"""Boot: the user data that turns an empty machine into the operations host. Pure, and without a secret.

Scripts name files relative to where they lie themselves.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from infra.again import again
from infra.cloud_config import body, file
from infra.log_agent import AGENT, AGENT_FILE, configuration
from infra.operations_programs import COMMANDS_UNIT, FOLDER, LOGS, SAID, commands_unit

MAY_INSTALL = "ALL=(root) NOPASSWD: /usr/bin/dnf ^install -y -q python3[.][0-9]+$"
"""The user may install a version of Python, and nothing else (sudoers(5), "Regular expressions")."""


@dataclass(frozen=True)
class Boot:
    """What the host is to become. `authorized_key` is the public key of who may log in, `host_key_secret` the ARN of
    the secret with the host's own private key, JSON with the key `private`. `programs` is where the host's programs
    are, `s3://…`, and `programs_digest` their sha256 in hex; `commands_queue` is the URL of the queue that orders for
    commands come from.
    """

    user: str
    port: int
    authorized_key: str
    host_key_secret: str
    log_group: str
    region: str
    programs: str
    programs_digest: str
    commands_queue: str


def user_data(boot: Boot) -> str:
    """The cloud-config: one user, the SSH server's settings, the boot script and the log agent's configuration."""
    unit = commands_unit(boot.user, boot.commands_queue, boot.region)
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
            file(f"/etc/systemd/system/{COMMANDS_UNIT}", "0644", unit),
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
    """The host's own programs and its key first: it is known by that, and nobody logs in before."""
    user, region = shlex.quote(boot.user), shlex.quote(boot.region)
    logs = " ".join(f".{LOGS}/{name}.log" for name in SAID)
    return f"""\
#!/bin/sh
# Fetch the host's programs, take its own key, let the user in, keep what is said.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .{LOGS} .{FOLDER}/bundles
exec >>.{LOGS}/boot.log 2>&1
{again(60)}
again aws s3 cp --region {region} --only-show-errors {shlex.quote(boot.programs)} .{FOLDER}/programs.json
echo "{boot.programs_digest}  .{FOLDER}/programs.json" | sha256sum -c -
python3 -c '
import json, os, sys
os.chdir(sys.argv[1])
for name, text in json.load(open("programs.json")).items():
    with open(name, "w") as out:
        out.write(text)
    os.chmod(name, 0o755)
' .{FOLDER}
key() {{
  aws secretsmanager get-secret-value --region {region} --query SecretString --output text \\
    --secret-id {shlex.quote(boot.host_key_secret)} >etc/ssh/secret.new
}}
(umask 077
 again key
 python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin)["private"])' \\
   <etc/ssh/secret.new >etc/ssh/key.new)
rm etc/ssh/secret.new
mv etc/ssh/key.new etc/ssh/ssh_host_ed25519_key
rm -f etc/ssh/ssh_host_ed25519_key.pub
touch {logs}
chown {user} .{FOLDER} .{FOLDER}/bundles {logs}
systemctl restart sshd
echo "the SSH server has its key"
command -v {AGENT}-ctl >/dev/null || timeout 180 dnf install -y -q {AGENT} || true
systemctl enable --now {AGENT} || echo "no log agent: what is said here stays here"
systemctl daemon-reload
systemctl enable --now {COMMANDS_UNIT}
"""


def log_agent(log_group: str) -> str:
    """The log agent's configuration: a stream for the boot, and for each of what `SAID` names."""
    streams = {f"{LOGS}/{name}.log": f"{{instance_id}}/{name}" for name in ("boot", *SAID)}
    return configuration(log_group, streams)
