"""Pulumi's functions, which are Terraform's data sources."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.engine.aws.catalog import Kind
from localcloud.engine.aws.checks import REGION, Failure, not_carried, other_region
from localcloud.engine.aws.convert import AssetPath, to_pulumi, to_terraform
from localcloud.engine.aws.terraform import Terraform, raise_errors
from localcloud.engine.aws.unknown import Tree


@dataclass(frozen=True)
class Functions:
    terraform: Terraform
    provider: str
    region: str
    asset_path: AssetPath

    def invoke(self, kind: Kind, arguments: Tree) -> tuple[Tree, list[Failure]]:
        """The result, or what is wrong with the arguments."""
        tree = kind.structure
        failures = [
            *other_region(tree, arguments, self.region, self.provider),
            *not_carried(tree, arguments, kind.terraform, self.provider),
        ]
        if failures:
            return {}, failures
        answer = self.terraform.read_data(kind.terraform, to_terraform(tree, arguments, self.asset_path))
        raise_errors(answer.diagnostics)
        result = to_pulumi(tree, answer.value or {}, secrets=True)
        result.setdefault(REGION, self.region)
        return result, []
