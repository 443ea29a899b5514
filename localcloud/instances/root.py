"""An instance's view of the file system, kept in a folder, without root rights or a changed root."""

from __future__ import annotations

import posixpath
from pathlib import Path


class Root:
    """Absolute paths of an instance, looked up in its folder first and on the machine after that.

    What an instance writes goes to its folder. What is not there is the machine's: interpreters, libraries,
    /tmp.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def inside(self, path: str) -> Path:
        """Where the instance's own `path` is kept; never outside the folder, however many `..` it has."""
        return self.folder / posixpath.normpath("/" + path).lstrip("/")

    def found(self, path: str) -> str:
        """The file that an absolute `path` means: the instance's own when there is one, else the machine's.
        A relative path is returned as it is."""
        own = self.inside(path)
        return str(own) if path.startswith("/") and (own.exists() or own.is_symlink()) else path

    def users(self) -> dict[str, str]:
        """The users that the instance has: name -> home folder."""
        return {fields[0]: fields[5] for fields in self._accounts()}

    def shell(self, user: str) -> str:
        """The shell of a user of the instance; KeyError when there is no such user."""
        return {fields[0]: fields[6] for fields in self._accounts()}[user]

    def _accounts(self) -> list[list[str]]:
        passwd = self.inside("/etc/passwd")
        lines = passwd.read_text().splitlines() if passwd.exists() else []
        return [line.split(":") for line in lines]
