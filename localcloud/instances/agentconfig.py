"""What an instance's log agent is told, read as the CloudWatch agent reads it. Pure.

Source: Amazon CloudWatch User Guide, "Manually create or edit the CloudWatch agent configuration file".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONFIG = "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.json"
_WITHOUT_EFFECT = frozenset(
    ("run_as_user", "debug", "quiet", "region", "metrics_collection_interval", "logfile")
)


class AgentConfigError(Exception):
    """A configuration that the agent does not start with; names the key and what was expected."""


@dataclass(frozen=True)
class Collected:
    """One entry of collect_list. `path` is the instance's own and may hold `*`, `?` and `[…]`."""

    path: str
    group: str
    stream: str


@dataclass(frozen=True)
class AgentConfig:
    """`flush_seconds`: how long lines may be gathered before they are sent."""

    files: tuple[Collected, ...]
    flush_seconds: float = 5.0


def parse_agent_config(text: str, instance_id: str) -> AgentConfig:
    """Read the agent's JSON; raises AgentConfigError for whatever is not carried out here."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise AgentConfigError(f"{CONFIG} is not JSON: {error}") from None
    top = _mapping("", config, ("agent", "logs"))
    _mapping("agent", top.get("agent", {}), _WITHOUT_EFFECT)
    logs = _mapping("logs", top.get("logs", {}), ("logs_collected", "force_flush_interval"))
    collected = _mapping("logs.logs_collected", logs.get("logs_collected", {}), ("files",))
    files = _mapping("logs.logs_collected.files", collected.get("files", {}), ("collect_list",))
    entries = files.get("collect_list", [])
    flush = logs.get("force_flush_interval", AgentConfig.flush_seconds)
    if not isinstance(flush, int | float) or flush <= 0:
        raise AgentConfigError(f"logs.force_flush_interval: expected seconds, seen {flush!r}")
    if not isinstance(entries, list) or not entries:
        raise AgentConfigError("logs.logs_collected.files.collect_list: expected at least one file")
    return AgentConfig(tuple(_collected(entry, instance_id) for entry in entries), float(flush))


def _collected(entry: Any, instance_id: str) -> Collected:
    place = "logs.logs_collected.files.collect_list"
    known = ("file_path", "log_group_name", "log_stream_name")
    told = _mapping(place, entry, known)
    values = [told.get(name) for name in known]
    missing = [
        name for name, value in zip(known, values, strict=True) if not isinstance(value, str) or not value
    ]
    if missing:
        raise AgentConfigError(f"{place}: {', '.join(missing)} is missing in {entry!r}")
    path, group, stream = (str(value).replace("{instance_id}", instance_id) for value in values)
    unknown = re.search(r"\{[^}]*\}", group + stream)
    if unknown:
        raise AgentConfigError(
            f"{place}: {unknown[0]} is not filled in by the local cloud; it knows {{instance_id}}"
        )
    if not path.startswith("/"):
        raise AgentConfigError(f"{place}: file_path {path}: expected an absolute path")
    return Collected(path, group, stream)


def _mapping(place: str, value: Any, known: tuple[str, ...] | frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AgentConfigError(f"{place or CONFIG}: expected an object, seen {type(value).__name__}")
    refused = sorted(set(value) - set(known))
    if refused:
        names = ", ".join(f"{place}.{name}" if place else name for name in refused)
        raise AgentConfigError(
            f"{names}: the local cloud's agent knows only {', '.join(sorted(known))} there"
        )
    return value
