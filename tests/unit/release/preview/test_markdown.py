"""The comment: what is said of each environment, in which order, and that it is one comment whatever is in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from release.preview.budget import LIMIT, Section, fit
from release.preview.markdown import MARKER, render
from release.preview.preview import (
    Changes,
    Differences,
    Estimate,
    Preview,
    Rehearsal,
    Resource,
    Row,
    Schedules,
    Step,
)
from tests.unit.release.preview.previews import PREVIEWS, environment, planned

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
DATABASE = Resource(
    operation="replace",
    kind="aws:rds/instance:Instance",
    name="database",
    because=("dbName",),
    loses="the database with all of its data",
)


def test_a_comment_reads_like_this() -> None:
    release = planned(
        migrations=(Step(revision="0005", kind="expand", allowed=("table-rewrite: it is empty",)),),
        schedules=Schedules(added=("nightly: cron(0 3 * * ? *), runs tidy",)),
    )
    dev = environment(planned=release, rehearsal=Rehearsal(passed=True, told="0005.sql:1  1 ms  ALTER TABLE"))
    production = environment("production", outcome="refused", error="frozen\n  next: wait", planned=None)
    differences = Differences(
        first="staging", second="production", rows=(Row(key="web.min", first="2", second="4"),), identical=58
    )
    preview = Preview(environments=(dev, production), differences=differences, wanted="2")
    assert render(preview) == (
        """\
<!-- uneventful:preview -->
## Release preview of version `2`

| environment | release | time | resources |
|---|---|---|---|
| `dev` | version 1 (aaaaaaaa) → version 2 (bbbbbbbb) | about 2 min | 1 create, 150 unchanged |
| `production` | **would be refused** | about 2 min | – |

### `dev`

**release from version 1 (aaaaaaaa) to version 2 (bbbbbbbb)**

1. a fleet boots
2. traffic moves by steps

- **Time:** about 2 min, by history: the median of the latest 3 here
- **Migrations:** 1; linted when the bundle was built: 1 finding allowed, for a reason
  - `0005` (expand); allowed: table-rewrite: it is empty
- **Schedules:**
  - added: nightly: cron(0 3 &#42; &#42; ? &#42;), runs tidy
- **Rolling back now:** to version 0 (00000000): instant until 2026-11-23T12:00:00Z, 30 min more
- **Rolling back afterwards:** seconds: version 1 (aaaaaaaa) stays warm for 60 min
- **Leaves the rollback window:**
  - version 0 (00000000): drained once the traffic has moved

<details><summary>The rehearsal of the migrations went well</summary>

```text
0005.sql:1  1 ms  ALTER TABLE
```

</details>

<details><summary>Resources: 1 create, 150 unchanged</summary>

- create: 1 `aws:lb/targetGroup:TargetGroup`

</details>

### `production`

**would be refused**, and this is why:

```text
frozen
  next: wait
```

<details><summary>staging and production differ in 1 setting, and are alike in 58</summary>

| setting | staging | production |
|---|---|---|
| `web.min` | `2` | `4` |

</details>
"""
    )


def test_what_cannot_be_had_back_stands_above_all_folds_and_every_plan() -> None:
    told = render(
        Preview(
            environments=(environment(), environment("production", changes=Changes(resources=(DATABASE,))))
        )
    )
    callout = told.index("[!CAUTION]")
    assert callout < told.index("<details>")
    assert callout < told.index("### `dev`")
    assert "`production` loses" in told
    assert "replace `aws:rds/instance:Instance database`: the database with all of its data" in told
    assert "(`dbName`)" in told


def test_a_rehearsal_that_failed_is_not_folded_away() -> None:
    failed = environment(rehearsal=Rehearsal(passed=False, told="0005.sql:4 cannot be applied"))
    told = render(Preview(environments=(failed,)))
    assert "**the rehearsal failed**" in told.partition("###")[0]
    assert told.index("cannot be applied") < told.index("<details>")


def test_a_rehearsal_that_nobody_ran_says_how_to_run_it() -> None:
    skipped = Rehearsal(
        passed=None, told="no PostgreSQL to rehearse on", next="release rehearse DIR --before 1"
    )
    told = render(Preview(environments=(environment(rehearsal=skipped),)))
    assert "not run, no PostgreSQL to rehearse on. To run it: `release rehearse DIR --before 1`" in told


def test_an_estimate_says_where_it_comes_from() -> None:
    guess = Estimate(seconds=900, basis="settings", parts=("15 min watching 5 steps",))
    told = render(Preview(environments=(environment(estimate=guess),)))
    assert "at least 15 min, by the settings: 15 min watching 5 steps" in told


@settings(max_examples=30)
@given(PREVIEWS)
def test_whatever_it_holds_it_is_one_comment_with_its_own_structure(preview: Preview) -> None:
    told = render(preview)
    assert told.startswith(f"{MARKER}\n")
    tokens = PARSER.parse(told)
    html = [token.content for token in tokens if token.type == "html_block"]
    html += [
        child.content for token in tokens for child in token.children or () if child.type == "html_inline"
    ]
    for each in html:
        assert re.fullmatch(
            rf"{re.escape(MARKER)}\n|<details><summary>[^<>]*</summary>\n|</details>\n?", each
        ), each
    assert sum("<details>" in each for each in html) == sum("</details>" in each for each in html)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {"link_open", "image", "s_open"} & {child.type for child in inline}
    assert not any(re.search(r"[@#]\w", child.content) for child in inline if child.type != "code_inline")
    assert sum(token.type == "heading_open" for token in tokens) == 1 + len(preview.environments)


@settings(max_examples=20)
@given(PREVIEWS)
def test_json_tells_the_same_preview(preview: Preview) -> None:
    assert Preview.model_validate_json(preview.model_dump_json(by_alias=True)) == preview


@pytest.mark.parametrize("letter", ["x", "y\n", "|", "\U0001f600"])
def test_a_comment_is_never_longer_than_github_takes_and_keeps_what_matters_most(letter: str) -> None:
    many = tuple(
        environment(
            f"stack-{number}",
            outcome="refused" if number == 7 else "ready",
            error="it is frozen\n" + letter * 40_000 if number == 7 else "",
            warnings=(letter * 500,) * 12,
            planned=planned(steps=(letter * 5_000,) * 30),
            changes=Changes(
                counts={"replace": 301},
                resources=(
                    DATABASE,
                    *(Resource(operation="delete", kind=letter * 90, name=letter * 90),) * 300,
                ),
            ),
            rehearsal=Rehearsal(passed=True, told=letter * 30_000),
        )
        for number in range(12)
    )
    told = render(Preview(environments=many))
    assert len(told.encode("utf-16-le")) // 2 <= LIMIT
    assert "it is frozen" in told
    assert all(f"`stack-{number}` loses" in told for number in range(12))
    assert "There was no room for" in told
    assert told.count("<details>") == told.count("</details>")


def test_where_there_is_no_room_the_least_important_leaves_first() -> None:
    sections = (
        Section("a" * 100, 0, "a"),
        Section("b" * 100, 9, "b", "b in short"),
        Section("c" * 100, 1, "c"),
    )
    told = fit(sections, 290)
    assert "a" * 100 in told
    assert "c" * 100 in told
    assert "b in short" in told
    assert "b" * 100 not in told
    assert told.endswith("_There was no room for: b._")


def test_more_stacks_than_a_comment_can_hold_still_give_a_comment() -> None:
    told = render(Preview(environments=tuple(environment("x" * 200) for _ in range(2_000))))
    assert told.startswith(MARKER)
    assert len(told) <= LIMIT
