"""systemd's own ways of writing words, environment files and variables.

Source: systemd.syntax(7) "Quoting", systemd.service(5) "Command lines", systemd.exec(5) EnvironmentFile=.
Differences from systemd: what systemd would only warn about and then ignore is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "s": " ",
    "\\": "\\",
    '"': '"',
    "'": "'",
}
_NUMBER = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-7]{3})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BRACED = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class QuotingError(ValueError):
    """A text that systemd would not read as its writer meant it."""


def split_words(text: str) -> tuple[str, ...]:
    """The words of a setting: blanks divide, quotes of both kinds keep together, C escapes are undone (in
    both kinds of quotes, unlike in a shell)."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "\\":
            piece, at = _unescape(text, at)
            word = [*(word or []), piece]
        elif quote:
            if char == quote:
                quote = ""
            else:
                word = [*(word or []), char]
        elif char in "\"'":
            quote, word = char, word or []
        elif char.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = [*(word or []), char]
    if quote:
        raise QuotingError(f"the quote {quote} is not closed in: {text}")
    return (*words, "".join(word)) if word is not None else tuple(words)


def _unescape(text: str, at: int) -> tuple[str, int]:
    if at < len(text) and text[at] in _ESCAPES:
        return _ESCAPES[text[at]], at + 1
    if number := _NUMBER.match(text, at):
        hexadecimal = number[1] or number[2] or number[3]
        return chr(int(hexadecimal, 16) if hexadecimal else int(number[4], 8)), number.end()
    raise QuotingError(f"the escape \\{text[at : at + 1]} is none of systemd's, in: {text}")


def assignment(word: str, where: str) -> tuple[str, str]:
    """`NAME=value` as a pair; `where` is what the error calls the place."""
    name, equals, value = word.partition("=")
    if not equals or not _NAME.match(name):
        raise QuotingError(f"{where}: {word!r} is not NAME=value")
    return name, value


def environment_file(text: str, where: str) -> tuple[tuple[str, str], ...]:
    """The assignments of an EnvironmentFile=, in order.

    A value without quotes ends with its line (a backslash takes the next character as it is); in single
    quotes all is literal; in double quotes a backslash escapes only `"`, backslash, backtick and `$`. Quoted
    values may hold line ends. Nothing is expanded.
    """
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        start = at
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].strip()
        if not line or line[0] in "#;":
            at = end + 1
            continue
        equals = text.find("=", start, end)
        if equals < 0 or not _NAME.match(text[start:equals].strip()):
            raise QuotingError(f"{where}: {line!r} is not NAME=value")
        value, at = _value(text, equals + 1, where)
        found.append((text[start:equals].strip(), value))
    return tuple(found)


def _value(text: str, at: int, where: str) -> tuple[str, int]:
    """The value that begins at `at`, and where the next line begins."""
    parts: list[str] = []
    bare = False
    kept = 0
    while at < len(text) and text[at] != "\n":
        char = text[at]
        if char == "\\":
            if text[at + 1 : at + 2] != "\n":
                parts.append(text[at + 1 : at + 2])
            bare, at = True, at + 2
        elif bare:
            parts.append(char)
            at += 1
        elif char in "\"'":
            piece, at = _quoted(text, at, where)
            parts.append(piece)
            kept = len("".join(parts))
            continue
        elif char.isspace():
            at += 1
            continue
        else:
            parts.append(char)
            bare, at = True, at + 1
        if not char.isspace():
            kept = len("".join(parts))
    return "".join(parts)[:kept], at + 1


def _quoted(text: str, at: int, where: str) -> tuple[str, int]:
    quote, start = text[at], at
    parts: list[str] = []
    at += 1
    while at < len(text):
        char = text[at]
        if char == quote:
            return "".join(parts), at + 1
        following = text[at + 1 : at + 2]
        if char == "\\" and quote == '"' and following and following in '"\\`$\n':
            parts.append("" if following == "\n" else following)
            at += 2
        else:
            parts.append(char)
            at += 1
    raise QuotingError(f"{where}: the quote {quote} is not closed: {text[start : start + 60]!r}")


def expand(words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Variables in the words of a command line after the first, which names the program and is left alone.

    `${NAME}` is replaced inside a word and stays one word; `$NAME` as a whole word becomes as many words as
    its value has; `$$` is `$`. A variable that is not set is empty.
    """
    if not words:
        return ()
    expanded = [words[0]]
    for word in words[1:]:
        if word.startswith("$") and _NAME.match(word[1:]):
            expanded.extend(split_words(environment.get(word[1:], "")))
        else:
            expanded.append(
                _BRACED.sub(lambda found: environment.get(found[1], "") if found[1] else "$", word)
            )
    return tuple(expanded)


def specifiers(text: str, unit: str) -> str:
    """`%n %N %p %i %%` replaced for this unit; any other specifier is refused."""
    stem = unit.rpartition(".")[0]
    prefix, _, instance = stem.partition("@")
    known = {"n": unit, "N": stem, "p": prefix, "i": instance, "%": "%"}

    def replaced(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise QuotingError(
                f"the specifier %{found[1]} is not one of {', '.join(f'%{k}' for k in known)} "
                "(write %% for a per cent sign)"
            )
        return known[found[1]]

    return re.sub(r"%(.?)", replaced, text, flags=re.DOTALL)
