"""What pages and terminals say alike of a preview. Pure."""

from __future__ import annotations

from release.preview.preview import Changes, Environment

_QUIET = ("same", "read", "refresh")
_FIRST = ("delete", "replace", "create", "update")


def outcome(environment: Environment) -> str:
    """What came of the preview, in a few words."""
    if environment.outcome == "refused":
        return "would be refused"
    if environment.outcome == "failed":
        return "could not be previewed"
    return "could be run" if environment.fine else "the rehearsal failed"


def in_short(environment: Environment) -> str:
    """What becomes of releases, in a line."""
    planned = environment.planned
    if planned is None:
        return outcome(environment)
    if not planned.moves:
        return planned.headline or planned.text.partition("\n")[0]
    if planned.action == "contract":
        return f"contract of {planned.wanted}"
    before = f"{planned.former} → " if planned.former else "first: "
    return f"{before}{planned.wanted}"


def operations(changes: Changes) -> str:
    """How many of each, what takes most away first."""
    told = [name for name in _FIRST if name in changes.counts]
    told += sorted(name for name in changes.counts if name not in (*_FIRST, *_QUIET))
    words = ", ".join(f"{changes.counts[name]} {name}" for name in told if changes.counts[name])
    same = changes.counts.get("same", 0)
    return ", ".join(each for each in (words, f"{same} unchanged" if same else "") if each) or "none"


def counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
