"""The commands that the documents show, and whether what they are typed to would take them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer.main
from botocore import xform_name
from botocore.session import get_session

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_BLOCK = re.compile(r"^[ \t]*```(\S+)?[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:release|localcloud|make|pulumi|aws) [^`]+)`")
_BETWEEN = {"&&", "||", ";", "|"}
_SUBSTITUTION = re.compile(r'^eval "\$\((.*)\)"$')

PULUMI = {
    "up": {"--stack", "--refresh", "--debug", "--yes", "--config-file", "-m"},
    "preview": {"--stack", "--json"},
    "refresh": {"--stack", "--preview-only", "--json"},
    "destroy": {"--stack", "--yes"},
    "cancel": {"--stack", "--yes"},
    "login": set(),
    "whoami": {"--verbose"},
    "version": set(),
    "config": {"--stack"},
    "config get": {"--stack"},
    "config set": {"--stack", "--path", "--secret"},
    "config rm": {"--stack"},
    "stack init": {"--secrets-provider"},
    "stack ls": set(),
    "stack rm": {"--stack", "--yes"},
    "stack output": {"--stack", "--json", "--show-secrets"},
    "stack export": {"--stack", "--file", "--version"},
    "stack import": {"--stack", "--file"},
    "stack history": {"--stack", "--json"},
    "stack change-secrets-provider": {"--stack"},
}
"""Verbs of `pulumi` that the documents name, with the options that they may give; held against the real one
where there is one.
"""

OTHERS = {
    *("cd", "cp", "curl", "df", "docker", "echo", "eval", "export", "gh", "git", "jq", "ls", "mkdir", "open"),
    *("pip", "pre-commit", "psql", "pg_dump", "python3", "sed", "sha256sum", "source", "ss", "sudo", "tail"),
    *("for", "do", "done"),
    *(".venv/bin/pip", ".venv/bin/python", "apt", "xdg-open"),
}
"""Programs of others, taken by their name alone."""


_FOLDERS = ("DIR", "path/to/your/application")
_LACKS = ("MissingParameter", "NoArgsIsHelpError", "BadOptionUsage")
_AT_ONCE = {("--help",), ("--install-completion",), ("--show-completion",)}
"""What a parser does as soon as it reads it."""


@dataclass(frozen=True)
class Typed:
    """One command: its words, and where it stands; one that is only `mentioned` may lack what it needs."""

    words: tuple[str, ...]
    where: str
    mentioned: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(self.words)}"


def fenced(document: Path) -> list[Typed]:
    """Every command of the console blocks of a document, each part of a line by itself."""
    return [
        Typed(words, f"{document.relative_to(ROOT)}")
        for kind, block in _BLOCK.findall(document.read_text(encoding="utf-8"))
        if kind == "console"
        for line in _lines(block)
        for words in parts(line)
    ]


def inline(document: Path) -> list[Typed]:
    """Every command that a document's text has in back-quotes."""
    text = _BLOCK.sub("", document.read_text(encoding="utf-8"))
    return [
        Typed(words, f"{document.relative_to(ROOT)}", mentioned=True)
        for line in _INLINE.findall(text)
        if "…" not in line
        for words in parts(line.partition(",")[0])
    ]


def _lines(block: str) -> Iterator[str]:
    for line in block.replace("\\\n", " ").splitlines():
        if line.strip().startswith("$ "):
            yield line.strip()[2:]


def parts(line: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line, without comments, variables before them, and redirections."""
    if substituted := _SUBSTITUTION.match(line.partition("  #")[0].strip()):
        line = substituted[1]
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
    lexer.whitespace_split = True
    found: list[str] = []
    words = iter([*lexer, ";"])
    for word in words:
        if word in _BETWEEN:
            if found:
                yield tuple(found)
            found = []
        elif set(word) <= set("<>&|;"):
            next(words)
        elif found or not re.fullmatch(r"[A-Z_]+=.*", word):
            found.append(word)


def refused(typed: Typed, folder: Path) -> str:
    """Why what is typed makes no sense; empty where it does. `folder` stands for what a placeholder names."""
    program, *words = typed.words
    name = Path(program).name
    if name in ("release", "localcloud"):
        why = _by_typer(name, [_there(word, folder) for word in words])
        return "" if typed.mentioned and why.startswith(_LACKS) else why
    if name == "make":
        return _by_make(words)
    if name == "pulumi":
        return _by_table(words)
    if name == "aws":
        return _by_botocore(words)
    return "" if program in OTHERS else f"nobody knows {program}"


@cache
def _group(name: str) -> Any:
    if name == "release":
        from release.cli.main import app
    else:
        from localcloud.cli.main import app
    return typer.main.get_command(app)


def _by_typer(name: str, words: list[str]) -> str:
    """What the command line's own parser says, from the first verb to the last option."""
    command, rest, parent = _group(name), words, None
    try:
        while hasattr(command, "resolve_command"):
            if tuple(rest) in _AT_ONCE:
                return ""
            parent = command.make_context(name, rest, parent=parent)
            name, command, rest = command.resolve_command(parent, [*parent._protected_args, *parent.args])
        if "--help" not in rest:
            command.make_context(name, rest, parent=parent)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _there(word: str, folder: Path) -> str:
    return str(folder) if word in _FOLDERS else __file__ if word == "DUMP" else word


def _by_make(words: list[str]) -> str:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    unknown = [word for word in words if word not in targets and not re.fullmatch(r"[A-Z]+=.*", word)]
    return f"no target {unknown}" if unknown else ""


def _by_table(words: list[str]) -> str:
    plain = [word for word in words if not word.startswith("-")]
    verb = " ".join(plain[:2]) if " ".join(plain[:2]) in PULUMI else " ".join(plain[:1])
    if verb not in PULUMI:
        return f"pulumi has no {verb}, as far as is known here"
    strange = [word for word in words if word.startswith("-") and word.split("=")[0] not in PULUMI[verb]]
    return f"pulumi {verb} has no {strange}, as far as is known here" if strange else ""


@cache
def _operations(service: str) -> dict[str, frozenset[str]]:
    """The operations of an AWS service and their options, as its command line calls them."""
    model = get_session().get_service_model(service)
    found = {}
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        members = shape.members if shape else ()
        found[xform_name(operation, "-")] = frozenset(f"--{xform_name(member, '-')}" for member in members)
    return found


_EVERYWHERE = {"--query", "--output", "--region", "--profile", "--no-cli-pager", "--max-items"}


def _by_botocore(words: list[str]) -> str:
    service, operation, *rest = words
    if (service, operation) in {("sso", "login"), ("s3", "cp"), ("s3", "ls"), ("configure", "sso")}:
        return ""
    if service == "s3":
        return f"aws s3 {operation} is not known here"
    operations = _operations("s3" if service == "s3api" else service)
    if operation not in operations:
        return f"aws {service} has no {operation}"
    known = operations[operation] | _EVERYWHERE
    strange = [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]
    # What its service calls in the plural, the command line may call in the singular: one name of an alarm.
    strange = [word for word in strange if f"{word}s" not in known]
    return f"aws {service} {operation} has no {strange}" if strange else ""
