"""Boot: the user data that turns an empty machine into an instance of one release. Pure.

It is a cloud-config with cloud-init's own jinja header, from which an instance learns its address. It holds no secret:
the bundle and the secret variables are fetched with the instance's role.
"""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.again import again
from infra.cloud_config import body, file
from infra.log_agent import AGENT, AGENT_FILE
from infra.trust import AUTHORITY_URL
from release import environment_file, log_shipping
from release.beside import BESIDE, LEAVE, USAGE, leave_script, process_script, usage_script
from release.environment_file import FOLDER, OPEN, Variables
from release.errors import BootTooLong, BundleError
from release.instance import turn
from release.model import WEB, Process, Release
from release.units import (
    BOOT,
    GONE,
    STARTS,
    TURN,
    USED,
    USER,
    boot_unit,
    gone_unit,
    log_of,
    socket_name,
    socket_unit,
    turn_unit,
    unit,
    unit_name,
    usage_unit,
)

LIMIT = 16384
"""Bytes of user data that EC2 takes, before base64 (Amazon EC2 User Guide, "User data")."""

UNITS = "/etc/systemd/system"

ADDRESS = "{{ ds.meta_data.local_ipv4 }}"
"""Put in by cloud-init: the instance's own private address."""

_JINJA_BEGINS = re.compile(r"\{[{%#]")


@dataclass(frozen=True)
class Boot:
    """What an instance is to become: one process of a release. `log_group` is where what it says is kept."""

    release: Release
    process: Process
    bucket: str
    region: str
    log_group: str
    variables: Variables = field(default_factory=Variables)


def user_data(boot: Boot) -> str:
    """The text for a launch template, not yet in base64.

    Raises BundleError when it is more than EC2 takes; it is the variables that can be shortened.
    """
    config = {
        "users": [
            {
                "name": USER,
                "system": True,
                "no_create_home": True,
                "lock_passwd": True,
                "shell": "/sbin/nologin",
            }
        ],
        "write_files": [file(path, *written) for path, written in _files(boot).items()],
        "runcmd": [["systemctl", "daemon-reload"], ["systemctl", "start", BOOT]],
    }
    text = f"## template: jinja\n#cloud-config\n{body(config)}"
    size = len(_packed(text))
    if size > LIMIT:
        raise _too_long(boot, size)
    return text


def encoded(text: str) -> str:
    """User data as a launch template wants it."""
    return base64.b64encode(_packed(text)).decode()


def _packed(text: str) -> bytes:
    """As cloud-init takes it, too (its documentation, "User data formats"): a third of the size. The same text always
    gives the same bytes.
    """
    return gzip.compress(text.encode(), mtime=0)


def boot_script(boot: Boot) -> str:
    """Fetch, verify, unpack, start. A bundle that is not the one that the digest names is never unpacked."""
    digest = boot.release.manifest.digest
    source = f"s3://{boot.bucket}/{boot.release.manifest.key}"
    return f"""\
#!/bin/sh
# Fetch the bundle by its digest, verify it, unpack it, fetch its variables, start its process.
set -eu
failing="there is no folder to work in"
trap '[ $? -eq 0 ] || echo "boot failed: $failing"' EXIT
cd "$(dirname "$0")"
{again(30)}
# First of all, so that others can read why the rest failed; no reason not to serve.
command -v amazon-cloudwatch-agent-ctl >/dev/null || timeout 180 dnf install -y -q {AGENT} || true
systemctl enable --now {AGENT} || echo "no log agent: what this instance says stays on it"
failing="the bundle could not be fetched from "{shlex.quote(source)}
again aws s3 cp --region {shlex.quote(boot.region)} --only-show-errors {shlex.quote(source)} bundle.tar.gz
failing="the bundle is not the one whose digest is {digest}"
echo "{digest}  bundle.tar.gz" | sha256sum -c -
failing="the bundle could not be unpacked"
rm -rf app
mkdir app
tar -xzf bundle.tar.gz -C app --no-same-owner
rm bundle.tar.gz
failing="the database's certificates could not be fetched from {AUTHORITY_URL}"
again curl -fsS --max-time 30 -o database-ca.pem {AUTHORITY_URL}
failing="the variables could not be fetched"
python3 -I variables.py
failing="{boot.process.name} could not be started"
{_started(boot.process)}"""


def _started(process: Process) -> str:
    if process.name == WEB:
        socket = f"systemctl enable --now {socket_name(process)}\n" if process.socket else ""
        own = f'{socket}systemctl enable --now {unit_name(process)}\necho "{unit_name(process)} was started"'
    else:
        own = f'echo "turn: ready"\nsystemctl enable --now {TURN}'
    return f"{own}\nsystemctl enable --now {USED}\n"


def _files(boot: Boot) -> Mapping[str, tuple[str, str]]:
    """Permissions and content, by path: all of it is nothing to cloud-init's template, but the instance's address and
    its id.
    """
    release, process = boot.release, boot.process
    in_the_open = environment_file.in_the_open(release)
    written = {
        # Also makes the folder that the processes' logs go to.
        log_of("boot"): ("0640", ""),
        AGENT_FILE: ("0644", log_shipping.agent(release.id, process.name, boot.log_group)),
        log_shipping.ROTATION_FILE: ("0644", log_shipping.ROTATION),
        f"{FOLDER}/boot": ("0755", boot_script(boot)),
        f"{FOLDER}/variables.py": ("0644", environment_file.script()),
        f"{FOLDER}/variables.json": (
            "0600",
            json.dumps(environment_file.fetched(boot.variables, boot.region)),
        ),
        BESIDE: ("0755", process_script()),
        f"{UNITS}/{BOOT}": ("0644", boot_unit()),
        USAGE: ("0755", usage_script(process.name)),
        f"{UNITS}/{GONE}": ("0644", gone_unit()),
        f"{UNITS}/{USED}": ("0644", usage_unit()),
        f"{UNITS}/{unit_name(process)}": ("0644", unit(release, process)),
    }
    if process.name != WEB:
        written[f"{FOLDER}/turn"] = ("0755", f"#!/usr/bin/env -S python3 -I\n{inspect.getsource(turn)}")
        written[f"{UNITS}/{TURN}"] = ("0644", turn_unit(release, process, boot.bucket, boot.region))
    untemplated = {path: (mode, _untemplated(content)) for path, (mode, content) in written.items()}
    if process.socket:
        untemplated[f"{UNITS}/{socket_name(process)}"] = ("0644", socket_unit(release, process, ADDRESS))
    return {
        **untemplated,
        LEAVE: ("0755", leave_script(process.name, boot.region, STARTS - 1)),
        OPEN: ("0600", f'HOST="{ADDRESS}"\n' + _untemplated(in_the_open)),
    }


def _too_long(boot: Boot, size: int) -> BundleError:
    words = sum(len(name) + len(value) for name, value in boot.release.variables.items())
    return BootTooLong(
        f"{boot.release} cannot boot: what its instances are told is too long",
        expected=f"at most {LIMIT} bytes of user data, which is EC2's limit",
        seen=f"{size} bytes, of which variables are about {words}",
        state="nothing was changed",
        next="shorten uneventful:variables, or keep long values in a file of the bundle",
    )


def _untemplated(text: str) -> str:
    """`text` so that jinja renders it as it is."""
    return _JINJA_BEGINS.sub(lambda found: "{{ '" + found[0] + "' }}", text)
