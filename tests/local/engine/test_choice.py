"""Which `pulumi` would be taken, given facts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from localcloud.engine.choice import (
    Facts,
    Go,
    Installed,
    Network,
    Source,
    Way,
    choose,
    choose_plugins,
)
from localcloud.engine.errors import NoEngine
from localcloud.engine.versions import CLI, Plugin, Version, is_recent_enough, parse

BIN = Path("/somewhere/bin")
RECENT = Installed(BIN, CLI, language_host=True)
NOTHING = Facts(None, None, None, Network(False, "no such host"), Go(None, "there is no `go` on PATH"))
ALL = Facts(RECENT, RECENT, RECENT, Network(True, "it answers"), Go((1, 26), "Go 1.26.0 is on PATH"))


def test_ways_are_tried_in_the_promised_order() -> None:
    assert choose(ALL).way is Way.PATH
    without_path = replace(ALL, on_path=None)
    assert choose(without_path).way is Way.DOWNLOADED
    assert choose(replace(without_path, downloaded=None)).way is Way.DOWNLOAD
    offline = replace(without_path, downloaded=None, network=NOTHING.network)
    assert choose(offline).way is Way.BUILT
    assert choose(replace(offline, built=None)).way is Way.BUILD


def test_each_way_that_was_passed_over_has_its_reason() -> None:
    passed_over = choose(replace(NOTHING, go=ALL.go)).passed_over
    assert passed_over == ("pulumi on PATH: there is none", "official installer: no such host")


@pytest.mark.parametrize(
    ("on_path", "reason"),
    [
        (replace(RECENT, version=Version(3, 258, 9)), "3.258.9"),
        (replace(RECENT, version=Version(4, 0, 0)), "4.0.0"),
        (replace(RECENT, version=Version(CLI.major, CLI.minor, CLI.patch, "beta.1")), "beta.1"),
        (replace(RECENT, version=None), "does not tell its version"),
        (replace(RECENT, language_host=False), "pulumi-language-python"),
    ],
)
def test_a_pulumi_on_path_that_would_not_work_is_passed_over_by_name(on_path: Installed, reason: str) -> None:
    chosen = choose(replace(ALL, on_path=on_path))
    assert chosen.way is Way.DOWNLOADED
    assert reason in chosen.passed_over[0]
    assert str(BIN) in chosen.passed_over[0]


@pytest.mark.parametrize("go", [Go(None, "there is no `go` on PATH"), Go((1, 25), "Go 1.25.9 is on PATH")])
def test_without_any_way_the_error_has_the_reason_against_each(go: Go) -> None:
    with pytest.raises(NoEngine) as refused:
        choose(replace(NOTHING, go=go))
    for reason in ("pulumi on PATH: there is none", "no such host", go.seen, "1.26", "https://go.dev/dl/"):
        assert reason in str(refused.value)


def test_versions_sort_as_numbers_and_a_prerelease_before_its_release() -> None:
    texts = ["v3.9.0", "3.10.0-alpha.1", "3.10.0-beta", "v3.10.0", "3.100.0", "4.0.0"]
    versions = [parse(text) for text in texts]
    assert None not in versions
    assert sorted(versions, key=lambda version: version or CLI) == versions


@pytest.mark.parametrize("text", ["", "pulumi", "3.259", "go1.26", "dev"])
def test_what_is_no_version_is_not_taken_for_one(text: str) -> None:
    assert parse(text) is None


def test_a_version_is_found_in_what_the_command_prints() -> None:
    assert parse("v3.259.0\n") == Version(3, 259, 0)
    assert parse("warning: x\nv3.300.1-alpha.5+abc\n") == Version(3, 300, 1, "alpha.5")


def test_only_the_tried_major_version_is_recent_enough() -> None:
    assert is_recent_enough(Version(3, 10, 1), oldest=Version(3, 9, 9))
    assert not is_recent_enough(Version(3, 10, 0, "rc.1"), oldest=Version(3, 10, 0))
    assert not is_recent_enough(Version(5, 0, 0), oldest=Version(3, 9, 9))


AWS, COMMAND = Plugin("aws", "7.51.1"), Plugin("command", "1.2.1")


@pytest.mark.parametrize(
    ("installed", "reachable", "source"),
    [
        ({AWS, COMMAND}, False, Source.OFFICIAL),
        (set(), True, Source.OFFICIAL),
        ({AWS}, True, Source.OFFICIAL),
        ({AWS}, False, Source.STAND_INS),
        ({Plugin("aws", "7.51.0"), COMMAND}, False, Source.STAND_INS),
    ],
)
def test_plugins_are_all_official_or_all_stand_ins(
    installed: set[Plugin], reachable: bool, source: Source
) -> None:
    chosen = choose_plugins((AWS, COMMAND), frozenset(installed), Network(reachable, "seen"))
    assert chosen.source is source


def test_the_reason_for_stand_ins_names_what_is_missing_and_what_was_seen() -> None:
    because = choose_plugins((AWS, COMMAND), frozenset({AWS}), Network(False, "no such host")).because
    assert "command 1.2.1" in because
    assert "aws" not in because
    assert "no such host" in because
