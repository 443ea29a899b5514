"""A secret of the environment that is made once and then kept: in the stack's state, encrypted."""

from __future__ import annotations

import pulumi


def kept(name: str, made: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """What was `made` when the resource `name` was created, whatever is made in later runs; marked as a secret."""
    stash = pulumi.Stash(
        name,
        input=pulumi.Output.secret(made),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["input"])),
    )
    return pulumi.Output.secret(stash.output)
