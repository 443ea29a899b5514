"""Whom an instance trusts over TLS: everybody whom the machine trusts, and the local cloud's own authority."""

from __future__ import annotations

import importlib.resources
import ssl
from pathlib import Path

_USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def trusted(authority: Path) -> bytes:
    """Certificates in PEM, for SSL_CERT_FILE: the machine's (the AWS SDK's where it has none), then `authority`'s, if
    that file is there."""
    paths = ssl.get_default_verify_paths()
    found = (Path(path) for path in (paths.cafile, *_USUAL) if path)
    system = next((path.read_bytes() for path in found if path.is_file()), None)
    if system is None:
        system = importlib.resources.files("botocore").joinpath("cacert.pem").read_bytes()
    own = authority.read_bytes() if authority.is_file() else b""
    return system.rstrip(b"\n") + b"\n" + own
