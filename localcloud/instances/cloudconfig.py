"""User data, read as cloud-init reads it: what it asks for, as a value. Pure.

Guarantee: a module or key that the local cloud does not carry out is refused by name, so that user data which
works here asks for nothing that was left out. Source: cloud-init's module reference (users, packages,
write_files, runcmd) and its `cc_write_files`, `cc_runcmd`, `templater` as shipped with Amazon Linux 2023.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import yaml

_JINJA = "## template: jinja"
_USER_KEYS = frozenset(
    (
        *("name", "gecos", "homedir", "primary_group", "groups", "system"),
        *("no_create_home", "no_user_group", "lock_passwd", "shell", "uid"),
        *("ssh_authorized_keys", "sudo"),
    )
)
_FILE_KEYS = frozenset(("path", "content", "permissions", "owner", "encoding", "append", "defer"))
_ENCODINGS = {
    **dict.fromkeys(("", "text/plain"), ()),
    **dict.fromkeys(("b64", "base64"), ("base64",)),
    **dict.fromkeys(("gz", "gzip"), ("gzip",)),
    **dict.fromkeys(("gz+b64", "gz+base64", "gzip+b64", "gzip+base64"), ("base64", "gzip")),
}


class UserDataError(Exception):
    """User data that is not carried out; names the module or key, and what would be."""


@dataclass(frozen=True)
class User:
    """`sudo` is what the user may do as root, as sudoers(5) writes it after the user's name; () is nothing."""

    name: str
    home: str
    shell: str = "/bin/bash"
    keys: tuple[str, ...] = ()
    sudo: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """`owner` is a user's name, "" for root. `deferred`: written after the users were made, not before."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = ""
    append: bool = False
    deferred: bool = False


@dataclass(frozen=True)
class CloudConfig:
    """What is to be done at the first boot. `commands` are runcmd's entries; `script` is the whole text of a
    user data that is a program of its own. At most one of the two is there."""

    users: tuple[User, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    commands: tuple[str | tuple[str, ...], ...] = ()
    script: str = ""


def parse_user_data(user_data: bytes, data: Mapping[str, Any]) -> CloudConfig:
    """Read user data (plain, gzip or base64) with the instance's metadata `data`; raises UserDataError."""
    text = _decoded(user_data)
    if text.partition("\n")[0].strip().lower() == _JINJA:
        text = _rendered(text.partition("\n")[2], data)
    first = text.partition("\n")[0].strip()
    if not text.strip():
        return CloudConfig()
    if first.startswith("#!"):
        return CloudConfig(script=text)
    if first != "#cloud-config":
        raise UserDataError(
            f"user data begins with {first[:60]!r}; "
            f"expected #cloud-config, a script's #! or {_JINJA!r} before one of them"
        )
    return _cloud_config(text)


def _decoded(user_data: bytes) -> str:
    decoded = user_data
    if decoded[:1].isalnum():
        try:
            decoded = base64.b64decode(b"".join(decoded.split()), validate=True)
        except binascii.Error:
            decoded = user_data
    if decoded[:2] == b"\x1f\x8b":
        decoded = gzip.decompress(decoded)
    try:
        return decoded.decode()
    except UnicodeDecodeError:
        raise UserDataError(f"user data is no text: it begins with {user_data[:20]!r}") from None


def _rendered(text: str, data: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.do"],
        keep_trailing_newline=True,
    )
    try:
        return environment.from_string(text).render(dict(data))
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f" in line {line + 1}" if line else ""
        raise UserDataError(
            f"the user data's template cannot be rendered{place}: {error.message}; "
            "known are v1.* and ds.meta_data.*"
        ) from error


def _cloud_config(text: str) -> CloudConfig:
    try:
        config = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UserDataError(f"the cloud-config is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise UserDataError(
            f"the cloud-config is a {type(config).__name__}; expected modules and their settings"
        )
    _refuse_unknown(config, frozenset(("users", "packages", "write_files", "runcmd")), "module")
    return CloudConfig(
        users=tuple(_user(entry) for entry in _entries(config, "users") if entry != "default"),
        packages=tuple(_package(entry) for entry in _entries(config, "packages")),
        files=tuple(_file(entry) for entry in _entries(config, "write_files")),
        commands=tuple(_run_command(entry) for entry in _entries(config, "runcmd")),
    )


