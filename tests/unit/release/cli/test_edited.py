"""A number in a stack's file is changed, and everything else of the file stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from release.cli.edited import edited
from release.errors import SettingsError
from tests.program.recording import ROOT, STACKS

WEB, WORKER = ("config", "uneventful:web"), ("config", "uneventful:workers", "worker")
TWO_TO_SIX = {"min": 2, "max": 6}


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (
            WEB,
            "config:\n  uneventful:web: # why\n    instance: t3 # small\n    min: 1 # one\n    max: 4\n  # end\n",
            "config:\n  uneventful:web: # why\n    instance: t3 # small\n    min: 2 # one\n    max: 6\n  # end\n",
        ),
        (
            WEB,
            "config:\n  uneventful:web:\n    instance: t3 # small\n  # next\n  a:b: 1\n",
            "config:\n  uneventful:web:\n    instance: t3 # small\n    min: 2\n    max: 6\n  # next\n  a:b: 1\n",
        ),
        (
            WEB,
            "config:\n  uneventful:web: {instance: t3, max: '4'} # c\n",
            "config:\n  uneventful:web: {instance: t3, max: 6, min: 2} # c\n",
        ),
        (WEB, "config:\n  uneventful:web: {}\n", "config:\n  uneventful:web: {min: 2, max: 6}\n"),
        (WEB, "config:\n  uneventful:web: # none\n", "config:\n  uneventful:web: {min: 2, max: 6} # none\n"),
        (WEB, "config:\n  uneventful:web: ~\n", "config:\n  uneventful:web: {min: 2, max: 6}\n"),
        (
            WEB,
            "config:\n  a:b: 1 # c\n# end",
            "config:\n  a:b: 1 # c\n  uneventful:web: {min: 2, max: 6}\n# end",
        ),
        (WEB, "config:\n  a:b: 1", "config:\n  a:b: 1\n  uneventful:web: {min: 2, max: 6}\n"),
        (
            WEB,
            "config:\r\n  a:b: 1\r\n",
            "config:\r\n  a:b: 1\r\n  uneventful:web: {min: 2, max: 6}\r\n",
        ),
        (
            WEB,
            "config:\n  a:b: |\n    text\n\n    more\nsalt: x\n",
            "config:\n  a:b: |\n    text\n\n    more\n  uneventful:web: {min: 2, max: 6}\nsalt: x\n",
        ),
        (
            WORKER,
            "config:\n  uneventful:workers:\n    mailer: {min: 1}\n",
            "config:\n  uneventful:workers:\n    mailer: {min: 1}\n    worker: {min: 2, max: 6}\n",
        ),
        (
            WORKER,
            "config:\n  uneventful:workers: {mailer: {min: 1},\n    worker: {backlog: 3}, # c\n  }\n",
            "config:\n  uneventful:workers: {mailer: {min: 1},\n    worker: {backlog: 3, min: 2, max: 6}, # c\n  }\n",
        ),
        (
            WORKER,
            "config:\n  a:b: 1\n",
            "config:\n  a:b: 1\n  uneventful:workers: {worker: {min: 2, max: 6}}\n",
        ),
        (WORKER, "config: {}\n", "config: {uneventful:workers: {worker: {min: 2, max: 6}}}\n"),
    ],
)
def test_only_the_numbers_change(path: tuple[str, ...], before: str, after: str) -> None:
    assert edited(before, path, TWO_TO_SIX) == after
    assert edited(after, path, TWO_TO_SIX) == after


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  a:b: &a {min: 1, max: 4}\n  uneventful:web: *a\n",
        "config:\n  uneventful:web: {min: 1, max: 4}\n  uneventful:web: {min: 2, max: 4}\n",
        "config:\n  uneventful:web: {min: &m 1, max: *m}\n",
        "config: [1]\n",
        "- 1\n",
        "",
        "config: {",
    ],
)
def test_a_file_that_only_a_person_can_change_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        edited(text, WEB, {"min": 3})


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("path", [WEB, WORKER, ("config", "uneventful:workers", "mailer")])
def test_in_the_projects_own_files_other_lines_stay(stack: str, path: tuple[str, ...]) -> None:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    changed = edited(text, path, {"min": 33, "max": 44})
    before, after = text.splitlines(), changed.splitlines()
    kept = [line for line in before if line in after]
    assert len(before) - len(kept) <= 2
    assert [line for line in after if line in before] == kept


WORDS = st.from_regex(r"\A[a-z][a-z:]{0,6}[a-z]\Z")
COMMENTS = st.sampled_from(["", " # a: {b", "  #", " # 'x"])


@st.composite
def mappings(draw: Any, depth: int = 2, indent: str = "") -> str:
    """A mapping in rows, with comments, blank rows, texts and braces."""
    rows = []
    for name in draw(st.lists(WORDS, min_size=1, max_size=4, unique=True)):
        kind = draw(st.sampled_from(["plain", "quoted", "braces", "block", "list", *(["rows"] * depth)]))
        rows += draw(st.lists(st.sampled_from(["", f"{indent}# c", "# d: {"]), max_size=2))
        comment = draw(COMMENTS)
        if kind == "rows":
            inner = draw(mappings(depth - 1, indent + "  "))
            rows += [f"{indent}{name}:{comment}", *inner.split("\n")]
        elif kind == "block":
            rows += [f"{indent}{name}: |", f"{indent}   text # no", "", f"{indent}   more"]
        elif kind == "list":
            rows += [f"{indent}{name}:{comment}", f"{indent}- 1{comment}", f"{indent}- {{a: b}}"]
        else:
            value = {"plain": "007", "quoted": "'a: {b'", "braces": "{c: d, e: [1, {f: '}'}]}"}[kind]
            rows.append(f"{indent}{name}: {value}{comment}")
    return "\n".join(rows)


@given(mappings(), st.sampled_from(["\n", "\r\n"]), st.data())
def test_any_file_keeps_every_other_letter(body: str, line_end: str, data: st.DataObject) -> None:
    text = f"{body}\n".replace("\n", line_end)
    before = yaml.load(text, Loader=yaml.BaseLoader)
    names = data.draw(
        st.lists(st.sampled_from([*before, "new", "other"]), min_size=1, max_size=2, unique=True)
    )
    held: Any = before
    for name in names:
        held = held.get(name, {}) if isinstance(held, dict) else held
    assume(isinstance(held, dict))
    changed = edited(text, names, {"least": 5})
    inner: Any = before
    for name in names:
        if not isinstance(inner.get(name), dict):
            inner[name] = {}
        inner = inner[name]
    inner["least"] = "5"
    assert yaml.load(changed, Loader=yaml.BaseLoader) == before
    # One piece has come in, and nothing is gone.
    begin = next(n for n, letter in enumerate(changed) if text[n : n + 1] != letter)
    assert any(changed.endswith(text[at:]) for at in range(max(0, begin - 2), begin + 1))
