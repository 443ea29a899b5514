"""Secrets Manager through the `aws` command, which the host has anyway. Values go through pipes only: none is ever an
argument, a variable of the environment or a line of output.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any, Protocol

from migrator.errors import SecretsError

TIMEOUT = 60.0


class Secrets(Protocol):
    """Where secrets are kept. A secret is a mapping of texts."""

    def read(self, secret: str) -> Mapping[str, str] | None:
        """The present value; None where the secret has none yet. Raises SecretsError."""

    def write(self, secret: str, value: Mapping[str, str]) -> None:
        """Makes it the present value. Raises SecretsError."""


class AwsCommand:
    """The `aws` command, with the credentials that the host has."""

    def __init__(self, region: str) -> None:
        self._region = region

    def read(self, secret: str) -> Mapping[str, str] | None:
        """See Secrets."""
        done = self._run("get-secret-value", secret, "--query", "SecretString", "--output", "json")
        if done.returncode != 0:
            if "ResourceNotFoundException" in done.stderr and "staging label" in done.stderr:
                return None
            raise _failed("read", secret, done.stderr)
        return _mapping(secret, done.stdout)

    def write(self, secret: str, value: Mapping[str, str]) -> None:
        """See Secrets."""
        text = json.dumps(dict(value))
        done = self._run("put-secret-value", secret, "--secret-string", "file:///dev/stdin", given=text)
        if done.returncode != 0:
            raise _failed("written", secret, done.stderr.replace(text, "…"))

    def _run(
        self, verb: str, secret: str, *arguments: str, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        command = ["aws", "secretsmanager", verb, "--secret-id", secret, "--region", self._region, *arguments]
        try:
            return subprocess.run(
                command, input=given, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except FileNotFoundError:
            raise SecretsError(
                "the operations host has no `aws` command",
                expected="the AWS command line on its PATH",
                state="nothing was run; whatever serves goes on",
                next="release status --stack STACK --drift: was the host's image changed?",
            ) from None
        except subprocess.TimeoutExpired:
            raise _failed(verb, secret, f"no answer in {TIMEOUT:.0f} s") from None


def _mapping(secret: str, output: str) -> Mapping[str, str]:
    try:
        value: Any = json.loads(json.loads(output))
    except (TypeError, ValueError):
        value = None
    if not isinstance(value, Mapping):
        raise SecretsError(
            "a secret isn't what the database's user needs",
            expected="a JSON mapping",
            seen=f"other text in {secret}",
            state="nothing was run; whatever serves goes on",
            next="take back the secret's former version, then the same command again",
        )
    return {str(name): str(part) for name, part in value.items()}


def _failed(what: str, secret: str, said: str) -> SecretsError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return SecretsError(
        f"a secret was not {what}",
        expected=f"access to {secret} with this host's role",
        seen=lines[-1] if lines else "no answer",
        state="no migration is half done: the ledger in the database says which are applied",
        next="the same command again, once the host's role may",
    )
