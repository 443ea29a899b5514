"""How names begin by which a policy or a lifecycle rule finds what is made later, so that both agree.

Imports nothing, since the provider and the command line read it too.
"""

BUNDLES = "bundles/"
"""Objects of the bundle bucket: the bundles themselves, by digest. All that an instance may read."""

VERSIONS = "versions/"
"""Objects of the bundle bucket: a manifest for each published version."""

LEASES = "lease/"
"""Objects of the bundle bucket: the lease on the weights. Its holder rewrites its object each second, so old versions
of these are noise."""


def logins(project: str, stack: str) -> str:
    """Secrets: the database login of each release."""
    return f"{project}-{stack}-login-"


def log_groups(project: str, stack: str) -> str:
    """Log groups: one for each process, and the operations host's."""
    return f"/{project}/{stack}/"