def _entries(config: Mapping[str, Any], module: str) -> list[Any]:
    entries = config.get(module) or []
    if not isinstance(entries, list):
        raise UserDataError(f"{module}: expected a list, seen {type(entries).__name__}")
    return entries


def _refuse_unknown(entry: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise UserDataError(
            f"cloud-config: the {what} {', '.join(map(repr, unknown))} is not one that the local cloud "
            f"carries out; it knows {', '.join(sorted(known))}"
        )


def _user(entry: Any) -> User:
    if not isinstance(entry, dict) or not entry.get("name"):
        raise UserDataError(f"users: expected an entry with a name, seen {entry!r}")
    _refuse_unknown(entry, _USER_KEYS, "key of users")
    name = str(entry["name"])
    return User(
        name=name,
        home=str(entry.get("homedir") or f"/home/{name}"),
        shell=str(entry.get("shell") or User.shell),
        keys=_texts(name, "ssh_authorized_keys", entry.get("ssh_authorized_keys")),
        sudo=_texts(name, "sudo", entry.get("sudo")),
    )


def _texts(user: str, key: str, value: Any) -> tuple[str, ...]:
    """One text or a list of them, as cloud-init takes both; none for what is empty, null or false."""
    texts = [value] if isinstance(value, str) else value or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UserDataError(f"users: {user}: {key}: expected a text or a list of texts, seen {value!r}")
    return tuple(text.strip() for text in texts if text.strip())


def _package(entry: Any) -> str:
    if isinstance(entry, str) and entry:
        return entry
    raise UserDataError(f"packages: expected a package's name, seen {entry!r}; versions are not chosen here")


def _file(entry: Any) -> File:
    if not isinstance(entry, dict) or not str(entry.get("path", "")).startswith("/"):
        raise UserDataError(f"write_files: expected an entry with an absolute path, seen {entry!r}")
    _refuse_unknown(entry, _FILE_KEYS, "key of write_files")
    path, encoding = str(entry["path"]), str(entry.get("encoding") or "").lower()
    if encoding not in _ENCODINGS:
        raise UserDataError(
            f"write_files {path}: the encoding {encoding!r} is none of {', '.join(filter(None, _ENCODINGS))}"
        )
    content = entry.get("content") or ""
    raw = content if isinstance(content, bytes) else str(content).encode()
    try:
        for step in _ENCODINGS[encoding]:
            raw = base64.b64decode(raw) if step == "base64" else gzip.decompress(raw)
    except (ValueError, OSError, EOFError) as error:
        raise UserDataError(f"write_files {path}: the content is not {encoding}: {error}") from error
    owner = str(entry.get("owner") or "root").partition(":")[0]
    return File(
        path=path,
        content=raw,
        mode=_mode(path, entry.get("permissions")),
        owner="" if owner == "root" else owner,
        append=bool(entry.get("append")),
        deferred=bool(entry.get("defer")),
    )


def _mode(path: str, permissions: Any) -> int:
    if permissions is None:
        return 0o644
    try:
        return permissions if isinstance(permissions, int) else int(str(permissions), 8)
    except ValueError:
        raise UserDataError(
            f"write_files {path}: the permissions {permissions!r} are no octal number"
        ) from None


def _run_command(entry: Any) -> str | tuple[str, ...]:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, list) and entry:
        return tuple(str(word) for word in entry)
    raise UserDataError(f"runcmd: expected a line or a list of words, seen {entry!r}")


def shell_script(commands: tuple[str | tuple[str, ...], ...]) -> str:
    """The one script that runcmd makes of its entries: run by sh, each word of a list quoted, a line as it
    is. Its exit status is that of its last line, as with cloud-init: an earlier failure stops nothing."""
    lines = [entry if isinstance(entry, str) else shlex.join(entry) for entry in commands]
    return "\n".join(("#!/bin/sh", *lines, ""))
