"""The systemd units of an instance: one boots it, the others run its release's processes. Pure."""

from __future__ import annotations

from infra.log_agent import AGENT
from release.environment_file import FOLDER, OPEN, SECRET
from release.model import Process, Release

USER = "uneventful"
LOGS = "/var/log/uneventful"
BOOT = "uneventful-boot.service"
TURN = "uneventful-turn.service"

BESIDE = f"{FOLDER}/process"
"""Is run beside a process, as root: says in the boot's log how it ended."""


def unit_name(process: Process) -> str:
    return f"uneventful-{process.name}.service"


def log_of(name: str) -> str:
    """The file that a process, or the boot, writes what it has to say to."""
    return f"{LOGS}/{name}.log"


def boot_unit() -> str:
    """Fetches what the processes need and starts them, once; what it says is kept like what they say."""
    return f"""\
[Unit]
Description=Fetch the release of this instance and start it
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={FOLDER}/boot
TimeoutStartSec=infinity
StandardOutput=append:{log_of("boot")}
StandardError=append:{log_of("boot")}
"""


def unit(release: Release, process: Process) -> str:
    """The unit of one process: started again when it ends, stopped with SIGTERM and time to finish, before the log
    agent, which so hears its last words.
    """
    drain = release.manifest.drain_seconds
    return f"""\
[Unit]
Description={_specified(f"{process.name} of release {release.version} ({release.id})")}
Wants=network-online.target
After=network-online.target {AGENT}.service
StartLimitIntervalSec=0

[Service]
Type=exec
User={USER}
WorkingDirectory={FOLDER}/app
EnvironmentFile={SECRET}
EnvironmentFile={OPEN}
ExecStart=/bin/sh -c {_word(f"exec {process.command}")}
ExecStopPost=+{BESIDE} ended {process.name}
Restart=always
RestartSec=1
TimeoutStopSec={drain}
KillSignal=SIGTERM
KillMode=mixed
StandardOutput=append:{log_of(process.name)}
StandardError=append:{log_of(process.name)}
NoNewPrivileges=true
ProtectSystem=full
ProtectHome=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
"""


def turn_unit(release: Release, process: Process, bucket: str, region: str) -> str:
    """Starts and stops the worker. Ended before it, so that an instance which shuts down starts none."""
    arguments = f"{release.id} {process.name} {bucket} {region}"
    return f"""\
[Unit]
Description={_specified(f"Let {process.name} work while it is its release's turn")}
Wants=network-online.target
After=network-online.target {unit_name(process)}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={FOLDER}/turn {arguments}
Restart=always
RestartSec=1
TimeoutStopSec=5
StandardOutput=append:{log_of("boot")}
StandardError=append:{log_of("boot")}

[Install]
WantedBy=multi-user.target
"""


def _word(text: str) -> str:
    """One word of a command line in a unit (systemd.service(5)): `$` and `%` are the command's, not systemd's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specified(escaped)}"'


def _specified(text: str) -> str:
    return text.replace("%", "%%")
