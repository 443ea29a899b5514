"""What runs beside an instance's process, as root: it paces its starts, says how it ended, and gives up at last. Pure.

All of it is said in the boot's log, so that it is kept: `process: NAME ended: exit status 1`.
"""

from __future__ import annotations

import shlex

from release.environment_file import FOLDER

BESIDE = f"{FOLDER}/process"
"""`process start NAME` before each start, `process end NAME` after each end."""

LEAVE = f"{FOLDER}/leave"
"""Has the instance replaced: its process cannot be kept running."""

INSTANCE = "{{ ds.meta_data.instance_id }}"
"""Put in by cloud-init: the instance's own id."""

USAGE = f"{FOLDER}/usage"
"""Says every `USAGE_SECONDS` how its process is, in a log of its own."""

USAGE_SECONDS = 15

FRESH = 60
"""Seconds after which a start is no repetition of the last one."""

LONGEST_PAUSE = 7
"""Seconds before a start that repeats the last ones."""


def process_script() -> str:
    """A start that soon repeats the last one waits for 1, then 3, then 7 s, beyond the unit's own second.

    systemd can do so itself only since its version 254 (RestartSteps=).
    """
    return f"""\
#!/bin/sh
# start NAME: pace the starts of a process. end NAME: say how it ended.
starts=$(dirname "$0")/starts-$2
cd "$(dirname "$0")/../../var/log/uneventful" || exit
if [ "$1" = start ]; then
  now=$(cut -d. -f1 /proc/uptime)
  read -r last pause 2>/dev/null <"$starts" || last=-{FRESH} pause=0
  if [ $((now - last)) -lt $(({FRESH} + pause)) ]; then pause=$((pause * 2 + 1)); else pause=0; fi
  [ "$pause" -le {LONGEST_PAUSE} ] || pause={LONGEST_PAUSE}
  echo "$now $pause" >"$starts"
  exec sleep "$pause"
fi
case ${{EXIT_CODE:-}} in
  exited) how="exit status $EXIT_STATUS" ;;
  killed|dumped) how="SIG$EXIT_STATUS" ;;
  *) how=${{SERVICE_RESULT:-unknown}} ;;
esac
echo "process: $2 ended: $how" >>boot.log
"""


def leave_script(process: str, region: str, restarts: int) -> str:
    """Its group ends this instance, drained, and launches another one: of one that could not boot, or whose process was
    restarted too often. A process that failed without was stopped, and did not end well: that is no reason.
    """
    return f"""\
#!/bin/sh
# The process cannot be kept running here: have this instance replaced.
shown() {{ systemctl show --property="$1" --value "uneventful-$2.service"; }}
if [ "$(shown ActiveState boot)" = failed ]; then why="it could not boot"
elif [ "$(shown NRestarts {process})" -ge {restarts} ]; then why="{process} ends again and again"
else exit 0; fi
echo "instance: to be replaced, $why"
exec aws autoscaling set-instance-health --region {shlex.quote(region)} --instance-id {INSTANCE} \\
  --health-status Unhealthy --no-should-respect-grace-period
"""


def usage_script(process: str) -> str:
    """A line each time, as systemd knows it: `ActiveState=active NRestarts=0 …`."""
    wanted = "ActiveState,ActiveEnterTimestamp,NRestarts,MemoryCurrent,CPUUsageNSec"
    return f"""\
#!/bin/sh
# Say how the process is, for as long as this instance runs.
while :; do
  echo $(systemctl show --timestamp=unix --property={wanted} uneventful-{process}.service)
  sleep {USAGE_SECONDS}
done
"""
