"""The systemd units of an instance: one boots it, the others run its release's processes. Pure."""

from __future__ import annotations

from infra.log_agent import AGENT
from release.beside import BESIDE, LEAVE, USAGE
from release.environment_file import FOLDER, OPEN, SECRET
from release.model import Process, Release

USER = "uneventful"
LOGS = "/var/log/uneventful"
BOOT = "uneventful-boot.service"
TURN = "uneventful-turn.service"
GONE = "uneventful-gone.service"
USED = "uneventful-usage.service"

STARTS, WITHIN = 8, 300
"""So many starts of a process within so many seconds are enough: then its instance is replaced. Far more than a process
needs that waits for a database's restart, and with the pauses between them within a minute for one that ends at once.
"""

CONFINED = """\
CPUAccounting=true
MemoryAccounting=true
NoNewPrivileges=true
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=true
ProtectProc=invisible
ProtectKernelTunables=true
ProtectKernelModules=true
ProtectKernelLogs=true
ProtectControlGroups=true
ProtectClock=true
ProtectHostname=true
PrivateTmp=true
PrivateDevices=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=true
RestrictRealtime=true
RestrictSUIDSGID=true
LockPersonality=true
RemoveIPC=true
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""
"""A process can write to /tmp and /var/tmp, which are its own, and nowhere else. Memory that is written and then run
stays allowed: just-in-time compilers need it.
"""


def unit_name(process: Process) -> str:
    return f"uneventful-{process.name}.service"


def socket_name(process: Process) -> str:
    return f"uneventful-{process.name}.socket"


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
OnFailure={GONE}

[Service]
Type=oneshot
ExecStart={FOLDER}/boot
TimeoutStartSec=infinity
StandardOutput=append:{log_of("boot")}
StandardError=append:{log_of("boot")}
"""


def unit(release: Release, process: Process) -> str:
    """The unit of one process: started again when it ends, until that was in vain too often; stopped with SIGTERM and
    time to finish, before the log agent, which so hears its last words.
    """
    drain = release.manifest.drain_seconds
    return f"""\
[Unit]
Description={_specified(f"{process.name} of release {release.version} ({release.id})")}
Wants=network-online.target
After=network-online.target {AGENT}.service
{_after_its_socket(process)}StartLimitIntervalSec={WITHIN}
StartLimitBurst={STARTS}
OnFailure={GONE}

[Service]
Type=exec
User={USER}
WorkingDirectory={FOLDER}/app
EnvironmentFile={SECRET}
EnvironmentFile={OPEN}
ExecStartPre=+{BESIDE} start {process.name}
ExecStart=/bin/sh -c {_word(f"exec {process.command}")}
ExecStopPost=+{BESIDE} end {process.name}
Restart=always
RestartSec=1
TimeoutStopSec={drain}
KillSignal=SIGTERM
KillMode=mixed
StandardOutput=append:{log_of(process.name)}
StandardError=append:{log_of(process.name)}
{_limits(process)}{CONFINED}
[Install]
WantedBy=multi-user.target
"""


def socket_unit(release: Release, process: Process, address: str) -> str:
    """Listens at `address` on the process's behalf, from before its first start until the instance ends: whoever
    connects while the process is started again waits for it.
    """
    return f"""\
[Unit]
Description={_specified(f"Where {process.name} of release {release.version} ({release.id}) listens")}

[Socket]
ListenStream={address}:{release.manifest.port}

[Install]
WantedBy=sockets.target
"""


def gone_unit() -> str:
    """Has the instance replaced, and asks until it is."""
    return f"""\
[Unit]
Description=Have this instance replaced
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={LEAVE}
Restart=on-failure
RestartSec=10
StandardOutput=append:{log_of("boot")}
StandardError=append:{log_of("boot")}
"""


def usage_unit() -> str:
    return _beside("Tell how the process of this instance is", USAGE, "usage", restart=10)


def _after_its_socket(process: Process) -> str:
    name = socket_name(process)
    return f"Requires={name}\nAfter={name}\n" if process.socket else ""


def _limits(process: Process) -> str:
    told = {"MemoryMax": process.memory, "CPUQuota": process.cpu}
    return "".join(f"{name}={value}\n" for name, value in told.items() if value)


def turn_unit(release: Release, process: Process, bucket: str, region: str) -> str:
    """Starts and stops the worker. Ended before it, so that an instance which shuts down starts none."""
    description = _specified(f"Let {process.name} work while it is its release's turn")
    command = f"{FOLDER}/turn {release.id} {process.name} {bucket} {region}"
    order = f"Wants=network-online.target\nAfter=network-online.target {unit_name(process)}\n"
    return _beside(description, command, "boot", restart=1, order=order)


def _beside(description: str, command: str, log: str, restart: int, order: str = "") -> str:
    """What runs beside the process for as long as the instance does, whatever becomes of it; `restart` is in s."""
    return f"""\
[Unit]
Description={description}
{order}StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
Restart=always
RestartSec={restart}
TimeoutStopSec=5
StandardOutput=append:{log_of(log)}
StandardError=append:{log_of(log)}

[Install]
WantedBy=multi-user.target
"""


def _word(text: str) -> str:
    """One word of a command line in a unit (systemd.service(5)): `$` and `%` are the command's, not systemd's."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specified(escaped)}"'


def _specified(text: str) -> str:
    return text.replace("%", "%%")
