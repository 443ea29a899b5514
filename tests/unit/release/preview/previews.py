"""Previews for tests: the smallest words that make one, and strategies for ugly ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from release.preview.preview import (
    Changes,
    Differences,
    Environment,
    Estimate,
    Planned,
    Preview,
    Rehearsal,
    Resource,
    Row,
    Schedules,
    Step,
)


def planned(**changes: Any) -> Planned:
    told: dict[str, Any] = {
        "text": "plan: release from version 1 (aaaaaaaa) to version 2 (bbbbbbbb)\n  1. it moves",
        "known": True,
        "action": "release",
        "headline": "release from version 1 (aaaaaaaa) to version 2 (bbbbbbbb)",
        "former": "version 1 (aaaaaaaa)",
        "wanted": "version 2 (bbbbbbbb)",
        "steps": ("a fleet boots", "traffic moves by steps"),
        "rollback_before": "to version 0 (00000000): instant until 2026-11-23T12:00:00Z, 30 min more",
        "rollback_after": "seconds: version 1 (aaaaaaaa) stays warm for 60 min",
        "lost": ("version 0 (00000000): drained once the traffic has moved",),
    }
    return Planned(**{**told, **changes})


def environment(stack: str = "dev", **changes: Any) -> Environment:
    told: dict[str, Any] = {
        "stack": stack,
        "outcome": "ready",
        "planned": planned(),
        "changes": Changes(
            counts={"create": 1, "same": 150},
            resources=(
                Resource(operation="create", kind="aws:lb/targetGroup:TargetGroup", name="web-bbbbbbbb"),
            ),
        ),
        "estimate": Estimate(
            seconds=150, basis="history", releases=3, parts=("the median of the latest 3 here",)
        ),
        "seconds": 9.5,
    }
    return Environment(**{**told, **changes})


UGLY = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="`|@#<>!-[]()*_~&\\\n\r\t \"'$:./xw1", max_size=60),
    st.sampled_from(
        [
            "<!-- uneventful:preview -->",
            "</details><script>alert(1)</script>",
            "@octocat and @org/team",
            "fixes #1, GH-2, owner/repo#3",
            "a | b ||| c",
            "``` ```` `",
            "[x](javascript:alert(1)) ![y](https://evil.example/z.png)",
            "https://evil.example www.evil.example mailto:a@b.example",
            "\x1b[31mred\x1b]8;;http://evil\x07link\x1b]8;;\x07",
            "\u202egnp.exe\u2066",
            "1. one\n\n2. two\n---\n# heading\n    code",
            "$\\alpha$ :tada:",
        ]
    ),
)
"""Text that somebody may have chosen."""

_TEXTS = st.lists(UGLY, max_size=4).map(tuple)

_RESOURCES = st.builds(
    Resource,
    operation=st.sampled_from(("create", "update", "delete", "replace")) | UGLY,
    kind=UGLY,
    name=UGLY,
    because=_TEXTS,
    loses=st.just("") | UGLY,
    part=st.booleans(),
)
_PLANNED = st.builds(
    Planned,
    text=UGLY,
    known=st.booleans(),
    action=st.sampled_from(("nothing", "first", "release", "rollback", "contract")),
    headline=UGLY,
    former=UGLY,
    wanted=UGLY,
    steps=_TEXTS,
    migrations=st.lists(st.builds(Step, revision=UGLY, kind=UGLY, allowed=_TEXTS), max_size=3).map(tuple),
    schedules=st.builds(Schedules, added=_TEXTS, changed=_TEXTS, removed=_TEXTS),
    stays_warm=_TEXTS,
    lost=_TEXTS,
    rollback_before=UGLY,
    rollback_after=UGLY,
    overridden=UGLY,
)
_ENVIRONMENTS = st.builds(
    Environment,
    stack=UGLY,
    outcome=st.sampled_from(("ready", "refused", "failed")),
    error=UGLY,
    warnings=_TEXTS,
    planned=st.none() | _PLANNED,
    changes=st.builds(
        Changes,
        counts=st.dictionaries(UGLY, st.integers(0, 9), max_size=3),
        resources=st.lists(_RESOURCES, max_size=4).map(tuple),
    ),
    estimate=st.none()
    | st.builds(Estimate, seconds=st.floats(0, 1e6), basis=st.just("settings"), parts=_TEXTS),
    rehearsal=st.none()
    | st.builds(Rehearsal, passed=st.sampled_from((None, True, False)), told=UGLY, next=UGLY),
)
PREVIEWS = st.builds(
    Preview,
    environments=st.lists(_ENVIRONMENTS, min_size=1, max_size=3).map(tuple),
    differences=st.none()
    | st.builds(
        Differences,
        first=UGLY,
        second=UGLY,
        rows=st.lists(st.builds(Row, key=UGLY, first=UGLY, second=UGLY), max_size=3).map(tuple),
        warning=UGLY,
        unread=st.just("") | UGLY,
    ),
    wanted=UGLY,
)
