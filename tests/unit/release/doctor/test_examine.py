from __future__ import annotations

import threading
import time

from release.aws import Refused
from release.doctor.examine import Check, Once, examine
from release.doctor.finding import Finding, NotLooked, bad, healthy, ok, warn
from release.errors import CommandRefused


def fail(error: Exception) -> Finding:
    raise error


def test_one_that_fails_and_one_that_never_answers_keep_no_other_one_from_being_told() -> None:
    forever = threading.Event()
    began = time.monotonic()

    findings = examine(
        [
            Check("broken", lambda: fail(ZeroDivisionError("by zero"))),
            Check("silent", lambda: ok("silent", str(forever.wait())), limit=0.2),
            Check("fine", lambda: ok("fine", "as it should be")),
        ]
    )
    forever.set()

    assert time.monotonic() - began < 5
    assert [(each.level, each.check) for each in findings] == [
        ("not looked", "broken"),
        ("not looked", "silent"),
        ("ok", "fine"),
    ]
    assert "ZeroDivisionError: by zero" in findings[0].seen
    assert findings[1].seen.startswith("no answer within 0")


def test_checks_run_at_the_same_time_and_are_told_in_their_order() -> None:
    both = threading.Barrier(2, timeout=5)

    def meet(name: str) -> Finding:
        both.wait()
        return ok(name, "met")

    findings = examine([Check("first", lambda: meet("first")), Check("second", lambda: meet("second"))])

    assert [each.check for each in findings] == ["first", "second"]


def test_what_several_need_is_asked_once_and_its_error_is_everybodys() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        raise NotLooked("the stack has no state", "pulumi up --stack dev")

    once = Once(ask)
    findings = examine([Check(name, lambda: ok("state", once())) for name in ("lock", "lease")])

    assert len(asked) == 1
    assert [str(each) for each in findings] == [
        "not looked: lock: the stack has no state\n            next: pulumi up --stack dev",
        "not looked: lease: the stack has no state\n            next: pulumi up --stack dev",
    ]


def test_an_error_of_ours_is_told_with_its_next_command_and_on_one_line() -> None:
    error = CommandRefused("no such stack", seen="two\nlines", next="pulumi stack ls")

    (ours, aws) = examine(
        [
            Check("state", lambda: fail(error)),
            Check("rules", lambda: fail(Refused("list", "AccessDenied", "no"))),
        ]
    )

    assert (ours.seen, ours.next) == ("no such stack: two lines", "pulumi stack ls")
    assert aws.seen == "list: AccessDenied: no"


def test_only_a_bad_one_makes_the_whole_bad() -> None:
    doubtful = [ok("a", ""), warn("b", "", ""), Finding("not looked", "c", "")]

    assert healthy(doubtful)
    assert not healthy([*doubtful, bad("d", "", "")])
