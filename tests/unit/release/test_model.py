import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from release.errors import SettingsError
from release.model import RESERVED_VARIABLES, Allowed, Manifest, Migration, Process, Release, freeze
from tests.unit.release.releases import manifest, release

WEB = Process(name="web", command="run")
EXPAND = Migration(revision="0001", kind="expand", checksum="1" * 64)
ALLOWED = Allowed(revision="0001", rule="truncate", reason="nobody has used it")
SECRETS = "0" * 32
LIMITED = WEB.model_copy(update={"memory": "1G"})


def test_the_same_words_give_the_same_id_in_whatever_order_they_come() -> None:
    assert freeze(manifest("1"), {"A": "1", "B": "2"}) == freeze(manifest("1"), {"B": "2", "A": "1"})


def test_an_id_is_what_it_was_when_the_first_ledgers_were_written() -> None:
    # A constant on purpose: if this changes, every ledger that exists names releases that nobody can find.
    assert freeze(manifest("1"), {"A": "1"}).id == "84b5c642"


@given(st.dictionaries(st.from_regex(r"\A[A-Z_]{1,8}\Z"), st.text(st.characters(exclude_characters="\0"))))
def test_any_other_word_gives_another_id(variables: dict[str, str]) -> None:
    variables = {name: value for name, value in variables.items() if name not in RESERVED_VARIABLES}
    base = freeze(manifest("1"), variables)
    others = [
        freeze(manifest("2"), variables),
        freeze(manifest("1", port=9090), variables),
        freeze(manifest("1").model_copy(update={"drain_seconds": 31}), variables),
        freeze(manifest("1").model_copy(update={"health_path": "/up"}), variables),
        freeze(manifest("1").model_copy(update={"digest": "0" * 64}), variables),
        freeze(manifest("1").model_copy(update={"processes": (WEB,)}), variables),
        freeze(manifest("1").model_copy(update={"processes": (LIMITED,)}), variables),
        freeze(manifest("1").model_copy(update={"migrations": (EXPAND,)}), variables),
        freeze(manifest("1").model_copy(update={"allowed": (ALLOWED,)}), variables),
        freeze(
            manifest("1").model_copy(
                update={"migrations": (EXPAND.model_copy(update={"kind": "contract"}),)}
            ),
            variables,
        ),
        freeze(manifest("1"), variables | {"one_more": ""}),
        freeze(manifest("1"), variables, SECRETS),
    ]
    assert len({base.id, *(other.id for other in others)}) == len(others) + 1


def test_a_release_whose_words_were_changed_under_its_id_is_refused() -> None:
    words = release("1", COLOUR="blue").model_dump(mode="json")
    words["variables"]["COLOUR"] = "red"
    with pytest.raises(ValidationError, match=r"words of release .* were changed"):
        Release.model_validate(words)


@pytest.mark.parametrize("name", [*RESERVED_VARIABLES, "1A", "A B", "", "A=B", "Ä\n"])
def test_a_variable_that_no_instance_could_have_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be set") as caught:
        freeze(manifest("1"), {name: "x"})
    assert caught.value.next


@pytest.mark.parametrize("version", ["", "-1", "a/b", "id:12345678", "..", "a b", "1\n", "x" * 65])
def test_a_version_that_could_not_be_an_objects_key_is_refused(version: str) -> None:
    with pytest.raises(ValidationError):
        manifest(version)


@pytest.mark.parametrize(
    "processes",
    [(), (Process(name="worker", command="w"),), (WEB, WEB), (WEB, Process(name="a", command="x")) * 2],
)
def test_a_manifest_has_one_web_process_and_no_name_twice(processes: tuple[Process, ...]) -> None:
    with pytest.raises(ValidationError, match="expected one 'web'"):
        Manifest(version="1", digest="0" * 64, size=1, processes=processes)


def test_a_manifest_has_no_migration_twice() -> None:
    with pytest.raises(ValidationError, match="expected no revision twice"):
        Manifest.model_validate(manifest("1").model_dump() | {"migrations": [EXPAND, EXPAND]})


def test_a_release_that_was_frozen_before_there_were_migrations_and_secrets_is_read_as_it_was() -> None:
    words = release("1", COLOUR="blue").model_dump(mode="json")
    del words["secrets"], words["manifest"]["migrations"]
    assert Release.model_validate(words) == release("1", COLOUR="blue")


@pytest.mark.parametrize(
    "secrets", ["latest", "AWSCURRENT", "a" * 31, "a" * 65, "$(id)" * 8, "a" * 32 + "\n"]
)
def test_secrets_are_named_by_a_version_and_by_no_label_that_moves(secrets: str) -> None:
    with pytest.raises(ValidationError):
        freeze(manifest("1"), {}, secrets)


@pytest.mark.parametrize("command", ["", "a\nb", "a\0b"])
def test_a_command_that_would_break_a_unit_file_is_refused(command: str) -> None:
    with pytest.raises(ValidationError):
        Process(name="web", command=command)


def test_a_release_survives_the_engines_numbers_which_are_all_floats() -> None:
    words = release("1").model_dump(mode="json")
    words["manifest"] |= {"size": 1.0, "port": 8080.0, "drain_seconds": 30.0}
    assert Release.model_validate(words) == release("1")
