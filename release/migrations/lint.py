"""The linter: what in an application's migrations would make a release eventful, and what of it the files allow."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from migrator.statements import Statement
from release.errors import LintRefused
from release.migrations import changes, own_rules, rules
from release.migrations.folder import Allowed
from release.migrations.own_rules import Known, Mistake
from release.migrations.revisions import Revision
from release.migrations.rules import BOTH, RULES, Rule
from release.migrations.script import Script
from release.migrations.squawk import Squawked
from release.migrations.used import Use

Granted = Mapping[str, Mapping[str, str]]
"""What release.toml allows: a revision -> a rule -> the reason."""

_ALLOW = re.compile(
    r"^[ \t]*(?:--|#)[ \t]*allow[ \t]*:[ \t]*(?P<rule>[a-z-]+)[ \t]*(?::[ \t]*(?P<reason>.*?))?[ \t]*$",
    re.MULTILINE,
)
_SILENCED = re.compile(r"(?:--|/\*|#)\s*squawk-ignore")

_CONSTRAINTS = frozenset(
    {"adding-foreign-key-constraint", "disallowed-unique-constraint", "adding-serial-primary-key-field"}
)

_NOT_ALLOWABLE = frozenset({"squawk-ignore"})


@dataclass(frozen=True)
class Finding:
    """A mistake in a revision: the file and line, the rule, the statement's beginning, why it hurts, the safe way."""

    file: str
    line: int
    rule: str
    statement: str
    why: str
    safe: str

    def __str__(self) -> str:
        told = [f"{self.file}:{self.line} {self.rule}", f"  {self.statement}"]
        for label, text in (("why", self.why), ("safe", self.safe)):
            if text:
                lines = textwrap.wrap(text, 96, break_on_hyphens=False)
                told += [f"  {label + ':':<6}{lines[0]}", *(f"        {line}" for line in lines[1:])]
        return "\n".join(told)


@dataclass(frozen=True)
class Report:
    """What was found and stops a build, and what was found and is allowed with a reason."""

    findings: tuple[Finding, ...] = ()
    allowed: tuple[Allowed, ...] = field(default=())

    def refuse(self) -> None:
        """Raise BundleError where there is a finding."""
        if not self.findings:
            return
        count, rule = len(self.findings), self.findings[0].rule
        raise LintRefused(
            f"{count} finding{'s' if count > 1 else ''} in the migrations: people would notice",
            expected="migrations that the release that serves now can live with, and that make nobody wait",
            seen="\n".join(str(finding) for finding in self.findings),
            state="nothing was built, no database was touched",
            next=f"change the file; or, knowing better, write into it  -- allow: {rule}: why it is safe here",
        )


def lint(
    scripts: Sequence[Script],
    squawked: Sequence[Squawked],
    used: Sequence[Use] = (),
    granted: Granted = MappingProxyType({}),
) -> Report:
    """Judge revisions in the order in which they are applied.

    `squawked` is what squawk found in them, `used` what contracts drop and the code still names. What one
    statement does is told once, in our own words where there are some.
    """
    known = Known()
    found: list[tuple[Revision, Finding]] = []
    for script in scripts:
        theirs = [each for each in squawked if each.script is script]
        found += [(script.revision, finding) for finding in _in_script(script, theirs, known)]
        found += [(script.revision, _still_used(each)) for each in used if each.script is script]
    findings: list[Finding] = []
    allowed: dict[tuple[str, str], Allowed] = {}
    for revision, finding in found:
        reason = _reasons(revision, granted).get(finding.rule)
        if reason and finding.rule not in _NOT_ALLOWABLE:
            allowed[revision.file, finding.rule] = Allowed(finding.rule, reason, revision.file)
        elif reason == "":
            findings.append(replace(finding, why=f"{finding.why} (the file allows it, but without a reason)"))
        else:
            findings.append(finding)
    return Report(tuple(findings), tuple(allowed.values()))


