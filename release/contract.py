"""The contract of a live release: what only newer code can live with, once nobody runs who needs the old schema.

Done on the operations host like a release's other migrations, in an update of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.environment import Outputs
from release.contraction import Contraction
from release.ledger import Ledger
from release.migration import Limits, about, on_the_host
from release.model import Release

_INPUTS = ["connection", "create", "stdin", "logging", "addPreviousOutputInEnv"]


@dataclass(frozen=True)
class ContractOrder:
    """What is to be done in a contract of `release`: `fence` are the ids of the releases whose logins must be closed
    and without a session, `keep` of those whose stay open.
    """

    release: Release
    revisions: tuple[str, ...]
    fence: tuple[str, ...]
    keep: tuple[str, ...]
    by: str


def contract_orders(ledger: Ledger, wanted: Contraction | None, by: str) -> tuple[ContractOrder, ...]:
    """One for each release that has applied contracts, whose commands the state has, and the wanted one last."""
    done = [
        ContractOrder(
            entry.release,
            tuple(c.revision for c in ledger.contracts if c.release == entry.release.id),
            fence=(),
            keep=(),
            by=by,
        )
        for entry in ledger.entries
        if any(contract.release == entry.release.id for contract in ledger.contracts)
    ]
    if wanted is None:
        return tuple(done)
    fence = tuple(release.id for release in (*wanted.ends, *wanted.gone))
    keep = tuple(entry.release.id for entry in reversed(ledger.entries) if entry.state != "retired")
    return (*done, ContractOrder(wanted.release, wanted.names, fence, keep, by))


class Contract(pulumi.ComponentResource):
    """The revisions of a contract are in the database once `applied_at` is known: the moment, in UTC.

    It runs once. In later updates it is declared as it was, and nothing about it is looked at again.
    """

    applied_at: pulumi.Output[str]

    def __init__(
        self,
        order: ContractOrder,
        environment: Outputs,
        after: Sequence[pulumi.Resource],
        now: Callable[[], str],
        opts: pulumi.ResourceOptions | None = None,
        limits: Limits | None = None,
    ) -> None:
        name = f"contract-{order.release.id}"
        super().__init__("uneventful:release:Contract", name, None, opts)
        chosen = limits or Limits()
        run = on_the_host(
            name,
            contract_document(order, environment, chosen),
            environment,
            chosen,
            pulumi.ResourceOptions(parent=self, depends_on=after, ignore_changes=_INPUTS),
        )
        self.applied_at = run.stdout.apply(lambda _: now())
        self.register_outputs({})


def contract_document(order: ContractOrder, environment: Outputs, limits: Limits) -> Mapping[str, Any]:
    """What the operations host is told."""
    return {
        **about("contract", order.release, order.by, environment, limits),
        "fence": list(order.fence),
        "keep": list(order.keep),
        "revisions": list(order.revisions),
    }
