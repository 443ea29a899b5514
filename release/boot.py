"""Boot: the user data that turns an empty machine into an instance of one release. Pure.

It is a cloud-config with cloud-init's own jinja header, from which an instance learns its address. It holds
no secret: the bundle is fetched with the instance's role, and variables are plain ones.
"""

from __future__ import annotations

import base64
import re
import shlex
from dataclasses import dataclass

import yaml

from release.errors import BundleError
from release.model import WEB, Process, Release

LIMIT = 16384
"""Bytes of user data that EC2 takes, before base64 (Amazon EC2 User Guide, "User data")."""

USER = "uneventful"
FOLDER = "/opt/uneventful"
ENVIRONMENT_FILE = "/etc/uneventful/environment"

ADDRESS = "{{ ds.meta_data.local_ipv4 }}"
"""Put in by cloud-init: the instance's own private address."""

_JINJA_BEGINS = re.compile(r"\{[{%#]")


@dataclass(frozen=True)
class Boot:
    """What an instance is to become: which processes of which release, and where the bundle is."""

    release: Release
    processes: tuple[Process, ...]
    bucket: str
    region: str


def web_boot(release: Release, bucket: str, region: str) -> Boot:
    """What a web instance is to become: it runs the process that gets traffic, and no other."""
    web = tuple(process for process in release.manifest.processes if process.name == WEB)
    return Boot(release, web, bucket, region)


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
        "write_files": [
            _file(f"{FOLDER}/boot", "0755", _untemplated(boot_script(boot))),
            _file(ENVIRONMENT_FILE, "0600", f'HOST="{ADDRESS}"\n' + _untemplated(environment(boot.release))),
            *(
                _file(
                    f"/etc/systemd/system/{unit_name(process)}",
                    "0644",
                    _untemplated(unit(boot.release, process)),
                )
                for process in boot.processes
            ),
        ],
        "runcmd": [[f"{FOLDER}/boot"]],
    }
    body = yaml.dump(config, Dumper=_Readable, sort_keys=False, width=2**30, allow_unicode=True)
    text = f"## template: jinja\n#cloud-config\n{body}"
    size = len(text.encode())
    if size > LIMIT:
        words = sum(len(name) + len(value) for name, value in boot.release.variables.items())
        raise BundleError(
            f"{boot.release} cannot boot: what its instances are told is too long",
            expected=f"at most {LIMIT} bytes of user data, which is EC2's limit",
            seen=f"{size} bytes, of which variables are about {words}",
            state="nothing was changed",
            next="shorten uneventful:variables, or keep long values in a file of the bundle",
        )
    return text


def encoded(text: str) -> str:
    """User data as a launch template wants it."""
    return base64.b64encode(text.encode()).decode()


def unit_name(process: Process) -> str:
    return f"uneventful-{process.name}.service"


def boot_script(boot: Boot) -> str:
    """Fetch, verify, unpack, start. A bundle that is not the one that the digest names is never unpacked."""
    digest = boot.release.manifest.digest
    source = shlex.quote(f"s3://{boot.bucket}/{boot.release.manifest.key}")
    units = " ".join(unit_name(process) for process in boot.processes)
    return f"""\
#!/bin/sh
# Fetch the bundle by its digest, verify it, unpack it, start its processes.
set -eu
cd "$(dirname "$0")"
tries=0
until aws s3 cp --region {shlex.quote(boot.region)} --only-show-errors {source} bundle.tar.gz; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || exit 1
  sleep 2
done
echo "{digest}  bundle.tar.gz" | sha256sum -c -
rm -rf app
mkdir app
tar -xzf bundle.tar.gz -C app --no-same-owner
rm bundle.tar.gz
systemctl daemon-reload
systemctl enable --now {units}
"""


def environment(release: Release) -> str:
    """The environment file of every process, but for HOST, which the instance itself puts in front."""
    known = {
        "PORT": str(release.manifest.port),
        "RELEASE_ID": release.id,
        "RELEASE_VERSION": release.version,
    }
    pairs = {**known, **release.variables}
    return "".join(f"{name}={_quoted(value)}\n" for name, value in pairs.items())


def unit(release: Release, process: Process) -> str:
    """The systemd unit of one process: started again when it ends, stopped with SIGTERM and time to finish."""
    drain = release.manifest.drain_seconds
    return f"""\
[Unit]
Description={_specified(f"{process.name} of release {release.version} ({release.id})")}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
User={USER}
WorkingDirectory={FOLDER}/app
EnvironmentFile={ENVIRONMENT_FILE}
ExecStart=/bin/sh -c {_word(f"exec {process.command}")}
Restart=always
RestartSec=1
TimeoutStopSec={drain}
KillSignal=SIGTERM
KillMode=mixed
StandardOutput=journal
StandardError=journal
SyslogIdentifier=uneventful-{process.name}
NoNewPrivileges=true
ProtectSystem=full
ProtectHome=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
"""


def _file(path: str, permissions: str, content: str) -> dict[str, str]:
    return {"path": path, "permissions": permissions, "content": content}


def _quoted(value: str) -> str:
    """A value in an environment file (systemd.exec(5)): in double quotes, where four characters are escaped."""
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def _word(text: str) -> str:
    """One word of a command line in a unit (systemd.service(5)): `$` and `%` are the command's, not systemd's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specified(escaped)}"'


def _specified(text: str) -> str:
    return text.replace("%", "%%")


def _untemplated(text: str) -> str:
    """`text` so that jinja renders it as it is."""
    return _JINJA_BEGINS.sub(lambda found: "{{ '" + found[0] + "' }}", text)


class _Readable(yaml.SafeDumper):
    """YAML in which a file's lines are lines, for who reads the user data of an instance."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _represent)