def _in_script(script: Script, theirs: Sequence[Squawked], known: Known) -> Iterator[Finding]:
    revision = script.revision
    fresh = own_rules.fresh_tables(script.statements)
    held = list(own_rules.held(script.statements, fresh)) if revision.kind in BOTH else []
    for number, line in enumerate(revision.text.splitlines(), start=1):
        if _SILENCED.search(line):
            yield _finding(revision, number, line.strip(), Mistake("squawk-ignore"), RULES["squawk-ignore"])
    opaque = revision.python and revision.kind == "backfill"
    if not script.statements and not opaque:
        yield _finding(revision, 1, "no statement", Mistake("empty"), RULES["empty"])
    for statement in script.statements[1:] if revision.kind == "backfill" else ():
        yield _finding(
            revision, statement.line, statement.summary, Mistake("no-backfill"), RULES["no-backfill"]
        )
    for statement in script.statements:
        told: set[str] = set()
        ours = [
            *own_rules.mistakes(statement, revision.kind, known),
            *(mistake for place, mistake in held if place is statement),
        ]
        for each in _telling(theirs, statement):
            mistake = Mistake(each.rule, changes.table(statement), _column(statement, each.rule))
            rule = rules.rule(each.rule, each.why, each.safe)
            if each.rule not in told and _holds(rule, mistake, revision, fresh):
                told.add(each.rule)
                yield _finding(revision, each.line, statement.summary, mistake, rule)
        for mistake in ours:
            if not _said(mistake.rule, told) and _holds(RULES[mistake.rule], mistake, revision, fresh):
                told.add(mistake.rule)
                yield _finding(revision, statement.line, statement.summary, mistake, RULES[mistake.rule])
        known.learn(statement)


def _telling(theirs: Sequence[Squawked], statement: Statement) -> list[Squawked]:
    """Squawk's findings in a statement, without a general one beside another that says which constraint it is."""
    found = [each for each in theirs if each.statement is statement]
    exact = any(each.rule in _CONSTRAINTS for each in found)
    return [each for each in found if not (exact and each.rule == "constraint-missing-not-valid")]


def _still_used(use: Use) -> Finding:
    rule, revision = RULES["still-used"], use.script.revision
    line, told = use.statement.line, use.statement.summary
    return Finding(revision.file, line, "still-used", told, f"{rule.why} ({use})", rule.safe)


def _said(rule: str, told: set[str]) -> bool:
    """Whether squawk has found the same already."""
    if rule == "drop-in-expand":
        return any(name.startswith("ban-drop-") for name in told)
    return rule in told or (rule == "truncate" and "ban-truncate-cascade" in told)


def _holds(rule: Rule, mistake: Mistake, revision: Revision, fresh: frozenset[str]) -> bool:
    return revision.kind in rule.kinds and (rule.fresh or not mistake.table or mistake.table not in fresh)


def _finding(revision: Revision, line: int, statement: str, mistake: Mistake, rule: Rule) -> Finding:
    names = {"table": mistake.table or "the table", "column": mistake.column or "the column"}
    return Finding(
        revision.file, line, mistake.rule, statement, _filled(rule.why, names), _filled(rule.safe, names)
    )


def _filled(text: str, names: Mapping[str, str]) -> str:
    for key, value in names.items():
        text = text.replace("{" + key + "}", value)
    return text


def _column(statement: Statement, rule: str) -> str:
    """The column that a rule of squawk is about: of the first action that can be meant."""
    wanted = {
        "ban-drop-column": "DROP", "ban-drop-default": "ALTER", "ban-drop-not-null": "ALTER",
        "adding-required-field": "ADD", "adding-field-with-default": "ADD", "changing-column-type": "ALTER",
    }  # fmt: skip
    first = wanted.get(rule, "")
    return next((each.column for each in changes.actions(statement) if first and each.starts(first)), "")


def _reasons(revision: Revision, granted: Granted) -> dict[str, str]:
    """What is allowed in this file, and why; an exception without a reason is none."""
    own = {found["rule"]: found["reason"] or "" for found in _ALLOW.finditer(revision.text)}
    return {**own, **granted.get(revision.revision, {})}
