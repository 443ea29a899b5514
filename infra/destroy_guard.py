"""What has `pulumi destroy` refused as a whole, before it deletes anything."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


def guard_destroy(protect: bool, parts: Sequence[pulumi.Resource]) -> None:
    """Make the resource that is deleted before all of `parts`, and so, with `protect`, keeps all of them.

    `pulumi destroy` does not run the program, and without its preview it deletes in order of dependency until it
    meets a protected resource (tried): protected data alone would be kept, but no longer serve anybody. Updates
    don't touch this resource, so they delete and replace `parts` as ever.
    """
    pulumi.Stash(
        "destroy-guard",
        input="deleted before everything else",
        opts=pulumi.ResourceOptions(protect=protect, depends_on=list(parts)),
    )
