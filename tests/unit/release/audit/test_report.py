"""The report tells everything about releases, no secret, and always the same from the same state and history."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from release.audit.masking import MASKED, Mask, values
from release.audit.page import render
from release.audit.record import read
from release.audit.report import report
from release.cli.main import run
from release.ledger import Ledger, Terms, contracted, promote
from tests.unit.release.releases import migrating

SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
ONE, TWO = migrating("1", "e1"), migrating("2", "e1 e2 b3 c4")
OBSERVED = "100 % on 2 (x): errors 1 of 3607, 7 ms; proven by 200 probes in 2.2 s"

PROVIDERS = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SECRETS = {
    "cache token": "tok-9f8e7d6c5b4a-ümlaut",
    "host key": "-----BEGIN PRIVATE KEY-----\nb3BlbnNzaC1rZXkt\nAAAAB3NzaC1y\n-----END PRIVATE KEY-----",
    "probe key": "0123456789abcdef0123456789abcdef",
    "user password": 'hunter"2<&>',
    "provider's": PROVIDERS,
    "short one": "p4ss",
}


def secret(value: Any, clear: bool) -> dict[str, str]:
    """As the engine keeps it, and as it shows it to who asks for secrets."""
    return SIGNATURE | (
        {"plaintext": json.dumps(value)} if clear else {"ciphertext": "v1:AbCdEfGh0123:xyz=="}
    )


def ledger() -> Ledger:
    result = promote(Ledger(), ONE, 1, "2026-01-01T10:01:42Z", Terms(by="anna on laptop", observed=OBSERVED))
    result = promote(
        result, TWO, 1, "2026-01-01T10:03:10Z", Terms(by="ben on laptop", evidence="as in staging")
    )
    return contracted(promote(result, TWO, 0, ""), TWO.id, ["c4"], "2026-01-01T10:06:30Z")


def state(clear: bool = False) -> dict[str, Any]:
    """A stack with a secret in every place that can hold one."""
    key, connection = (
        SECRETS["host key"],
        {"host": "203.0.113.9", "port": 22, "privateKey": SECRETS["host key"]},
    )

    def resource(kind: str, name: str, inputs: Any, outputs: Any) -> dict[str, Any]:
        urn = f"urn:pulumi:dev::shop::{kind}::{name}"
        return {"urn": urn, "type": kind, "inputs": inputs, "outputs": outputs}

    told = {"do": "migrate", "release": TWO.id, "by": "ben", "revisions": ["e1", "e2", "b3"]}
    gate = {"release": TWO.id, "passedAt": "2026-01-01T10:02:59Z", "evidence": "2 of 2 healthy <b>"}
    probe = secret(SECRETS["probe key"], clear)
    token = secret(json.dumps({"CACHE_TOKEN": SECRETS["cache token"]}), clear)
    wrapped = secret({"nested": ["a", SECRETS["user password"]]}, clear)
    resources = [
        resource(
            "pulumi:pulumi:Stack",
            "shop-dev",
            {},
            {"ledger": ledger().dump(), "probeKey": probe, "x": [probe]},
        ),
        resource("pulumi:providers:aws", "aws", {"secretKey": SECRETS["provider's"]}, {}),
        resource("pulumi:index:Stash", "key", {"input": secret(key, clear)}, {"output": secret(key, clear)}),
        resource(
            "aws:secretsmanager/secretVersion:SecretVersion", "t", {"secretString": token}, {"v": wrapped}
        ),
        resource("aws:rds/instance:Instance", "database", {"password": SECRETS["provider's"]}, {}),
        resource(
            "command:remote:Command",
            "migrate",
            {"connection": secret(connection, clear)},
            {"stdin": json.dumps(told), "stdout": f"e2: applied\nb3: applied\n{PROVIDERS}"},
        ),
        resource(
            "uneventful:index:HealthGate", "gate", {"headerValue": probe}, gate | {"headerValue": probe}
        ),
        resource(
            "uneventful:index:TrafficShift",
            "traffic",
            {},
            {"release": TWO.id, "observed": f"at http://u:{SECRETS['short one']}@host: {OBSERVED}"},
        ),
    ]
    return {
        "version": 3,
        "deployment": {
            "manifest": {"time": "2026-01-01T10:07:00.123Z"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:abc"}},
            "resources": resources,
            "pending_operations": [],
        },
    }


def update(
    minute: int, wanted: str, result: str = "succeeded", message: str = "", **config: Any
) -> dict[str, Any]:
    return {
        "kind": "update",
        "startTime": f"2026-01-01T10:{minute:02}:00.000Z",
        "endTime": f"2026-01-01T10:{minute:02}:50.000Z",
        "message": message,
        "environment": {"git.head": "0123456789abcdef", "git.committer": "Anna"},
        "config": {"uneventful:release": {"value": wanted, "secret": False}} | config,
        "result": result,
        "resourceChanges": {"create": 2},
    }


def history(clear: bool = False) -> list[dict[str, Any]]:
    return [
        update(5, f"id:{ONE.id}", message=f"the token={SECRETS['short one']} leaked"),
        update(4, "3", "failed", message=f"try again, {SECRETS['user password'] if clear else 'please'}"),
        update(3, "2", message="<script>alert(1)</script>"),
        update(
            1, "1", **{"shop:key": {"value": SECRETS["cache token"] if clear else MASKED, "secret": True}}
        ),
    ]


def made(clear: bool = False) -> tuple[dict[str, Any], str]:
    exported, updates = state(clear), history(clear)
    found = report(read(exported), updates, Mask(values(exported) | values(updates)))
    return found, render(found)


@pytest.mark.parametrize("clear", [False, True], ids=["encrypted", "in the clear"])
def test_no_secret_of_the_stack_is_in_either_form_wherever_the_state_or_the_history_holds_it(
    clear: bool,
) -> None:
    found, page = made(clear)
    text = json.dumps(found, ensure_ascii=False)
    for name, value in SECRETS.items():
        for part in (value, *value.splitlines()[1:-1]):
            as_json, as_html = json.dumps(part)[1:-1], part.replace("&", "&amp;").replace("<", "&lt;")
            for form in {part, as_json, as_html}:
                assert form not in text, name
                assert form not in page, name
    assert "AbCdEfGh0123" not in text + page
    assert {(each["name"], each["value"]) for each in found["secrets"]} == {
        (name, MASKED) for name in ("shop-dev", "key", "t", "migrate", "gate")
    }


def test_a_state_with_its_secrets_in_the_clear_gives_the_same_secrets_and_releases_as_one_without() -> None:
    hidden, shown = made(clear=False)[0], made(clear=True)[0]
    same = ("releases", "migrations", "secrets", "rollbacks", "live", "moment")
    assert {name: hidden[name] for name in same} == {name: shown[name] for name in same}


def test_each_release_migration_refusal_and_rollback_is_told_with_its_evidence() -> None:
    found = made()[0]
    two, one = found["releases"]
    assert (two["digest"], two["approver"], two["by"]) == (TWO.manifest.digest, "Anna", "ben on laptop")
    assert two["evidence"]["promotion"] == "as in staging"
    assert two["evidence"]["gate"] == "2 of 2 healthy <b>"
    assert two["evidence"]["observed"][0].endswith(OBSERVED)
    assert one["evidence"]["observed"] == [OBSERVED]
    assert [(each["revision"], each["release"], each["at"]) for each in found["migrations"]] == [
        ("e1", ONE.id, ""),
        ("e2", TWO.id, ""),
        ("b3", TWO.id, ""),
        ("c4", TWO.id, "2026-01-01T10:06:30Z"),
    ]
    assert all(len(each["checksum"]) == 64 for each in found["migrations"])
    assert [(each["wanted"], each["former"]) for each in found["refusals"]] == [("version 3", str(TWO))]
    assert [(each["wanted"], each["reason"]) for each in found["rollbacks"]] == [
        (str(ONE), f"the token={MASKED} leaked")
    ]


def test_the_page_needs_nothing_beside_it_and_what_people_wrote_cannot_become_a_part_of_it() -> None:
    page = made()[1]
    for alien in ("<script", "src=", "@import", "url(", "<link", "healthy <b>"):
        assert alien not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_without_a_history_it_says_what_is_missing() -> None:
    found = report(read(state()), None, Mask(()))
    assert "no history was given" in found["unknown"][0]
    assert found["releases"][0]["approver"] is None
    assert "not known" in render(found)


def test_saved_files_give_the_same_bytes_as_the_stack_whatever_happens_in_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported, updates = tmp_path / "state.json", tmp_path / "history.json"
    exported.write_text(json.dumps(state()))
    updates.write_text(json.dumps(history()))
    monkeypatch.setattr("release.cli.audit._asked", lambda stack: (copy.deepcopy(state()), history()))
    for kind in ("html", "json"):
        live, saved = tmp_path / f"live.{kind}", tmp_path / f"saved.{kind}"
        assert run(["audit", "--stack", "dev", "--out", str(live)]) == 0
        assert run(["audit", "--export", str(exported), "--history", str(updates), "--out", str(saved)]) == 0
        assert live.read_bytes() == saved.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        (["--out", "r.pdf", "--stack", "dev"], "{}"),
        (["--out", "r.html"], "{}"),
        (["--out", "r.html", "--stack", "dev", "--export", "state.json"], "{}"),
        (["--out", "r.html", "--export", "state.json"], "{}"),
        (["--out", "r.html", "--export", "state.json"], "[]"),
        (["--out", "r.html", "--export", "state.json"], '{"deployment": '),
    ],
)
def test_what_cannot_be_reported_is_refused_in_words_and_nothing_is_written(
    arguments: list[str], content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.json").write_text(content)
    assert run(["audit", *arguments]) == 1
    assert "nothing was written" in capsys.readouterr().err
    assert not list(tmp_path.glob("r.*"))


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://app:s3cr@db/app",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        'API_KEY="abc def"',
        "password: abc",
        "eyJhbGciOi.eyJzdWIiOi.abc",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ],
)
def test_what_looks_like_a_secret_is_masked_though_nobody_said_that_it_is_one(text: str) -> None:
    assert MASKED in Mask(())(f"see {text} there")


@pytest.mark.parametrize(
    "text",
    [
        "version 2024.12.01-rc.1 (2d10fc22)",
        OBSERVED,
        "e1: applied, of 0123456789ab and changes of its own",
        "the secret of good releases is boredom",
    ],
)
def test_what_people_need_to_read_is_not(text: str) -> None:
    assert Mask(())(text) == text
