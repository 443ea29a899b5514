"""`release preview` as a command: one comment whatever becomes of each stack, and an exit status that tells."""

from __future__ import annotations

import json
from typing import Any

from release.errors import ReleaseFrozen
from release.ledger import Ledger, promote
from release.model import freeze
from tests.unit.release.cli.conftest import World
from tests.unit.release.releases import manifest

AT = "2026-11-23T11:00:00Z"
MARKER = "<!-- uneventful:preview -->"


def play(world: World, stack: str, *diagnostics: dict[str, str], status: int = 0, **more: Any) -> None:
    """Let `pulumi preview` of the stack say this."""
    told = {"steps": [], "changeSummary": {"same": 3}, "diagnostics": list(diagnostics), **more}
    (world.engine / f"preview-{stack}.json").write_text(json.dumps({"status": status, "told": told}))


def begin(world: World) -> Ledger:
    """Version 1 is live, and version 2 built on this machine and not published."""
    ledger = promote(Ledger(), freeze(manifest("1"), {}), 1, AT)
    state = world.state(ledger)
    world.begin(state)
    (world.engine / "state-dev.json").write_text(json.dumps(state))
    (world.folder / "project" / "Pulumi.dev.yaml").write_text(
        'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["123456789012"]\n'
    )
    return ledger


def plan_of(world: World, version: str) -> str:
    """What the program will show of it."""
    from datetime import UTC, datetime

    from infra.running import Rollout
    from release.ledger import Terms
    from release.plan import make_plan, render

    state = json.loads((world.engine / "state-dev.json").read_text())
    ledger = Ledger.parse(state["deployment"]["resources"][0]["outputs"]["ledger"])
    wanted = freeze(world.build(version).manifest, {})
    terms = Terms(datetime.now(UTC), 86400, Rollout().bake)
    return render(make_plan(ledger, wanted, 1, 2, terms=terms))


def test_a_version_that_is_not_published_is_previewed_with_its_way_back_and_time(world: World) -> None:
    begin(world)
    play(world, "dev", {"severity": "info", "message": plan_of(world, "2")})
    status, out, error = world.run("preview", "--stack", "dev", "--version", "2", "--json")
    assert status == 0, error
    (told,) = json.loads(out)["environments"]
    assert told["outcome"] == "ready"
    assert told["warnings"] == []
    assert told["planned"]["known"]
    assert told["planned"]["rollbackAfter"].startswith("seconds: version 1")
    assert told["estimate"]["basis"] == "settings"
    (asked,) = json.loads((world.engine / "previews.json").read_text())
    assert 'uneventful:release: "2"' in asked["configuration"].replace(
        '"uneventful:release"', "uneventful:release"
    )
    assert asked["unpublished"].endswith(".json")
    assert world.store.versions() == ()


def test_several_stacks_are_one_comment_also_where_one_cannot_be_looked_at(world: World) -> None:
    begin(world)
    play(world, "dev", {"severity": "info", "message": "plan: nothing to release, it stays live"})
    frozen = ReleaseFrozen("nothing is released in production now", next="wait")
    play(world, "production", {"severity": "error", "message": f"error: {frozen}"}, status=1)
    status, out, error = world.run(
        *("preview", "--markdown", "--stack", "dev", "--stack", "staging", "--stack", "production")
    )
    assert status == 1
    assert "staging, production" in error
    assert out.startswith(f"{MARKER}\n")
    assert out.count(MARKER) == 1
    assert out.index("### `dev`") < out.index("### `staging`") < out.index("### `production`")
    assert "| `staging` | **could not be previewed** |" in out
    assert "| `production` | **would be refused** |" in out
    assert f"```text\n{frozen}\n```" in out


def test_no_secret_of_the_environment_or_of_a_complaint_is_told(world: World) -> None:
    begin(world)
    world.environment["PULUMI_CONFIG_PASSPHRASE"] = "correct horse battery"
    complaint = "error: login failed with correct horse battery, password=hunter2hunter2"
    play(world, "dev", {"severity": "error", "message": complaint}, status=1)
    for form in ("--markdown", "--json", "--all"):
        status, out, error = world.run("preview", "--stack", "dev", form)
        assert status == 1
        assert "login failed" in out
        assert "correct horse" not in out + error
        assert "hunter2" not in out + error


def test_a_bundle_that_is_not_in_the_folder_is_refused_before_anything_is_asked(world: World) -> None:
    begin(world)
    (world.folder / "empty").mkdir()
    status, _, error = world.run("preview", "--stack", "dev", "--bundle", str(world.folder / "empty"))
    assert status == 1
    assert "which bundle?" in error
    assert not (world.engine / "previews.json").exists()
