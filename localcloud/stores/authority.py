"""A checkout's own certificate authority, in the place of the one that AWS's endpoints are signed by."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcloud.engine.places import write

AUTHORITY_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30
CLOCK_SKEW = datetime.timedelta(hours=1)


class Authority:
    """Made when first asked for, and kept in `folder`; whoever trusts `ca_path` trusts every certificate of it.

    Names of endpoints here are addresses, so a certificate holds its address as an IP subject alternative name:
    that is what `sslmode=verify-full` and Python's `ssl` compare an address with. Safe from any thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()

    @property
    def ca_path(self) -> Path:
        """The authority's certificate, PEM."""
        path = self._folder / "ca.pem"
        with self._lock:
            if not path.exists():
                self._make()
        return path

    def certificate(self, address: str) -> tuple[Path, Path]:
        """The certificate (followed by the authority's) and the private key of an address, both PEM.

        Made anew when less than 30 days of it are left.
        """
        ca_path = self.ca_path
        certificate, key = self._folder / f"{address}.pem", self._folder / f"{address}.key"
        with self._lock:
            if not _lasts(certificate, key):
                self._sign(address, ca_path, certificate, key)
        return certificate, key

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("local cloud of this checkout")
        certificate = (
            _begin(name, name, key.public_key(), AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        write(self._folder / "ca.key", _key_text(key), 0o600)
        write(self._folder / "ca.pem", _text(certificate))

    def _sign(self, address: str, ca_path: Path, certificate_path: Path, key_path: Path) -> None:
        authority = x509.load_pem_x509_certificate(ca_path.read_bytes())
        signing = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), password=None)
        assert isinstance(signing, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _begin(_name(address), authority.subject, key.public_key(), LEAF_DAYS)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
            )
            .sign(signing, hashes.SHA256())
        )
        write(key_path, _key_text(key), 0o600)
        write(certificate_path, _text(certificate) + _text(authority))


def _lasts(certificate: Path, key: Path) -> bool:
    if not (certificate.exists() and key.exists()):
        return False
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return ends - _now() > datetime.timedelta(days=RENEW_DAYS)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - CLOCK_SKEW)
        .not_valid_after(_now() + datetime.timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "uneventful"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
