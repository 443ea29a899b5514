"""Bad input, through the program itself: one clear message each, and no resource is touched."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from infra.configuration import parse
from tests.program.recording import ROOT, World, run

Case = tuple[dict[str, object], str, str]
"""What is written over the committed stack file, the key that the message names, and what it shows."""

BAD: dict[str, Case] = {
    "a misspelt part": ({"netwrok": {}}, "uneventful:netwrok", "uneventful:network"),
    "a misspelt key": ({"network": {"zonse": 2}}, "uneventful:network.zonse", "zones"),
    "an unknown NAT": ({"network": {"nat": "two"}}, "uneventful:network.nat", '"two"'),
    "one zone": ({"network": {"zones": 1}}, "uneventful:network.zones", "seen:    1"),
    "four zones": ({"network": {"zones": 4}}, "uneventful:network.zones", "seen:    4"),
    "zones in words": ({"network": {"zones": "two"}}, "uneventful:network.zones", '"two"'),
    "a public range": ({"network": {"cidr": "8.8.0.0/16"}}, "uneventful:network.cidr", "8.8.0.0/16"),
    "a range too large": ({"network": {"cidr": "10.0.0.0/8"}}, "uneventful:network.cidr", "10.0.0.0/8"),
    "a range too small": ({"network": {"cidr": "10.0.0.0/24"}}, "uneventful:network.cidr", "10.0.0.0/24"),
    "a range with host bits": ({"network": {"cidr": "10.0.0.1/16"}}, "uneventful:network.cidr", "10.0.0.1"),
    "no range at all": ({"network": {"cidr": "large"}}, "uneventful:network.cidr", '"large"'),
    "text for a part": ({"network": "none"}, "uneventful:network", '"none"'),
    "a list for a part": ({"web": [1]}, "uneventful:web", "[1]"),
    "port 0": ({"balancer": {"port": 0}}, "uneventful:balancer.port", "seen:    0"),
    "port 70000": ({"balancer": {"port": 70000}}, "uneventful:balancer.port", "70000"),
    "no certificate's ARN": (
        {"balancer": {"certificate": "mine"}},
        "uneventful:balancer.certificate",
        "mine",
    ),
    "a domain alone": ({"balancer": {"domain": "a.example.com"}}, "uneventful:balancer", "go together"),
    "a URL for a domain": ({"balancer": {"domain": "http://x"}}, "uneventful:balancer.domain", "http://x"),
    "nobody allowed": ({"balancer": {"allow": []}}, "uneventful:balancer.allow", "[]"),
    "an allowed host name": ({"balancer": {"allow": ["me"]}}, "uneventful:balancer.allow[0]", '"me"'),
    "protection in words": (
        {"balancer": {"deletion_protection": "maybe"}},
        "uneventful:balancer.deletion_protection",
        '"maybe"',
    ),
    "a number for a switch": ({"bundles": {"force_destroy": 1}}, "uneventful:bundles.force_destroy", "1"),
    "no instances": ({"web": {"min": 0}}, "uneventful:web.min", "seen:    0"),
    "half an instance": ({"web": {"min": 1.5}}, "uneventful:web.min", "1.5"),
    "a switch for a number": ({"web": {"min": True}}, "uneventful:web.min", "true"),
    "more at least than at most": ({"web": {"min": 4, "max": 2}}, "uneventful:web", "at least 4"),
    "no instance type": ({"web": {"instance": "small"}}, "uneventful:web.instance", '"small"'),
    "no image": ({"web": {"image": "debian"}}, "uneventful:web.image", '"debian"'),
    "a check slower than its interval": (
        {"web": {"health": {"interval": 5, "timeout": 5}}},
        "uneventful:web.health",
        "not below",
    ),
    "checks faster than AWS's": (
        {"web": {"health": {"interval": 1}}},
        "uneventful:web.health.interval",
        "seen:    1",
    ),
    "no steps": ({"rollout": {"steps": []}}, "uneventful:rollout.steps", "[]"),
    "steps that end early": ({"rollout": {"steps": [1, 50]}}, "uneventful:rollout.steps", "[1, 50]"),
    "steps that fall": ({"rollout": {"steps": [50, 5, 100]}}, "uneventful:rollout.steps", "[50, 5, 100]"),
    "a step twice": ({"rollout": {"steps": [5, 5, 100]}}, "uneventful:rollout.steps", "[5, 5, 100]"),
    "a step above 100": ({"rollout": {"steps": [1, 101]}}, "uneventful:rollout.steps[1]", "101"),
    "a step in words": ({"rollout": {"steps": ["all"]}}, "uneventful:rollout.steps[0]", '"all"'),
    "no time to watch": ({"rollout": {"observe": 0}}, "uneventful:rollout.observe", "seen:    0"),
    "a duration with a unit": ({"rollout": {"observe": "5m"}}, "uneventful:rollout.observe", '"5m"'),
    "no probes": ({"rollout": {"gate": {"probes": 0}}}, "uneventful:rollout.gate.probes", "seen:    0"),
    "an unknown gate": ({"rollout": {"gate": {"probe": 3}}}, "uneventful:rollout.gate.probe", "probes"),
    "percents for a fraction": (
        {"rollout": {"limits": {"errors": 5}}},
        "uneventful:rollout.limits.errors",
        "seen:    5",
    ),
    "an empty alarm": (
        {"rollout": {"limits": {"alarms": [""]}}},
        "uneventful:rollout.limits.alarms[0]",
        '""',
    ),
    "a window in words": ({"window": "long"}, "uneventful:window", '"long"'),
    "a window too long": ({"window": 9}, "uneventful:window", "9"),
    "a variable that is a number": ({"variables": {"A": 1}}, "uneventful:variables.A", "seen:    1"),
    "a variable's bad name": ({"variables": {"A-B": "1"}}, "uneventful:variables.A-B", "A-B"),
    "a variable that instances set": ({"variables": {"PORT": "1"}}, "uneventful:variables", "PORT is set"),
    "a bell in a variable": ({"variables": {"A": "\a"}}, "uneventful:variables", "control character"),
    "a version with blanks": ({"release": "1 or 2"}, "uneventful:release", "1 or 2"),
    "a long id": ({"release": "id:0123456789"}, "uneventful:release", "id:0123456789"),
    "no region": ({"aws:region": "Ireland"}, "aws:region", '"Ireland"'),
    "no account": ({"aws:allowedAccountIds": []}, "aws:allowedAccountIds", "[]"),
    "an account as a number": ({"aws:allowedAccountIds": [1]}, "aws:allowedAccountIds[0]", "seen:    1"),
    "a profile": ({"aws:profile": "me"}, "aws:profile", "AWS_PROFILE"),
    "keys": ({"aws:accessKey": "AKIA"}, "aws:accessKey", "AWS's own variables"),
    "logs in words": ({"balancer": {"access_logs": "on"}}, "uneventful:balancer.access_logs", '"on"'),
    "no database class": ({"database": {"instance": "t4g.micro"}}, "uneventful:database.instance", "t4g"),
    "a server's version as a number": ({"database": {"version": 18}}, "uneventful:database.version", "18"),
    "the newest version": ({"database": {"version": "latest"}}, "uneventful:database.version", "latest"),
    "little storage": ({"database": {"storage": 5}}, "uneventful:database.storage", "seen:    5"),
    "storage with a unit": ({"database": {"storage": "20GB"}}, "uneventful:database.storage", "20GB"),
    "storage that shrinks": (
        {"database": {"storage": 50, "max_storage": 30}},
        "uneventful:database",
        "storage of 50 GiB, but 30 GiB at most",
    ),
    "zones of a database": ({"database": {"multi_az": 2}}, "uneventful:database.multi_az", "seen:    2"),
    "no backups": ({"database": {"backup_days": 0}}, "uneventful:database.backup_days", "seen:    0"),
    "backups for ever": ({"database": {"backup_days": 99}}, "uneventful:database.backup_days", "99"),
    "a database's bad name": ({"database": {"name": "my-app"}}, "uneventful:database.name", "my-app"),
    "a database that is there": ({"database": {"name": "postgres"}}, "uneventful:database.name", "already"),
    "a misspelt database key": ({"database": {"multiaz": True}}, "uneventful:database.multiaz", "multi_az"),
    "queues as a list": ({"queues": ["jobs"]}, "uneventful:queues", '["jobs"]'),
    "a queue's bad name": ({"queues": {"My_Jobs": {}}}, "uneventful:queues.My_Jobs", "My_Jobs"),
    "a queue without a part": ({"queues": {"mail": None}}, "uneventful:queues.mail", "null"),
    "a queue's misspelt key": (
        {"queues": {"mail": {"atempts": 1}}},
        "uneventful:queues.mail.atempts",
        "{mail: {attempts: 5}}",
    ),
    "a queue named as a key": (
        {"queues": {"attempts": {"attempts": 0}}},
        "uneventful:queues.attempts.attempts",
        "{attempts: {attempts: 5}}",
    ),
    "a message for everybody": (
        {"queues": {"jobs": {"visibility": 0}}},
        "uneventful:queues.jobs.visibility",
        "seen:    0",
    ),
    "messages gone at once": (
        {"queues": {"jobs": {"retention": 1}}},
        "uneventful:queues.jobs.retention",
        "1",
    ),
    "an alarm after the message": (
        {"queues": {"jobs": {"retention": 300, "oldest": 300}}},
        "uneventful:queues.jobs",
        "gone after 300 s",
    ),
    "no node type": ({"cache": {"instance": "t4g.micro"}}, "uneventful:cache.instance", "t4g.micro"),
    "a cache's version as a number": ({"cache": {"version": 8.0}}, "uneventful:cache.version", "8.0"),
    "too many replicas": ({"cache": {"replicas": 6}}, "uneventful:cache.replicas", "seen:    6"),
    "a replica less than none": ({"cache": {"replicas": -1}}, "uneventful:cache.replicas", "-1"),
    "web among the workers": ({"workers": {"web": {"min": 2}}}, "uneventful:workers", "uneventful:web"),
    "a process's bad name": ({"workers": {"Mailer": {}}}, "uneventful:workers.Mailer", "Mailer"),
    "no worker at all": ({"workers": {"worker": {"min": 0}}}, "uneventful:workers.worker.min", "seen:    0"),
    "more workers at least than at most": (
        {"workers": {"worker": {"min": 5, "max": 4}}},
        "uneventful:workers.worker",
        "at least 5",
    ),
    "a queue that is not there": (
        {"workers": {"worker": {"queue": "mail"}}},
        "uneventful:workers.worker.queue",
        "uneventful:queues, jobs",
    ),
    "no request": ({"web": {"requests": 0}}, "uneventful:web.requests", "seen:    0"),
    "a host name for SSH": (
        {"operations": {"allow": ["me.example.com"]}},
        "uneventful:operations.allow[0]",
        "me.",
    ),
    "SSH as root": ({"operations": {"user": "root"}}, "uneventful:operations.user", "nobody logs in"),
    "SSH on port 0": ({"operations": {"port": 0}}, "uneventful:operations.port", "seen:    0"),
    "an unknown address": ({"operations": {"address": "vpn"}}, "uneventful:operations.address", '"vpn"'),
    "nobody's address": ({"alarms": {"recipients": ["me"]}}, "uneventful:alarms.recipients[0]", '"me"'),
    "one recipient twice": (
        {"alarms": {"recipients": ["a@example.com", "a@example.com"]}},
        "uneventful:alarms.recipients",
        "a@example.com is named twice",
    ),
    "recipients as text": ({"alarms": {"recipients": "a@b.org"}}, "uneventful:alarms.recipients", "a@b.org"),
    "no latency": ({"alarms": {"latency": 0}}, "uneventful:alarms.latency", "seen:    0"),
    "more than all processors": ({"alarms": {"cpu": 101}}, "uneventful:alarms.cpu", "101"),
    "an alarm that is never quiet": (
        {"alarms": {"free_storage": 20}},
        "uneventful:alarms.free_storage",
        "would never be quiet",
    ),
    "a warm time that is over during the release": (
        {"warm": 70},
        "uneventful:warm",
        "the rollout's drain, handover and bake",
    ),
    "a freeze without days": ({"freeze": [{"from": "16:00", "to": "24:00"}]}, "uneventful:freeze[0]", "days"),
    "a freeze on a day that there is not": (
        {"freeze": [{"days": ["friday"], "from": "16:00", "to": "24:00"}]},
        "uneventful:freeze[0].days[0]",
        '"friday"',
    ),
    "a freeze in no zone": (
        {"freeze": [{"from": "2026-12-20", "to": "2026-12-27", "timezone": "Berlin"}]},
        "uneventful:freeze[0].timezone",
        "no time zone of that name",
    ),
    "a freeze that ends nowhere": (
        {"freeze": [{"from": "2026-12-20"}]},
        "uneventful:freeze[0].to",
        "nothing",
    ),
    "an override of two lines": ({"override": "it\nburns"}, "uneventful:override", "it"),
    "an accepted change of two lines": ({"accept_api": "it\nis fine"}, "uneventful:accept_api", "it"),
    "an odd retention": ({"logs": {"retention": 10}}, "uneventful:logs.retention", "7 is near"),
    "logs for ever": ({"logs": {"retention": 0}}, "uneventful:logs.retention", "seen:    0"),
    "no version of secrets": ({"secrets": "newest"}, "uneventful:secrets", '"newest"'),
    "no id to contract": ({"contract": "2"}, "uneventful:contract", '"2"'),
    "risks as a mapping": ({"accept_risk": {"open-ssh": "x"}}, "uneventful:accept_risk", '{"open-ssh": "x"}'),
    "an unknown risk": (
        {"accept_risk": [{"bad-luck": "x"}]},
        "uneventful:accept_risk[0].bad-luck",
        "open-ssh",
    ),
    "a risk without a reason": (
        {"accept_risk": [{"open-ssh": " "}]},
        "uneventful:accept_risk[0].open-ssh",
        '" "',
    ),
    "a risk's name alone": ({"accept_risk": ["open-ssh"]}, "uneventful:accept_risk[0]", '"open-ssh"'),
    "two risks in one": (
        {"accept_risk": [{"open-ssh": "x", "few-web-instances": "y"}]},
        "uneventful:accept_risk[0]",
        "not one name with one reason",
    ),
    "a risk twice": (
        {"accept_risk": [{"open-ssh": "x"}, {"open-ssh": "y"}]},
        "uneventful:accept_risk",
        "open-ssh is accepted twice",
    ),
    "a risk that nobody asks about": (
        {"accept_risk": [{"single-az-database": "it is small"}]},
        "uneventful:accept_risk",
        "only production is refused",
    ),
}

BAD_IN_PRODUCTION: dict[str, Case] = {
    "one zone": ({"database": {"multi_az": False}}, "uneventful:database.multi_az", "single-az-database"),
    "a database that can be deleted": (
        {"database": {"deletion_protection": False}},
        "uneventful:database.deletion_protection",
        "deletion-protection-off",
    ),
    "a balancer that can be deleted": (
        {"balancer": {"deletion_protection": False}},
        "uneventful:balancer.deletion_protection",
        "deletion-protection-off",
    ),
    "one web instance": ({"web": {"min": 1}}, "uneventful:web.min", "few-web-instances"),
    "SSH for the world": (
        {"operations": {"allow": ["0.0.0.0/0"]}},
        "uneventful:operations.allow[0]",
        "open-ssh",
    ),
    "SSH for half of the world": (
        {"operations": {"allow": ["192.0.2.0/24", "128.0.0.0/1"]}},
        "uneventful:operations.allow[1]",
        "open-ssh",
    ),
    "nobody to tell": ({"alarms": {"recipients": []}}, "uneventful:alarms.recipients", "no-alarm-recipient"),
    "another risk accepted": (
        {"web": {"min": 1}, "accept_risk": [{"few-web-instances": "x"}, {"open-ssh": "y"}]},
        "uneventful:accept_risk",
        '"open-ssh" (accepted, but nothing takes it)',
    ),
}

CASES = [("dev", what, *case) for what, case in BAD.items()] + [
    ("production", what, *case) for what, case in BAD_IN_PRODUCTION.items()
]


def full(changes: dict[str, object]) -> dict[str, Any]:
    return {key if ":" in key else f"uneventful:{key}": value for key, value in changes.items()}


@pytest.mark.parametrize(
    ("stack", "what", "changes", "key", "shown"), CASES, ids=[f"{stack}-{what}" for stack, what, *_ in CASES]
)
def test_bad_input_is_one_clear_message_and_nothing_is_touched(
    stack: str,
    what: str,
    changes: dict[str, object],
    key: str,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = run(World(stack, full(changes), aws=False), monkeypatch)
    assert recording.resources == [], what
    assert recording.exit_status == 32
    ((level, said),) = recording.said
    lines = said.splitlines()
    assert level == "ERROR"
    assert lines[0] == f"Pulumi.{stack}.yaml has a setting that cannot be used; nothing was touched"
    assert lines[1] == f"  {key}"
    assert shown in said
    assert [line.split()[0] for line in lines[2:]] == ["seen:", "allowed:", "example:", "next:", "runbook:"]
    assert lines[3].removeprefix("    allowed:").strip()
    assert "Error" not in said
    assert "pydantic" not in said
    _check_example(stack, lines[4].removeprefix("    example: "))


def _check_example(stack: str, example: str) -> None:
    """What is proposed would be accepted, unless it is no more than a hint."""
    key, _, value = example.partition(": ")
    if not key.startswith(("aws:", "uneventful:")) or any(
        hint in value for hint in ("…", "certificate", "domain")
    ):
        return
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    before, wanted = config.get(key), yaml.safe_load(value)
    config[key] = {**before, **wanted} if isinstance(before, dict) and isinstance(wanted, dict) else wanted
    if key == "uneventful:accept_risk" and wanted:
        return  # accepted only beside the risk itself
    parse(stack, config)
