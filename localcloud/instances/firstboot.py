"""What cloud-init does on an instance before the user data's script runs: users, files, packages, and the script
itself."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from localcloud.instances import image
from localcloud.instances.cloudconfig import CloudConfig, File, User, UserDataError, shell_script
from localcloud.instances.root import Root

SCRIPTS = "/var/lib/cloud/instance/scripts"


def prepare_root(root: Root) -> None:
    """The folders, units and users that an instance's image has."""
    image.lay_out(root)
    _add_users(root, image.USERS)


def apply(config: CloudConfig, root: Root, path: str) -> Path | None:
    """Carry out all but the script, in cloud-init's order: files, users, packages, deferred files. The script,
    when there is one.

    A package is installed when a command of its name is on `path`, the instance's PATH: nothing is fetched here.
    Raises UserDataError where cloud-init would fail: a file for a user who is not there yet, a package that is not
    there.
    """
    _write_files(root, [file for file in config.files if not file.deferred])
    _add_users(root, config.users)
    lacking = [package for package in config.packages if shutil.which(package, path=path) is None]
    if lacking:
        raise UserDataError(
            f"packages: {', '.join(lacking)}: an instance of the local cloud has what this machine has, and there is "
            f"no command {lacking[0]} on it; install it on this machine"
        )
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
    """Make the users who are not there yet; keys and rights are added to what a user has, as cloud-init does."""
    homes = root.users()
    for user in users:
        home = root.inside(homes.get(user.name, user.home))
        home.mkdir(parents=True, exist_ok=True)
        if user.name not in homes:
            with root.inside("/etc/passwd").open("a") as passwd:
                passwd.write(f"{user.name}:x:0:0::{user.home}:{user.shell}\n")
        if user.sudo:
            with root.inside(image.SUDOERS).open("a") as sudoers:
                sudoers.writelines(f"{user.name} {rule}\n" for rule in user.sudo)
        if user.keys:
            folder = home / ".ssh"
            folder.mkdir(mode=0o700, exist_ok=True)
            file = folder / "authorized_keys"
            file.touch(0o600)
            known = file.read_text().splitlines()
            file.write_text("".join(f"{key}\n" for key in dict.fromkeys((*known, *user.keys))))


def _looked_up(root: Root, entry: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """The entry with the instance's own files in place of its absolute paths (of a line: its first word)."""
    if isinstance(entry, tuple):
        return tuple(root.found(word) for word in entry)
    first, blank, rest = entry.partition(" ")
    own = root.found(first)
    return entry if own == first else f"{shlex.quote(own)}{blank}{rest}"
