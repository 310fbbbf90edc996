"""Certificates for tests, made on the spot: valid from 2000 to 2100 unless a test says otherwise."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import NameOID

START = datetime(2000, 1, 1, tzinfo=timezone.utc)
END = datetime(2100, 1, 1, tzinfo=timezone.utc)
PAST = datetime(2001, 1, 1, tzinfo=timezone.utc)
FUTURE = datetime(2099, 1, 1, tzinfo=timezone.utc)


class Made(NamedTuple):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        """The certificate as a server sends it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as a trust store holds it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as a server reads it."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def name(*common_names: str) -> x509.Name:
    """Return a subject of common names only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text) for text in common_names])


def make(  # noqa: PLR0913 - each is one way to be odd
    subject: x509.Name | str = "mta.example.com",
    *,
    issuer: Made | None = None,
    issuer_name: x509.Name | None = None,
    key: Any = None,
    start: datetime = START,
    end: datetime = END,
    extensions: tuple[x509.ExtensionType, ...] = (),
    algorithm: Any = None,
) -> Made:
    """Return a certificate signed by ``issuer`` or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = name(subject) if isinstance(subject, str) else subject
    signer = issuer.key if issuer else key
    if algorithm is None and not isinstance(signer, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        algorithm = hashes.SHA256()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or (issuer.certificate.subject if issuer else subject))
        .public_key(key.public_key())
        .serial_number(0x1234)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Made(builder.sign(signer, algorithm), key)


def authority(common_name: str = "Test root", **options: Any) -> Made:
    """Return a certification authority."""
    return make(common_name, extensions=(x509.BasicConstraints(ca=True, path_length=None),), **options)


def alternative_names(*dns: str) -> x509.SubjectAlternativeName:
    """Return a subjectAltName extension of DNS names."""
    return x509.SubjectAlternativeName([x509.DNSName(text) for text in dns])
