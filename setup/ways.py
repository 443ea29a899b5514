"""Is there a way to an engine and its plugins on this machine? Prints the answer as JSON, for the preflight.

Needs nothing but the standard library: it runs before the virtual environment exists.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from localcloud.engine import choice, find, plugins
from localcloud.engine.aws import binary
from localcloud.engine.aws.errors import ProviderMissingError
from localcloud.engine.choice import Facts
from localcloud.engine.errors import NoEngine
from localcloud.engine.places import Cache, Clone

ROOT = Path(__file__).resolve().parents[1]

Problem = tuple[str, str, str]


def judge(facts: Facts, provider: str, provider_seen: str, fetched: bool) -> tuple[list[Problem], str]:
    """What is missing, and what is there in words.

    `provider` names the Terraform AWS provider (empty: none, and `provider_seen` tells what was looked for);
    `fetched`: Pulumi's AWS plugin was fetched here before.
    """
    problems: list[Problem] = []
    if facts.network.reachable:
        return problems, facts.network.seen
    way = ""
    try:
        way = choice.choose(facts).because
    except NoEngine:
        oldest = ".".join(map(str, choice.OLDEST_GO))
        problems.append(
            (
                f"Go {oldest} or newer",
                f"{facts.network.seen}, there is no recent pulumi on this machine, and {facts.go.seen}",
                f"let get.pulumi.com through, or install Go {oldest} or newer from https://go.dev/dl/",
            )
        )
    if not provider and not fetched:
        problems.append(
            (
                "a Terraform AWS provider",
                f"{facts.network.seen}, so Pulumi's AWS plugin cannot be fetched; {provider_seen}",
                f"let get.pulumi.com through, or set {binary.VARIABLE} to a terraform-provider-aws executable",
            )
        )
    return problems, ", ".join(text for text in (way, provider) if text)


def pinned(requirements: str) -> str:
    """The version of Pulumi's SDK that will be installed."""
    found = re.search(r"^pulumi==(\S+)", requirements, re.MULTILINE)
    return found[1] if found else ""


def main() -> None:
    facts = find.gather(
        Cache.of_user(), pinned((ROOT / "requirements" / "core.txt").read_text()), find.Means()
    )
    try:
        found = binary.find()
        provider, seen = (found.label, "") if found else ("", "none was found on disk")
    except ProviderMissingError as error:
        provider, seen = "", str(error)
    fetched = any(plugin.name == "aws" for plugin in plugins.installed(Clone(ROOT), os.environ))
    problems, summary = judge(facts, provider, seen, fetched)
    print(json.dumps({"problems": problems, "summary": summary}))


if __name__ == "__main__":
    main()
