"""What a project's folder says, and where its state is kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from release.doctor.finding import Finding, bad, ok, warn


def stack_file(name: str, refusal: str) -> Finding:
    """`refusal`: what an update would say about the file, empty where it would take it."""
    if refusal:
        lines = [line.strip() for line in refusal.splitlines() if line.strip()]
        seen = "; ".join(line for line in lines if not line.startswith("next:"))
        return bad(name, seen if len(seen) <= 600 else seen[:599] + "…", f"edit {name}")
    return ok(name, "every setting in it can be used")


def backend(stack: str, stacks: Collection[str], where: str) -> Finding:
    """`stacks`: those that the backend holds; an empty `stack` asks for none of them."""
    has = ", ".join(sorted(stacks)) or "none yet"
    if stack and stack not in stacks:
        return bad("backend", f"{where} holds no stack {stack}; it holds {has}", f"pulumi stack init {stack}")
    return ok("backend", f"{where} answers; stacks: {has}")


def passphrase(complaint: str, environment: Mapping[str, str], stack: str) -> Finding:
    """`complaint`: what `pulumi` said when it was asked for a secret output; empty where it told it."""
    if not complaint:
        return ok("secrets", "the stack's secrets can be decrypted")
    if "passphrase" in complaint.lower():
        given = [name for name in environment if name.startswith("PULUMI_CONFIG_PASSPHRASE")]
        seen = f"{given[0]} is not the stack's" if given else "no passphrase in this shell"
        return bad("secrets", seen, "export PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE")
    return warn("secrets", complaint, f"pulumi stack output operations --show-secrets --stack {stack}")
