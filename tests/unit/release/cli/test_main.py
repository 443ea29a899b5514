import pytest

from release.ledger import Ledger
from tests.unit.release.cli.cost import cpu_seconds


@pytest.mark.parametrize(
    ("arguments", "what", "next_command"),
    [
        (["deploy", "2"], "Missing option '--stack'", "release deploy --help"),
        (["deploy", "--stack", "dev"], "Missing argument 'VERSION'", "release deploy --help"),
        (["status", "--stack", "dev", "--fast"], "No such option: --fast", "release status --help"),
        (["rollout"], "No such command 'rollout'", "release --help"),
    ],
)
def test_a_command_line_that_makes_no_sense_gets_one_line_and_the_next_command(
    world, arguments: list[str], what: str, next_command: str
) -> None:
    status, out, error = world.run(*arguments)
    assert (status, out) == (2, "")
    first, second, third = error.splitlines()
    assert first.startswith("error: ")
    assert what in first
    assert second == f"  next: {next_command}"
    assert third == "  runbook: docs/runbooks/command-line.md"


def test_outside_of_a_project_it_says_where_to_go(world) -> None:
    (world.folder / "project" / "Pulumi.yaml").unlink()
    status, _, error = world.run("status", "--stack", "dev")
    assert status == 1
    assert "this is not inside a project" in error


def test_without_the_engine_it_says_where_to_get_it(world) -> None:
    world.environment["PATH"] = "/nowhere"
    status, _, error = world.run("status", "--stack", "dev")
    assert status == 1
    assert "no `pulumi` on PATH" in error


def test_an_unknown_stack_is_told_in_the_engines_words(world) -> None:
    status, _, error = world.run("status", "--stack", "dev")
    assert status == 1
    assert "no stack named 'dev' found" in error


def test_an_environment_without_a_bucket_is_told_how_to_be_made(world) -> None:
    world.build("1")
    world.begin({"deployment": {"manifest": {}}})
    status, _, error = world.run("deploy", "1", "--stack", "dev")
    assert status == 1
    assert "pulumi up --stack dev" in error


def test_a_build_then_a_publication_end_in_the_bucket_and_a_second_one_says_so(world) -> None:
    world.begin(world.state(Ledger()))
    application = world.folder / "application"
    application.mkdir()
    (application / "Procfile").write_text("web: serve\n")
    status, out, _ = world.run("build", str(application), "--version", "1")
    assert status == 0
    assert ".uneventful/bundles/1-" in out
    assert world.run("publish", "1", "--stack", "dev")[1].startswith("version 1 published to bundles-of-dev")
    assert world.run("publish", "1", "--stack", "dev")[1] == "version 1 is in bundles-of-dev already\n"
    assert world.store.versions() == ("1",)


def test_publishing_what_was_not_built_says_how_to_build_it(world) -> None:
    world.begin(world.state(Ledger()))
    status, _, error = world.run("publish", "1", "--stack", "dev")
    assert status == 1
    assert "release build DIR --version 1" in error


def test_it_starts_in_well_under_half_a_second(world) -> None:
    assert world.run("--help")[0] == 0
    assert cpu_seconds(lambda: world.run("--help")) < 0.5
