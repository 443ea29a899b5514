"""The flat program, copied as `__main__.py` beside its list: registers every resource of it, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pulumi

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Marks what is not plain JSON in a state; with `plaintext` beside it, a secret."""


def literal(value: Any) -> Any:
    if isinstance(value, dict):
        if SIGNATURE in value:
            return pulumi.Output.secret(json.loads(value["plaintext"]))
        return {key: literal(one) for key, one in value.items()}
    return [literal(one) for one in value] if isinstance(value, list) else value


def define() -> None:
    declared = json.loads(Path(__file__).with_name("resources.json").read_text())
    providers = {
        one["name"]: pulumi.ProviderResource(
            one["package"],
            one["name"],
            literal(one["inputs"]),
            pulumi.ResourceOptions(version=one["version"], protect=one["protect"]),
        )
        for one in declared["providers"]
    }
    for one in declared["resources"]:
        pulumi.CustomResource(
            one["type"],
            one["name"],
            literal(one["inputs"]),
            pulumi.ResourceOptions(
                provider=providers.get(one["provider"]), version=one["version"], protect=one["protect"]
            ),
        )


if __name__ == "__main__":
    define()
