"""How what an instance says gets into its log groups: the CloudWatch agent's configuration. Pure."""

from __future__ import annotations

from infra.log_agent import configuration
from release.logs import USAGE_STREAMS
from release.units import LOGS, log_of

ROTATION_FILE = "/etc/logrotate.d/uneventful"
ROTATION = f"""\
{LOGS}/*.log {{
  daily
  maxsize 100M
  rotate 3
  copytruncate
  compress
  missingok
  notifempty
}}
"""
"""Truncated in place: the processes and the agent keep their files open."""


def stream(release: str, name: str) -> str:
    """The stream in which an instance of the release with this id says what `name` says, as the agent is told it.

    The release comes first: so what one release said is found by a prefix, long after its instances are gone.
    """
    return f"{release}/{{instance_id}}/{name}"


def agent(release: str, process: str, log_group: str) -> str:
    """The agent's configuration for an instance that runs this process of the release with this id: a stream for it,
    one for the boot, and one for what its process uses.
    """
    streams = {log_of(name): stream(release, name) for name in (process, "boot")}
    return configuration(log_group, {**streams, log_of("usage"): f"{USAGE_STREAMS}{{instance_id}}"})
