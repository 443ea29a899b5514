from __future__ import annotations

import signal

import pytest

from localcloud.instances.outcome import Outcome, restarts, start_refused
from localcloud.instances.quoting import QuotingError, environment_file, expand, specifiers, split_words
from localcloud.instances.unit import INFINITY, Command, UnitError, parse_unit


def service(*lines: str, name: str = "x.service"):
    return parse_unit("[Service]\nExecStart=/bin/true\n" + "\n".join(lines) + "\n", name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ("a", "b", "c")),
        ("""sh -c 'exec "a b" c'""", ("sh", "-c", 'exec "a b" c')),
        (r'"a\"b" "c\\d" e\x41\101\sf', ('a"b', "c\\d", "eAA f")),
        (r"'in single \n quotes too'", ("in single \n quotes too",)),
        ('"" x', ("", "x")),
        ("", ()),
    ],
)
def test_words_are_divided_as_systemd_divides_them(text, words):
    assert split_words(text) == words


@pytest.mark.parametrize("text", ["'open", 'a "b', r"a\qb", "a\\"])
def test_a_word_that_systemd_would_not_understand_is_refused(text):
    with pytest.raises(QuotingError):
        split_words(text)


def test_an_environment_file_is_read_by_systemds_rules():
    text = (
        "# comment\n; comment\n\nPLAIN=a b  \nDOLLAR=$HOME `x`\n"
        'DOUBLE="a \\"b\\" \\\\ \\$c \\n"\n'
        "SINGLE='a \"b\" \\ $c'\n"
        'LINES="one\ntwo"\n'
        "JOINED=one\\\ntwo\n"
        "BOTH=\"a\"'b'\n"
        "EMPTY=\n"
        "QUOTE_INSIDE=it's\n"
        "LAST=no line end"
    )
    assert dict(environment_file(text, "f")) == {
        "PLAIN": "a b",
        "DOLLAR": "$HOME `x`",
        "DOUBLE": 'a "b" \\ $c \\n',
        "SINGLE": 'a "b" \\ $c',
        "LINES": "one\ntwo",
        "JOINED": "onetwo",
        "BOTH": "ab",
        "EMPTY": "",
        "QUOTE_INSIDE": "it's",
        "LAST": "no line end",
    }


@pytest.mark.parametrize("text", ["no assignment", "A-B=1", "1A=x", '"A"=1', 'A="open\nB=1\n'])
def test_a_line_that_systemd_would_skip_is_refused(text):
    with pytest.raises(QuotingError, match="f: "):
        environment_file(text, "f")


def test_variables_are_put_in_where_systemd_puts_them_in():
    words = ("$A", "$A", "x${A}y", "$$A", "pre$A", "${NONE}", "$NONE", "'${A}'")
    assert expand(words, {"A": "1 2"}) == ("$A", "1", "2", "x1 2y", "$A", "pre$A", "", "'1 2'")


def test_specifiers_name_the_unit():
    assert specifiers("%n %N %p %i 5%%", "job@7.service") == "job@7.service job@7 job 7 5%"
    with pytest.raises(QuotingError, match="%H"):
        specifiers("%H", "x.service")


