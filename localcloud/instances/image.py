"""What Amazon Linux brings along before any user data: folders, users, units. Programs are in `shims`."""

from __future__ import annotations

from localcloud.instances.cloudconfig import User
from localcloud.instances.root import Root
from localcloud.instances.supervisor import IMAGE_UNITS, UNITS

SUDOERS = "/etc/sudoers.d/90-cloud-init-users"
AGENT_FOLDER = "/opt/aws/amazon-cloudwatch-agent/etc"
_FOLDERS = (
    *(UNITS, IMAGE_UNITS, "/etc/ssh/sshd_config.d", "/etc/sudoers.d", "/etc/pki/tls", "/etc/logrotate.d"),
    *("/opt", "/var/lib", "/var/log", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/home", AGENT_FOLDER),
)
USERS = (
    User("root", "/root"),
    User("ec2-user", "/home/ec2-user", sudo=("ALL=(ALL) NOPASSWD:ALL",)),
)
_UNITS = {
    "sshd.service": """\
[Unit]
Description=OpenSSH server daemon

[Service]
Type=exec
ExecStartPre=/usr/sbin/sshd -t
ExecStart=/usr/sbin/sshd -D
KillMode=process
Restart=on-failure
RestartSec=1
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
""",
    "amazon-cloudwatch-agent.service": """\
[Unit]
Description=Amazon CloudWatch Agent
After=network.target

[Service]
Type=simple
ExecStart=/usr/bin/amazon-cloudwatch-agent
KillMode=process
Restart=on-failure
RestartSec=60s
TimeoutStopSec=5

[Install]
WantedBy=multi-user.target
""",
}


def lay_out(root: Root) -> None:
    """Make the folders and files of the image in an instance's empty root."""
    for path in _FOLDERS:
        root.inside(path).mkdir(parents=True, exist_ok=True)
    root.inside("/etc/passwd").write_text("")
    root.inside("/etc/ssh/sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\n")
    for name, text in _UNITS.items():
        root.inside(f"{IMAGE_UNITS}/{name}").write_text(text)
