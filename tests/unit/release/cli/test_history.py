"""`release history`, typed at a stack whose log group is moto's."""

from __future__ import annotations

import json
import time
from typing import Any

from release.ledger import Ledger, Terms, promote
from tests.unit.release.releases import migrating

ONE = migrating("1", "e1")
SEEN = "100 % on 1 (x): errors 0 of 40, 7 ms; proven by 200 probes in 2.2 s"
UPDATE = {
    "kind": "update",
    "startTime": "2026-01-01T10:00:00.000Z",
    "endTime": "2026-01-01T10:00:42.000Z",
    "message": "the first one",
    "environment": {"git.committer": "Anna"},
    "config": {"uneventful:release": {"value": "1"}},
    "result": "succeeded",
}


def run(identity: str, event: str, **more: Any) -> str:
    words = {"id": identity, "at": "2026-01-02T10:00:00Z", "by": "ben", "release": ONE.id, "version": "1"}
    return json.dumps({"run": {**words, "command": "python -m shop.tidy", "event": event, **more}})


def test_updates_and_commands_are_told_together_and_updates_alone_where_aws_does_not_answer(
    world: Any,
) -> None:
    ledger = promote(Ledger(), ONE, 1, "2026-01-01T10:00:40Z", Terms(by="anna on laptop", observed=SEEN))
    state = world.state(ledger)
    state["deployment"]["resources"][0]["outputs"]["operationsLogGroup"] = "/shop/dev/operations"
    logs, now = world.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName="/shop/dev/operations")
    for stream, lines in (
        ("i-1/runs", [run("a", "begin"), run("a", "end", exit=3, seconds=2.5, why="ended")]),
        ("i-1/run", [run("forged by what a command says", "begin")]),
        ("i-2/runs", [run("b", "begin", at="2026-01-03T10:00:00Z"), "no record"]),
    ):
        logs.create_log_stream(logGroupName="/shop/dev/operations", logStreamName=stream)
        events = [{"timestamp": now, "message": line} for line in lines]
        logs.put_log_events(logGroupName="/shop/dev/operations", logStreamName=stream, logEvents=events)
    world.begin(state)
    (world.engine / "history.json").write_text(json.dumps([UPDATE]))
    told = json.loads(world.run("history", "--stack", "dev", "--json")[1])
    assert [(each["id"], each["exit"]) for each in told["commands"]] == [("b", None), ("a", 3)]
    update = told["updates"][0]
    assert (update["move"], update["migrations"], update["requests"]) == ("first", ["e1"], 40)
    assert update["by"] == "anna on laptop"
    world.forget_credentials()
    status, out, error = world.run("history", "--stack", "dev")
    assert (status, error) == (0, "")
    assert f"first release, {ONE}" in out
    assert "not known: the commands of release run" in out
