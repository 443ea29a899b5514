"""What is otherwise in AWS than an environment's state says, as values, in words and as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from release.preview.escape import block, code, inline
from release.trail import Deed

MARKER = "<!-- uneventful:drift -->"
"""The first line of the Markdown, by which a workflow finds the issue that it opened."""

_LONGEST = 4000


class Value(BaseModel):
    """Frozen, and in JSON named as all that this command line prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Found(Value):
    """One thing that is not as it should be: `what` it is, of which AWS `service` (as policies name it, empty where it
    is no one's), and the last calls that changed it, as far as CloudTrail knows any.
    """

    what: str
    service: str = ""
    by: tuple[Deed, ...] = ()


class Report(Value):
    """One environment. `error` says why it could not be looked at; nothing of `found` is then known.

    `could` are the users and roles that may change things of a service, for those of `found` whom CloudTrail does not
    tell; `unasked` says what could not be asked about who it was.
    """

    stack: str
    found: tuple[Found, ...] = ()
    could: Mapping[str, tuple[str, ...]] = {}
    unasked: tuple[str, ...] = ()
    error: str = ""

    @property
    def mend(self) -> str:
        """The command after which AWS is as the program says."""
        return f"pulumi up --refresh --stack {self.stack}"

    @property
    def headline(self) -> str:
        if self.error:
            return f"{self.stack} could not be looked at"
        count = len(self.found)
        if not count:
            return f"{self.stack} is as its state says"
        return f"{self.stack}: {count} {'thing is' if count == 1 else 'things are'} not as the state says"


def in_words(report: Report) -> Iterator[str]:
    """The lines for a terminal; those of an error are told elsewhere."""
    yield report.headline
    for each in report.found:
        yield f"  {each.what}"
        yield from (f"    by {deed}" for deed in each.by)
    yield from (f"  {line}" for line in _who(report))
    if report.found:
        yield f"  to mend it: {report.mend}"
        yield f"  to keep it: write it into Pulumi.{report.stack}.yaml or the program, then the same command"


def as_markdown(reports: Sequence[Report]) -> str:
    """One issue's text: it begins with MARKER, and holds no value of any property."""
    return "\n".join([MARKER, *(line for report in reports for line in _section(report))]) + "\n"


def _section(report: Report) -> Iterator[str]:
    yield from (f"## {inline(report.headline)}", "")
    if report.error:
        yield from (block(report.error, _LONGEST), "")
    if not report.found:
        return
    for each in report.found:
        yield f"- {code(each.what, _LONGEST)}"
        yield from (f"  - by {code(str(deed), _LONGEST)}" for deed in each.by)
    yield ""
    for line in _who(report):
        yield from (inline(f"{line[0].upper()}{line[1:]}.", _LONGEST), "")
    yield from ("To mend it, so that AWS is again as the program says:", "")
    yield from ("```console", f"$ {report.mend}", "```", "")
    yield from (f"To keep it, write it into `Pulumi.{report.stack}.yaml` or the program first.", "")


def _who(report: Report) -> Iterator[str]:
    """Who could have, where nobody is known to have; what all this does not say is said too."""
    yield from report.unasked
    for service, names in report.could.items():
        told = ", ".join(names) or "nobody of this account"
        yield f"could have changed things of {service}, by the account's own policies alone: {told}"
    if any(each.by for each in report.found):
        yield "CloudTrail names who changed a thing last, which need not be who changed what is told here"
