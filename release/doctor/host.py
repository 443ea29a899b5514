"""Whether the operations host is there, and is the one that the stack's state names."""

from __future__ import annotations

import asyncio

from release.doctor.finding import Finding, bad, ok

_PATIENCE = 10.0


def look(host: str, port: int) -> str:
    """The key by which whoever answers there proves itself (`ssh-ed25519 AAAA…`); nobody is logged in. Raises OSError
    or asyncssh.Error where nobody answers as an SSH server does.
    """
    import asyncssh

    async def ask() -> str:
        async with asyncio.timeout(_PATIENCE):
            key = await asyncssh.get_server_host_key(
                host, port, server_host_key_algs=["ssh-ed25519"], config=None
            )
        return " ".join(key.export_public_key("openssh").decode().split()[:2]) if key else ""

    return asyncio.run(ask())


def operations(seen: str, pinned: str, where: str, stack: str) -> Finding:
    """The key that was `seen` at `where` against the one that the state has."""
    if seen.split()[:2] != pinned.split()[:2]:
        remedy = f"pulumi up --stack {stack}, and if it is not that: somebody is in between"
        return bad(
            "operations host", f"what answers at {where} is not it: its key is {seen[:40] or 'none'}…", remedy
        )
    return ok("operations host", f"{where} answers with the pinned key")


def unreachable(where: str, why: str, stack: str) -> Finding:
    remedy = f"your address in uneventful:operations.allow, then pulumi up --stack {stack}"
    return bad(
        "operations host", f"{where} does not answer: {why}; no release with migrations can go", remedy
    )
