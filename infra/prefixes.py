"""How the objects of the bundle bucket are named: what a policy or a lifecycle rule says and what is written agree.

Imports nothing, since the provider and the command line read it too.
"""

BUNDLES = "bundles/"
"""The bundles themselves, by digest: all that an instance may read."""

VERSIONS = "versions/"
"""A manifest for each published version."""

LEASES = "lease/"
"""The lease on the weights. Its holder rewrites its object each second, so old versions of these are noise."""
