"""Certificates for tests, made on the spot: valid from 2000 to 2100 unless a test says otherwise.

``make`` has the library build them; ``assemble`` puts them together from octets, in ways that no library would.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

import cryptography
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import NameOID

from check_starttls_cert.ber import encode

LIBRARY_VERSION = int(cryptography.__version__.partition(".")[0])

LIBRARY_KEEPS_ORDER = LIBRARY_VERSION >= 42
"""Up to version 40 at least, it makes a Python set of the attributes in one part of a name."""

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


# Octets of certificates: RFC 5280 section 4.1 in DER, and whatever else a test puts in the place of a part.

SIGNER = ec.generate_private_key(ec.SECP256R1())
ECDSA_SHA256 = encode(0x30, bytes.fromhex("06082a8648ce3d040302"))
COMMON_NAME, ORGANIZATION = b"\x06\x03\x55\x04\x03", b"\x06\x03\x55\x04\x0a"
UTF8, NUMERIC, PRINTABLE, T61, IA5, VISIBLE, UNIVERSAL, BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E


def attribute(value: bytes, tag: int = UTF8, kind: bytes = COMMON_NAME) -> bytes:
    """Return one attribute of a name."""
    return encode(0x30, kind, encode(tag, value))


def distinguished(*attributes: bytes) -> bytes:
    """Return a name of parts that have one attribute each."""
    return encode(0x30, *(encode(0x31, each) for each in attributes))


def key_info(key: Any) -> bytes:
    """Return a SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def extension(oid: str, *value: bytes, critical: bytes = b"") -> bytes:
    """Return an extension; ``oid`` is in hexadecimal."""
    return encode(0x30, encode(6, bytes.fromhex(oid)), critical, encode(4, *value))


SAN, BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE = "551d11", "551d13", "551d0f", "551d25"
SUBJECT_KEY_ID, AUTHORITY_KEY_ID, CRL_POINTS, AUTHORITY_INFO = "551d0e", "551d23", "551d1f", "2b06010505070101"
MTA = distinguished(attribute(b"mta.example.com"))
MTA_SAN = extension(SAN, encode(0x30, encode(0x82, b"mta.example.com")))


def assemble(  # noqa: PLR0913 - each is one way to be odd
    *,
    version: bytes = b"\xa0\x03\x02\x01\x02",
    serial: bytes = b"\x02\x01\x07",
    algorithm: bytes = ECDSA_SHA256,
    outer: bytes | None = None,
    issuer: bytes = MTA,
    not_before: bytes = encode(0x17, b"000101000000Z"),
    not_after: bytes = encode(0x18, b"21000101000000Z"),
    validity: bytes | None = None,
    subject: bytes = MTA,
    key: bytes | None = None,
    unique_ids: bytes = b"",
    extensions: bytes | None = encode(0xA3, encode(0x30, MTA_SAN)),
    signer: Any = SIGNER,
) -> bytes:
    """Return a certificate of these parts, signed by ``signer`` as they are."""
    validity = encode(0x30, not_before, not_after) if validity is None else validity
    key = key_info(SIGNER) if key is None else key
    parts = (version, serial, algorithm, issuer, validity, subject, key, unique_ids, extensions or b"")
    tbs = encode(0x30, *parts)
    signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return encode(0x30, tbs, algorithm if outer is None else outer, encode(3, b"\0", signature))


def with_extensions(*extensions: bytes) -> bytes:
    """Return a certificate with these extensions."""
    return assemble(extensions=encode(0xA3, encode(0x30, *extensions)))
