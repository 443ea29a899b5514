"""How names begin by which a policy or a lifecycle rule finds what is made later, so that both agree.

Imports nothing, since the provider and the command line read it too.
"""

BUNDLES = "bundles/"
"""Objects of the bundle bucket: the bundles themselves, by digest. What an instance is made of."""

TURN = "turn/"
"""Objects of the bundle bucket: whose workers work. Instances read it."""

WORKING = f"{TURN}working"
"""The releases whose workers take jobs: an id a line."""

VERSIONS = "versions/"
"""Objects of the bundle bucket: a manifest for each published version."""

DOCUMENTS = "documents/"
"""Objects of the bundle bucket: OpenAPI documents, by digest. Whoever plans an update reads them."""

PROGRAMS = "programs/"
"""Objects of the bundle bucket: the programs of the operations host, which alone may read them."""

LEASES = "lease/"
"""Objects of the bundle bucket: the lease on the weights. Its holder rewrites its object each second, so old versions
of these are noise."""

TIMELINES = "timelines/"
"""Objects of the bundle bucket: what happened in each release. Whoever runs an update writes its own while it runs, so
old versions of these are noise as well."""


def logins(project: str, stack: str) -> str:
    """Secrets: the database login of each release."""
    return f"{project}-{stack}-login-"


def log_groups(project: str, stack: str) -> str:
    """Log groups: one for each process, and the operations host's."""
    return f"/{project}/{stack}/"
