"""What an exported state says about releases, beyond the ledger: gates, the shift, runs of the migrator. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from release.audit.masking import Place, places
from release.errors import CommandRefused
from release.ledger import Ledger
from release.schema import Run, runs

_STACK = "pulumi:pulumi:Stack"
_GATE = "uneventful:index:HealthGate"
_SHIFT = "uneventful:index:TrafficShift"


@dataclass(frozen=True)
class Gate:
    """What a release showed before it got traffic, and when (ISO 8601, UTC)."""

    passed_at: str
    evidence: str


@dataclass(frozen=True)
class Record:
    """A stack's state. `moment` is when it was written; `gates` those of the releases that have a fleet, by id;
    `observed` what the last shift saw, and `shifted` its release. `encrypted_by` is the secrets provider's name;
    `unfinished` are resources (URNs) that an update which was killed had begun.
    """

    project: str
    stack: str
    moment: str
    ledger: Ledger
    gates: Mapping[str, Gate]
    shifted: str
    observed: str
    runs: tuple[Run, ...]
    secrets: tuple[Place, ...]
    encrypted_by: str
    unfinished: tuple[str, ...]


def read(exported: Mapping[str, Any]) -> Record:
    """From what `pulumi stack export` prints.

    Raises CommandError where that is no export, and LedgerError where its ledger cannot be used.
    """
    deployment = exported.get("deployment")
    if not isinstance(deployment, Mapping):
        raise CommandRefused(
            "this is no exported state",
            expected="what `pulumi stack export` prints: JSON with a deployment",
            seen=f"JSON with {', '.join(map(str, exported)) or 'nothing'}",
            state="nothing was written",
            next="pulumi stack export --stack STACK --file state.json",
        )
    resources = [each for each in deployment.get("resources") or () if not each.get("delete")]
    stack: Mapping[str, Any] = next((each for each in resources if each.get("type") == _STACK), {})
    words = str(stack.get("urn", "")).split("::")
    shift: Mapping[str, Any] = next(
        (each.get("outputs") or {} for each in resources if each.get("type") == _SHIFT), {}
    )
    operations = deployment.get("pending_operations") or ()
    return Record(
        project=words[1] if len(words) > 1 else "",
        stack=words[0].removeprefix("urn:pulumi:"),
        moment=str((deployment.get("manifest") or {}).get("time") or ""),
        ledger=Ledger.parse((stack.get("outputs") or {}).get("ledger")),
        gates=dict(_gate(each.get("outputs") or {}) for each in resources if each.get("type") == _GATE),
        shifted=str(shift.get("release") or ""),
        observed=str(shift.get("observed") or ""),
        runs=runs(resources),
        secrets=places(resources),
        encrypted_by=str((deployment.get("secrets_providers") or {}).get("type") or ""),
        unfinished=tuple(str((each.get("resource") or {}).get("urn", "")) for each in operations),
    )


def _gate(outputs: Mapping[str, Any]) -> tuple[str, Gate]:
    told = (str(outputs.get(name) or "") for name in ("passedAt", "evidence"))
    return str(outputs.get("release") or ""), Gate(*told)
