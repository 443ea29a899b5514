import inspect

import release.errors
from release.errors import ShiftRefused, UneventfulError


def test_an_error_says_everything_in_lines_of_plain_text() -> None:
    error = ShiftRefused(
        "version 4 was stopped at 5 %",
        expected="at most 1.0 % errors more than version 2",
        seen="5.1 % of 812 answers",
        state="all traffic is on version 2\nnothing was lost",
        next="release status --stack dev",
    )
    assert str(error).splitlines() == [
        "version 4 was stopped at 5 %",
        "  expected: at most 1.0 % errors more than version 2",
        "  seen:     5.1 % of 812 answers",
        "  now:      all traffic is on version 2",
        "            nothing was lost",
        "  next:     release status --stack dev",
        "  runbook:  docs/runbooks/shift-refused.md",
    ]


def test_what_an_error_does_not_know_it_does_not_print() -> None:
    assert str(UneventfulError("no stack")) == "no stack"


def test_every_error_drawn_in_the_tree_exists_under_the_parent_that_it_is_drawn_under() -> None:
    tree = inspect.cleandoc(release.errors.__doc__ or "").splitlines()[2:]
    parents: list[str] = []
    for line in tree:
        name = line.lstrip(" │├└─").split()[0]
        depth = (len(line) - len(line.lstrip(" │├└─"))) // 4
        parents[depth:] = [name]
        drawn = getattr(release.errors, name)
        assert drawn.__mro__[1].__name__ == (parents[depth - 1] if depth else "Exception")
    classes = [value for value in vars(release.errors).values() if isinstance(value, type)]
    assert len(classes) == len(tree)
