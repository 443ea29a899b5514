"""The few programs of an instance that are not the machine's own: found first on its PATH, in /usr/bin."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import localcloud
from localcloud.instances import sshdconfig, systemctl
from localcloud.instances.agentconfig import CONFIG
from localcloud.instances.aws import call
from localcloud.instances.image import SUDOERS
from localcloud.instances.root import Root

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where an instance finds the machine's own programs."""
DATABASE_CA = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""Where AWS publishes the certificates that its databases are to be checked by."""

# All files of an instance belong to who runs the local cloud; what is checked is that the user is there.
_CHOWN = """#!/bin/sh
while [ "${{1#-}}" != "$1" ]; do shift; done
user="${{1%%[:.]*}}"
[ -z "$user" ] || grep -q "^$user:" {passwd} || {{ echo "chown: invalid user: '$1'" >&2; exit 1; }}
"""

_SUDO = """#!/bin/sh
while :; do
  case "$1" in
    -n|-E|-H|--) shift ;;
    -u) [ "$2" = root ] || {{ echo "sudo: the local cloud knows only root, not $2" >&2; exit 1; }}; shift 2 ;;
    -*) echo "sudo: $1: the local cloud knows only -n, -E, -H and -u root" >&2; exit 1 ;;
    *) break ;;
  esac
done
[ "${{USER:-root}}" = root ] || grep -q "^$USER " {sudoers} 2>/dev/null || {{
  echo "$USER is not in the sudoers file." >&2; exit 1; }}
exec "$@"
"""

# Version 1, from a wheel, asks the real SQS whatever AWS_ENDPOINT_URL says; version 2, from an image, does not.
_AWS = """#!/bin/sh
[ "$1" != sqs ] || [ -z "$AWS_ENDPOINT_URL" ] || set -- "$@" --endpoint-url "$AWS_ENDPOINT_URL"
exec {aws} "$@"
"""

_DNF = """#!/bin/sh
verb=; status=0
for word; do
  case "$word" in
    -y|-q|--assumeyes|--quiet) ;;
    -*) verb=unknown; break ;;
    *)
      if [ -z "$verb" ]; then verb="$word"; continue; fi
      command -v "$word" >/dev/null || { echo "No match for argument: $word" >&2; missing="$missing $word"; } ;;
  esac
done
[ "$verb" = install ] || { echo "dnf $*: the local cloud knows only: dnf install [-y] [-q] PACKAGE..." >&2; exit 1; }
[ -z "$missing" ] || {
  echo "Error: Unable to find a match:$missing (a package is there when this machine has a command of its name)" >&2
  exit 1; }
"""

_CURL = """#!/bin/sh
asked=; out=; previous=
for word; do
  case "$previous" in --*) [ "$previous" = --output ] && out="$word" ;; -*o) out="$word" ;; esac
  case "$word" in --output=*) out="${{word#--output=}}" ;; {url}) asked=1 ;; esac
  previous="$word"
done
[ -n "$asked" ] || {other}
[ -f {ca} ] || {{ echo "curl: (22) the local cloud has no certificate authority: there is no "{ca} >&2; exit 22; }}
if [ -n "$out" ] && [ "$out" != - ]; then exec cat {ca} > "$out"; else exec cat {ca}; fi
"""

_SSHD = """#!/bin/sh
if [ "$1" = -t ]; then exec {check}; fi
exec {serve}
"""

_AGENT_CTL = """#!/bin/sh
action=; config=; start=
while [ $# -gt 0 ]; do
  case "$1" in
    -a) action="$2"; shift 2 ;;
    -m) shift 2 ;;
    -c) config="$2"; shift 2 ;;
    -s) start=1; shift ;;
    *) echo "amazon-cloudwatch-agent-ctl: $1: the local cloud knows only -a, -m, -c and -s" >&2; exit 1 ;;
  esac
