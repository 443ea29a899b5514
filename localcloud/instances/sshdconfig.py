"""What an instance's SSH server is told by /etc/ssh/sshd_config, read as sshd_config(5) says. Pure but for the
files that it reads.

As a program (`python -m localcloud.instances.sshdconfig FOLDER`, what `sshd -t` does) it needs nothing but the
standard library.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from localcloud.instances.root import Root

MAIN = "/etc/ssh/sshd_config"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
_ONLY = {
    "passwordauthentication": ("no",),
    "kbdinteractiveauthentication": ("no",),
    "challengeresponseauthentication": ("no",),
    "pubkeyauthentication": ("yes",),
    "permitrootlogin": ("no", "prohibit-password", "without-password", "yes"),
}
"""Keywords with the values that are obeyed here; a value that would let more people in is not."""
_HARMLESS = frozenset(
    """usepam x11forwarding allowtcpforwarding allowagentforwarding printmotd maxauthtries maxsessions maxstartups
    logingracetime loglevel syslogfacility clientaliveinterval clientalivecountmax usedns strictmodes""".split()  # noqa: SIM905
)


class SshdConfigError(Exception):
    """A configuration that the SSH server does not start with; names the file, the line and what was expected."""


@dataclass(frozen=True)
class SshdConfig:
    port: int = 22
    root_login: bool = True
    host_key: str = HOST_KEY


def read_sshd_config(root: Root) -> SshdConfig:
    """The configuration of an instance. The first value of a keyword counts, as with sshd.

    Raises SshdConfigError for a keyword or value that is not obeyed.
    """
    config, seen = SshdConfig(), set()
    for place, keyword, value in _settings(root, MAIN):
        if keyword in seen or keyword in _HARMLESS:
            continue
        seen.add(keyword)
        if keyword == "port":
            if not value.isdecimal() or not 0 < int(value) < 65536:
                raise SshdConfigError(f"{place}: Port {value}: expected a number from 1 to 65535")
            config = replace(config, port=int(value))
        elif keyword == "hostkey":
            config = replace(config, host_key=value)
        elif value not in _ONLY.get(keyword, ()):
            expected = (
                " or ".join(_ONLY.get(keyword, ())) or "Port, HostKey and what concerns passwords and root"
            )
            raise SshdConfigError(f"{place}: {keyword} {value}: the local cloud obeys only {expected}")
        elif keyword == "permitrootlogin":
            config = replace(config, root_login=value != "no")
    return config


def _settings(root: Root, path: str) -> Iterator[tuple[str, str, str]]:
    """(place, keyword in small letters, value) of a file and of all that it includes, in order."""
    file = root.inside(path)
    if not file.is_file():
        return
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        words = line.split("#")[0].replace("=", " ", 1).split(None, 1)
        if not words:
            continue
        place, keyword, value = (
            f"{path} line {number}",
            words[0].lower(),
            words[1].strip() if words[1:] else "",
        )
        if keyword != "include":
            yield place, keyword, value.strip('"')
            continue
        for pattern in value.split():
            folder, name = posixpath.split(pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}")
            for found in sorted(root.inside(folder).glob(name)):
                yield from _settings(root, f"{folder}/{found.name}")


def main() -> int:
    try:
        read_sshd_config(Root(Path(sys.argv[1]) / "root"))
    except SshdConfigError as error:
        print(error, file=sys.stderr)
        return 255
    return 0


if __name__ == "__main__":
    sys.exit(main())
