from pathlib import Path

import pytest

from release.application import EXAMPLE, Options, read_options, read_processes
from release.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Procfile").write_text("web: python3 -m shop.web\n")
    return tmp_path


def test_a_folder_without_options_has_the_defaults(folder: Path) -> None:
    assert read_options(folder) == Options(port=8080, drain_seconds=30)


def test_the_example_that_errors_show_is_itself_accepted(folder: Path) -> None:
    (folder / "release.toml").write_text(EXAMPLE)
    options = read_options(folder)
    assert (options.port, options.drain_seconds, options.health.path) == (8080, 30, "/healthz")
    assert options.build is not None


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("prot = 8080", "prot, which is no key"),
        ("[health]\nurl = '/'", "health.url, which is no key"),
        ("port = '8080'", "port = '8080'"),
        ("port = 80", "port = 80"),
        ("drain_seconds = 0", "drain_seconds = 0"),
        ("drain_seconds = true", "drain_seconds = True"),
        ("[health]\npath = 'healthz'", "health.path = 'healthz'"),
        ("[health]\npath = '/a b'", "health.path"),
        ("[build]", "build.command"),
        ("port 1", "line 1"),
        ("port = 80\nprot = 1", "port = 80"),
    ],
)
def test_options_that_cannot_be_used_are_named_and_an_example_is_shown(
    folder: Path, text: str, seen: str
) -> None:
    (folder / "release.toml").write_text(text)
    with pytest.raises(BundleError) as caught:
        read_options(folder)
    assert seen in caught.value.seen
    assert EXAMPLE in caught.value.expected


def test_all_that_is_wrong_is_said_at_once(folder: Path) -> None:
    (folder / "release.toml").write_text("port = 80\nprot = 1\n")
    with pytest.raises(BundleError) as caught:
        read_options(folder)
    assert len(caught.value.seen.splitlines()) == 2


def test_a_procfile_keeps_its_order_and_may_have_comments_and_colons_in_commands(folder: Path) -> None:
    (folder / "Procfile").write_text("# ours\n\nworker: run --at 1:2\nweb:   python3 -m shop.web  \n")
    assert [(p.name, p.command) for p in read_processes(folder)] == [
        ("worker", "run --at 1:2"),
        ("web", "python3 -m shop.web"),
    ]


def test_a_folder_without_a_procfile_is_told_what_it_holds_and_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    with pytest.raises(BundleError, match="holds no Procfile") as caught:
        read_processes(tmp_path)
    assert "app.py" in caught.value.seen
    assert "echo 'web:" in caught.value.next


def test_a_procfile_without_web_is_told_why_web_matters(folder: Path) -> None:
    (folder / "Procfile").write_text("worker: w\n")
    with pytest.raises(BundleError, match="no line that begins with 'web:'") as caught:
        read_processes(folder)
    assert "gets traffic" in caught.value.expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("web python3", "NAME: COMMAND"),
        ("web:", "NAME: COMMAND"),
        ("release: migrate", "reserved"),
        ("boot: x", "reserved"),
        ("Web: x", "lower-case"),
        ("my worker: x", "lower-case"),
        ("../x: x", "lower-case"),
        ("web: again", "a name once"),
    ],
)
def test_a_line_that_cannot_become_a_unit_is_quoted_with_its_number(
    folder: Path, line: str, expected: str
) -> None:
    (folder / "Procfile").write_text(f"web: x\n{line}\n")
    with pytest.raises(BundleError, match="line 2") as caught:
        read_processes(folder)
    assert expected in caught.value.expected
    assert caught.value.seen == line


NIGHTLY = '[[schedules]]\nname = "nightly"\ncron = "0 3 * * ? *"\nqueue = "jobs"\nmessage = "tidy"\n'


def test_schedules_are_read_with_either_cadence_and_either_target(folder: Path) -> None:
    tidy = '[[schedules]]\nname = "tidy"\nrate = "5 minutes"\ntimezone = "Europe/Berlin"\ncommand = "make tidy"\n'
    (folder / "release.toml").write_text(NIGHTLY + tidy)
    nightly, every = (each.schedule() for each in read_options(folder).schedules)
    assert str(nightly) == "cron(0 3 * * ? *), to the queue jobs: tidy"
    assert str(every) == "rate(5 minutes) in Europe/Berlin, runs make tidy"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (NIGHTLY.replace("? *", "* *"), "cron = '0 3 * * * *': exactly one of day of the month"),
        (NIGHTLY.replace('cron = "0 3 * * ? *"', 'rate = "1 minutes"'), "rate = '1 minutes': a rate is"),
        (NIGHTLY + 'rate = "1 minute"', "either cron or rate"),
        (NIGHTLY + 'command = "make tidy"', "either queue and message, or command"),
        (NIGHTLY.replace("tidy", ""), "either queue and message, or command"),
        (NIGHTLY + 'timezone = "Mars"', "timezone = 'Mars': there is no such time zone"),
        (NIGHTLY.replace("nightly", "Nightly"), "schedules.0.name = 'Nightly'"),
        (NIGHTLY + "every = 5", "schedules.0.every, which is no key"),
        (NIGHTLY + NIGHTLY, "the name nightly is there twice"),
    ],
)
def test_a_schedule_that_would_be_refused_in_the_middle_of_a_release_is_refused_at_the_build(
    folder: Path, text: str, seen: str
) -> None:
    (folder / "release.toml").write_text(text)
    with pytest.raises(BundleError) as caught:
        read_options(folder)
    assert seen in caught.value.seen


def test_a_process_has_the_limits_that_release_toml_names(folder: Path) -> None:
    (folder / "Procfile").write_text("web: ./web\nworker: ./work\n")
    (folder / "release.toml").write_text(
        '[processes.worker]\nmemory = "512M"\ncpu = "50%"\n[processes.web]\nsocket = true\n'
    )
    web, worker = read_processes(folder, read_options(folder).processes)
    assert (web.memory, web.cpu, worker.memory, worker.cpu) == ("", "", "512M", "50%")
    assert (web.socket, worker.socket) == (True, False)


@pytest.mark.parametrize(
    ("toml", "seen"),
    [
        ('[processes.mailer]\nmemory = "1G"', "[processes.mailer], while Procfile has web, worker"),
        ('[processes.web]\nmemory = "1 GB"', "processes.web.memory"),
        ('[processes.web]\ncpu = "half"', "processes.web.cpu"),
        ("[processes.web]\nsocket = 8080", "processes.web.socket"),
        ("[processes.worker]\nsocket = true", "[processes.worker] has a socket, while only web listens"),
        ("[processes.web]\ndisk = 1", "processes.web.disk, which is no key of this file"),
    ],
)
def test_limits_that_no_process_could_have_are_refused(folder: Path, toml: str, seen: str) -> None:
    (folder / "Procfile").write_text("web: ./web\nworker: ./work\n")
    (folder / "release.toml").write_text(toml)
    with pytest.raises(BundleError) as refused:
        read_processes(folder, read_options(folder).processes)
    assert seen in str(refused.value)