done
case "$action" in
  fetch-config)
    file="${{config#file:}}"
    [ "$file" != "$config" ] || {{ echo "the local cloud fetches only -c file:PATH, not $config" >&2; exit 1; }}
    [ ! -f {root}/"$file" ] || file={root}/"$file"
    [ "$file" -ef {config} ] || cp "$file" {config} || exit 1
    [ -z "$start" ] || exec systemctl restart amazon-cloudwatch-agent ;;
  start|stop) exec systemctl "$action" amazon-cloudwatch-agent ;;
  status) printf '{{"status": "%s"}}\\n' "$(systemctl is-active amazon-cloudwatch-agent)" ;;
  *) echo "the local cloud knows only -a fetch-config, start, stop and status, not $action" >&2; exit 1 ;;
esac
"""


def base_interpreter() -> str:
    """The Python that the running one was made from: without the packages of a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def write_shims(root: Root, instance: Path, address: str, authority: Path) -> None:
    """`python3` is an interpreter without any package, `aws` AWS's own command line, run by the resident
    process beside the folder of all instances, `systemctl` speaks to the instance's first process (whose folder is
    `instance`), `chown` changes nothing, `sudo` and `dnf` check only,
    `curl` answers AWS's certificates of databases with the file `authority`, `sshd` listens on `address`."""
    python, venv = base_interpreter(), sys.executable
    package = str(Path(localcloud.__file__).resolve().parent.parent)
    curl = shutil.which("curl", path=PATH)
    shims = {
        "/usr/bin/aws": _AWS.format(
            aws=shlex.join((python, "-I", "-S", call.__file__, str(instance.parents[1]), str(instance), venv))
        ),
        "/usr/bin/systemctl": _exec(
            python, "-I", "-S", str(Path(systemctl.__file__).resolve()), str(instance)
        ),
        "/usr/bin/chown": _CHOWN.format(passwd=shlex.quote(str(root.inside("/etc/passwd")))),
        "/usr/bin/sudo": _SUDO.format(sudoers=shlex.quote(str(root.inside(SUDOERS)))),
        "/usr/bin/dnf": _DNF,
        "/usr/bin/curl": _CURL.format(
            url=DATABASE_CA,
            ca=shlex.quote(str(authority)),
            other=f'exec {shlex.quote(curl)} "$@"'
            if curl
            else '{ echo "curl: command not found on this machine" >&2; exit 127; }',
        ),
        "/usr/bin/amazon-cloudwatch-agent": _run(
            python, package, "localcloud.instances.agent", "-S", str(instance)
        ),
        "/usr/bin/amazon-cloudwatch-agent-ctl": _AGENT_CTL.format(
            root=shlex.quote(str(root.folder)), config=shlex.quote(str(root.inside(CONFIG)))
        ),
        "/usr/sbin/sshd": _SSHD.format(
            check=_module(python, package, sshdconfig.__name__, "-S", str(instance)),
            serve=_module(venv, package, "localcloud.instances.sshd", str(instance), address),
        ),
    }
    for path, text in shims.items():
        file = root.inside(path)
        file.write_text(text)
        file.chmod(0o755)
    # What makes /usr an empty virtual environment (PEP 405): packages that the machine has would hide that a bundle
    # lacks them.
    settings = f"home = {Path(python).parent}\ninclude-system-site-packages = false\n"
    root.inside("/usr/pyvenv.cfg").write_text(settings)
    for name in ("python3", f"python{sys.version_info.major}.{sys.version_info.minor}"):
        root.inside(f"/usr/bin/{name}").symlink_to(python)


def _exec(*words: str) -> str:
    return f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'


def _run(*words: str) -> str:
    return f'#!/bin/sh\nexec {_module(*words)} "$@"\n'


def _module(python: str, package: str, module: str, *words: str) -> str:
    """A command line that runs a module of the local cloud; words that begin with `-` are the interpreter's."""
    options = [word for word in words if word.startswith("-")]
    arguments = [word for word in words if not word.startswith("-")]
    return shlex.join(("env", f"PYTHONPATH={package}", python, "-P", *options, "-m", module, *arguments))
