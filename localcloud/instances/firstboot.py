"""What cloud-init does on an instance before the user data's script runs: users, files, and the script itself."""

from __future__ import annotations

import shlex
from pathlib import Path

from localcloud.instances.cloudconfig import CloudConfig, File, User, UserDataError, shell_script
from localcloud.instances.root import Root

SCRIPTS = "/var/lib/cloud/instance/scripts"
_IMAGE_USERS = (User("root", "/root"), User("ec2-user", "/home/ec2-user"))


def prepare_root(root: Root) -> None:
    """The folders and users that an instance's image has."""
    for path in (
        "/etc/systemd/system",
        "/opt",
        "/var/lib",
        "/var/log",
        "/usr/bin",
        "/usr/local/bin",
        "/home",
    ):
        root.inside(path).mkdir(parents=True, exist_ok=True)
    root.inside("/etc/passwd").write_text("")
    _add_users(root, _IMAGE_USERS)


def apply(config: CloudConfig, root: Root) -> Path | None:
    """Carry out all but the script, in cloud-init's order: files, users, deferred files. The script, when
    there is one.

    Raises UserDataError where cloud-init would fail: a file for a user who is not there yet.
    """
    _write_files(root, [file for file in config.files if not file.deferred])
    _add_users(root, config.users)
    _write_files(root, [file for file in config.files if file.deferred])
    if not config.script and not config.commands:
        return None
    text = config.script or shell_script(tuple(_looked_up(root, entry) for entry in config.commands))
    script = root.inside(f"{SCRIPTS}/{'part-001' if config.script else 'runcmd'}")
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(text)
    script.chmod(0o700)
    return script


def _write_files(root: Root, files: list[File]) -> None:
    for file in files:
        if file.owner and file.owner not in root.users():
            raise UserDataError(
                f"write_files {file.path}: there is no user {file.owner} yet; files are written before users "
                "are made, unless the file has defer: true"
            )
        place = root.inside(file.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("ab" if file.append else "wb") as out:
            out.write(file.content)
        place.chmod(file.mode)


def _add_users(root: Root, users: tuple[User, ...]) -> None:
    with root.inside("/etc/passwd").open("a") as passwd:
        for user in users:
            passwd.write(f"{user.name}:x:0:0::{user.home}:/bin/sh\n")
            root.inside(user.home).mkdir(parents=True, exist_ok=True)


def _looked_up(root: Root, entry: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """The entry with the instance's own files in place of its absolute paths (of a line: its first word)."""
    if isinstance(entry, tuple):
        return tuple(root.found(word) for word in entry)
    first, blank, rest = entry.partition(" ")
    own = root.found(first)
    return entry if own == first else f"{shlex.quote(own)}{blank}{rest}"
