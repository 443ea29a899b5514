"""What is read out of Pulumi's printed progress."""

from __future__ import annotations

from bench.printed import Line, Spent, section, spent


def printed(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(float(at), text) for at, text in enumerate(texts))


def test_a_resources_time_is_from_its_first_line_to_the_one_that_says_it_is_done() -> None:
    lines = printed(
        "Updating (dev):",
        " +  aws:rds:Instance database creating (0s) ",
        " +  aws:ec2:Vpc vpc creating (0s) a message that is not the end: created (9s)",
        "@ updating....",
        " +  aws:ec2:Vpc vpc created (1s) ",
        " +  aws:rds:Instance database creating (60s) still",
        " +  aws:rds:Instance database created (1m2s) ",
    )
    assert spent(lines) == (
        Spent("aws:ec2:Vpc", "vpc", 2, 4),
        Spent("aws:rds:Instance", "database", 1, 6),
    )


def test_updates_replacements_and_deletions_count_and_what_never_ended_does_not() -> None:
    lines = printed(
        " ~  uneventful:index:TrafficShift shift updating (0s) [diff: +wanted]",
        " ++ aws:ec2:LaunchTemplate web creating replacement (0s) ",
        " -  aws:sqs:Queue jobs deleting (0s) ",
        " ~  uneventful:index:TrafficShift shift updated (12s) [diff: +wanted]",
        " ++ aws:ec2:LaunchTemplate web created replacement (0.12s) ",
        " -- aws:sqs:Queue unseen deleted original (0.1s)",
    )
    assert [one.name for one in spent(lines)] == ["shift", "web"]


def test_a_section_has_the_lines_of_its_own_command_alone() -> None:
    lines = printed(
        "preflight: fine",
        "[   4.5 s] $ pulumi stack select --create dev",
        "one",
        "[   5.0 s] $ pulumi up --yes",
        "two",
        "$ not announced by us",
        "[ 104.5 s] $ release deploy 1",
        "three",
    )
    assert [line.text for line in section(lines, "pulumi up")] == ["two", "$ not announced by us"]
    assert [line.text for line in section(lines, "release deploy")] == ["three"]
    assert section(lines, "pulumi destroy") == ()
