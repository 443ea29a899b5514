"""Whoever reads an error at night finds the page that it names, and each page belongs to something that is printed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

import infra.errors
import migrator.errors
import release.errors
from tests.unit.docs.typed import ROOT, fenced

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
NODES = [
    (part, node)
    for part in ("infra", "release", "migrator", "setup", "localcloud")
    for path in (ROOT / part).rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call | ast.Constant)
]
"""All calls and constants of the product."""

BASES = (release.errors.UneventfulError, infra.errors.EnvironmentRefused, migrator.errors.MigratorError)


def _below(base: type[Exception]) -> Iterator[type[Exception]]:
    for child in base.__subclasses__():
        yield child
        yield from _below(child)


CLASSES = [each for base in BASES for each in _below(base)]


def test_an_error_ends_with_the_page_that_tells_more() -> None:
    told = {
        release.errors.LeaseHeld("held", next="wait"): "lease-held",
        migrator.errors.Gap("a gap"): "migration-gap",
        infra.errors.ZonesError("few"): "zones",
    }
    for error, page in told.items():
        assert str(error).splitlines()[-1] == f"  runbook:  docs/runbooks/{page}.md"


@pytest.mark.parametrize("base", BASES)
def test_each_class_has_a_page_of_its_own_or_is_never_made(base: type[Exception]) -> None:
    made = {
        node.func.id
        for part, node in NODES
        if part != "localcloud" and isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    pages = [each.runbook for each in _below(base) if each.runbook]
    assert len(pages) == len(set(pages))
    assert not [each.__name__ for each in (base, *_below(base)) if not each.runbook and each.__name__ in made]


def test_every_page_that_is_named_exists_and_every_page_is_named() -> None:
    named = {
        node.value.removeprefix("docs/runbooks/").removesuffix(".md")
        for _, node in NODES
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert named >= PAGES, f"nothing prints {sorted(PAGES - named)}"
    wanted = {each.runbook for each in CLASSES if each.runbook} | set(_alarms())
    assert wanted <= PAGES, f"no page {sorted(wanted - PAGES)}"


def _alarms() -> Iterator[str]:
    for file in ("infra/alarms.py", "release/alarms.py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.Constant) and str(node.value).startswith("alarm-"):
                yield str(node.value)


def test_every_alarm_names_a_page() -> None:
    assert len(set(_alarms())) == 10
    source = (ROOT / "infra" / "alarms.py").read_text()
    assert source.count("yield Alarm(") == source.count('runbook="alarm-')


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_says_what_is_true_now_and_what_to_do(page: str) -> None:
    text = (RUNBOOKS / f"{page}.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "**Traffic and data:** " in text
    assert "\n## Do\n\n1. " in text
    assert len(text.split()) < 400
    assert fenced(RUNBOOKS / f"{page}.md") or "## Look" not in text
