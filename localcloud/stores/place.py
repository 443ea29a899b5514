"""Where the stores of a checkout keep what is theirs: `.uneventful/cloud/stores`, a folder or a link to one.

PostgreSQL refuses to run as root, so for root it runs as `nobody`, who must be able to reach its folder and its
binaries; and Linux takes 107 bytes for the path of a unix socket. Where the checkout does not fit, the folder is
elsewhere, and the link says where: nothing of the checkout, or above it, is ever opened for others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from localcloud.engine.cachefolder import cache_folder
from localcloud.errors import PartFailed

LONGEST = 60
"""Bytes of this folder's path; what is put under it for a socket takes fewer than 45."""
FOR_ALL = Path("/var/tmp")
PROGRAMS = ("bin", "lib", "share")
_copying = Lock()


@dataclass(frozen=True)
class Account:
    """Whom a server runs as, when that is not oneself."""

    user: int
    group: int


@dataclass(frozen=True)
class Place:
    """`root` holds databases/, caches/ and sockets/. `account` is None where servers run as oneself."""

    root: Path
    account: Account | None = None

    def own(self, path: Path) -> None:
        """Give a file or folder to whom the servers run as."""
        if self.account is not None:
            os.chown(path, self.account.user, self.account.group)

    def folder(self, *names: str, private: bool = True) -> Path:
        """A folder under `root`, made where it is missing, that the servers own when it is `private`."""
        folder = self.root.joinpath(*names)
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(exist_ok=True)
            missing.chmod(0o711)
        if private:
            folder.chmod(0o700)
            self.own(folder)
        return folder


class Finder:
    """`find_place`, done when a first store needs a place: a cloud without one leaves nothing anywhere."""

    def __init__(self, usual: Path, key: str) -> None:
        self._usual = usual
        self._key = key
        self._lock = Lock()
        self._found: Place | None = None

    def __call__(self) -> Place:
        with self._lock:
            if self._found is None:
                self._found = find_place(self._usual, self._key)
            return self._found


def find_place(usual: Path, key: str, user: int | None = None) -> Place:
    """The place of the checkout whose stores are usually at `usual`; `key` is its short name.

    Raises `PartFailed` when the folder elsewhere belongs to somebody else.
    """
    user = os.geteuid() if user is None else user
    account = _nobody() if user == 0 else None
    if usual.is_symlink():
        return Place(_held(usual.readlink(), user), account)
    if len(os.fsencode(usual)) <= LONGEST and (account is None or open_to_all(usual.parent)):
        return Place(_made(usual), account)
    elsewhere = (
        FOR_ALL / f"uneventful-{key[:16]}" if account is not None else cache_folder() / "run" / key[:16] / "s"
    )
    if elsewhere.exists() or elsewhere.is_symlink():
        # Without a link to it, it belonged to a checkout that was removed by hand.
        shutil.rmtree(_held(elsewhere, user))
    root = _held(_made(elsewhere), user)
    usual.parent.mkdir(parents=True, exist_ok=True)
    if usual.exists():
        shutil.rmtree(usual)
    usual.symlink_to(root)
    return Place(root, account)


def remove(usual: Path) -> None:
    """Remove all that stores keep at `usual`, and the link where it is one."""
    if usual.is_symlink():
        shutil.rmtree(usual.readlink(), ignore_errors=True)
        usual.unlink()
    else:
        shutil.rmtree(usual, ignore_errors=True)


def open_to_all(path: Path) -> bool:
    """Whether anybody may go into `path` (or, where it does not exist yet, into what is above it)."""
    there = [one for one in (path, *path.parents) if one.exists()]
    return all(one.stat().st_mode & stat.S_IXOTH for one in there)


def programs(installed: Path, place: Place) -> Path:
    """The folder `bin` of PostgreSQL as the servers can reach it: the wheel's own, else a copy in the place.

    `installed` is the wheel's `pginstall`; its libraries are in a folder two levels above, beside the package.
    """
    if place.account is None or (
        open_to_all(installed / "bin") and _readable(installed / "bin" / "postgres")
    ):
        return installed / "bin"
    package, site = installed.parent, installed.parent.parent
    copy = place.root / "programs"
    with _copying:
        if (copy / "complete").exists():
            return copy / package.name / installed.name / "bin"
        shutil.rmtree(copy, ignore_errors=True)
        for name in PROGRAMS:
            shutil.copytree(installed / name, copy / package.name / installed.name / name)
        shutil.copytree(site / f"{package.name}.libs", copy / f"{package.name}.libs")
        for one in (copy, *copy.rglob("*")):
            one.chmod(0o755 if one.is_dir() or one.stat().st_mode & stat.S_IXUSR else 0o644)
        (copy / "complete").touch()
    return copy / package.name / installed.name / "bin"


def _readable(program: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return program.stat().st_mode & wanted == wanted


def _nobody() -> Account:
    found = pwd.getpwnam("nobody")
    return Account(found.pw_uid, found.pw_gid)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    return folder


def _held(folder: Path, user: int) -> Path:
    """The folder, if it is a folder of this user and no link: others may write where it is."""
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != user):
        raise PartFailed(
            f"{folder} should be a folder of user {user} for the local cloud's databases; it is not.",
            f"See whose it is: ls -ld {folder}",
        )
    return _made(folder)
