"""A pair of SSH keys that belongs to one environment. The private half is a secret of its state."""

from __future__ import annotations

import pulumi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from infra.kept import kept


class KeyPair:
    """An Ed25519 pair: `private` is OpenSSH's PEM and a secret, `public` the line `ssh-ed25519 AAAA…`."""

    private: pulumi.Output[str]
    public: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        self.private = kept(name, new_private_key(), opts)
        self.public = pulumi.Output.unsecret(self.private.apply(public_key))


def new_private_key() -> str:
    """Another key at each call, without a passphrase, in OpenSSH's PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def public_key(private: str) -> str:
    """The public half, as `authorized_keys` and `known_hosts` have it, without a comment."""
    key = load_ssh_private_key(private.encode(), None).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