def test_every_directive_is_read_with_systemds_meaning():
    unit = parse_unit(
        "[Unit]\nDescription=A  web\nStartLimitIntervalSec=1min 30s\nStartLimitBurst=7\n"
        "[Service]\n# comment\nType=exec\nUser=app\nWorkingDirectory=-/opt/app\n"
        'Environment=A=1 "B=2 3"\nEnvironment=C=4\n'
        "EnvironmentFile=/etc/a\nEnvironmentFile=-/etc/b\n"
        "ExecStartPre=-/bin/false\nExecStart=:/bin/sh -c \\\n  # inside\n  'echo $HOME'\n"
        "Restart=on-failure\nRestartSec=500ms\nTimeoutStopSec=infinity\nTimeoutStartSec=2min\n"
        "KillSignal=INT\nKillMode=process\nSuccessExitStatus=3 4\nProtectSystem=strict\nMemoryMax=1G\n"
        "[Install]\nWantedBy=multi-user.target\n",
        "x.service",
    )
    assert (unit.description, unit.user, unit.type) == ("A  web", "app", "exec")
    assert (unit.working_directory, unit.working_directory_optional) == ("/opt/app", True)
    assert unit.environment == (("A", "1"), ("B", "2 3"), ("C", "4"))
    assert unit.environment_files == (("/etc/a", False), ("/etc/b", True))
    assert unit.start_pre == (Command(("/bin/false",), failure_ignored=True),)
    assert unit.start == (Command(("/bin/sh", "-c", "echo $HOME"), expanded=False),)
    assert (unit.restart, unit.restart_seconds, unit.stop_seconds, unit.start_seconds) == (
        "on-failure",
        0.5,
        INFINITY,
        120,
    )
    assert (unit.kill_signal, unit.kill_mode) == (signal.SIGINT, "process")
    assert unit.success_statuses == {3, 4}
    assert (unit.limit_interval, unit.limit_burst) == (90, 7)
    assert unit.wanted_by == ("multi-user.target",)


def test_an_empty_value_forgets_a_list():
    unit = service("ExecStart=", "ExecStart=/bin/false", "Environment=A=1", "Environment=")
    assert unit.start == (Command(("/bin/false",)),)
    assert unit.environment == ()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ExecReload=/bin/true", "ExecReload"),
        ("ExecStop=/bin/true", "ExecStop"),
        ("Restrat=always", "Restrat"),
        ("Type=notify", "notify"),
        ("Restart=sometimes", "sometimes"),
        ("KillMode=none", "none"),
        ("StandardOutput=file:/x", "file:/x"),
        ("StandardError=append:x", "append:x"),
        ("RestartSec=soon", "soon"),
        ("RestartSec=", "RestartSec"),
        ("KillSignal=SIGNOT", "SIGNOT"),
        ("WorkingDirectory=relative", "relative"),
        ("Environment=NOTHING", "NOTHING"),
        ("ExecStart=/bin/false", "2 ExecStart"),
        ("ExecStartPre=@/bin/sh sh", "@"),
        ("StartLimitIntervalSec=0", "StartLimitIntervalSec"),
        ("Description=here", "Description"),
        ("[Timer]", "Timer"),
        ("nonsense", "nonsense"),
        ("Environment=A=%H", "%H"),
    ],
)
def test_what_is_not_obeyed_is_refused_by_name_and_file(line, named):
    with pytest.raises(UnitError, match=rf"x\.service.*{named}"):
        service(line)


def test_a_unit_without_a_command_is_refused():
    with pytest.raises(UnitError, match="ExecStart"):
        parse_unit("[Service]\nType=exec\n", "x.service")


CLEAN, TERMINATED = Outcome(0), Outcome(signal.SIGTERM, signalled=True)
FAILED, KILLED, LATE = Outcome(1), Outcome(signal.SIGKILL, signalled=True), Outcome(9, True, timed_out=True)


@pytest.mark.parametrize(
    ("policy", "those"),
    [
        ("no", []),
        ("always", [CLEAN, TERMINATED, FAILED, KILLED, LATE]),
        ("on-success", [CLEAN, TERMINATED]),
        ("on-failure", [FAILED, KILLED, LATE]),
        ("on-abnormal", [KILLED, LATE]),
        ("on-abort", [KILLED]),
    ],
)
def test_what_brings_a_service_back_is_systemds_table(policy, those):
    assert [o for o in (CLEAN, TERMINATED, FAILED, KILLED, LATE) if restarts(policy, o)] == those


def test_a_service_that_starts_too_often_is_refused_until_it_has_been_quiet():
    assert start_refused([0, 1, 2], now=3, interval=10, burst=3)
    assert not start_refused([0, 1, 2], now=10.5, interval=10, burst=3)
    assert not start_refused([0, 1, 2], now=3, interval=0, burst=3)
