"""A certificate's facts, read once from its DER; pure.

The one rule of this file: an odd certificate is still reported. What ``cryptography`` refuses to parse
(a malformed name, one broken extension, an unknown key type) becomes an empty fact, not an error, as long
as there is a validity period to judge. No thresholds, no clock, no opinion.
"""

from __future__ import annotations

import hashlib
import ipaddress
import warnings
from datetime import datetime, timedelta, timezone
from typing import Callable, Iterator, NamedTuple, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

from check_starttls_cert import ber
from check_starttls_cert.errors import CertificateError

T = TypeVar("T")

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
"""What ``cryptography`` raises, over its versions, for fields that it does not accept."""

ATTRIBUTE_NAMES = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COUNTRY_NAME: "C",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.LOCALITY_NAME: "L",
    NameOID.DOMAIN_COMPONENT: "DC",
}
"""Short names of RFC 4514 section 3."""

DNS_NAME = 0x82
IP_ADDRESS = 0x87
VERSION = 0xA0
ISSUER, SUBJECT, PUBLIC_KEY = 2, 4, 5
"""Places in the TBSCertificate after the optional version: RFC 5280 section 4.1."""
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
EXTENSIONS = 0xA3
SUBJECT_ALT_NAME = b"\x55\x1d\x11"  # 2.5.29.17


class Key(NamedTuple):
    """A public key: its algorithm and its size in bits, ``-1`` when the size is not known."""

    algorithm: str
    bits: int

    def __str__(self) -> str:
        return f"{self.algorithm} {self.bits}" if self.bits > 0 else self.algorithm


class Facts(NamedTuple):
    """What a certificate says about itself. Text is as foreign as its author: show it through ``printable``."""

    der: bytes
    subject: str
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime
    key: Key
    signature_hash: str
    """``sha256``; empty for algorithms without a separate hash (EdDSA) or unknown ones."""
    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    ip_addresses: tuple[bytes, ...]
    """Packed, 4 or 16 octets."""
    self_issued: bool
    """Issuer and subject are the same name."""
    sha1: str
    """Fingerprint over the DER, upper-case hexadecimal."""
    sha256: str
    issuer_attributes: tuple[str, ...]
    """``O=Lab`` and so on, one for each attribute of the issuer."""

    self_signed: bool | None = None
    """Self-issued, and its own key verifies its signature (RFC 5280 section 3.2)."""
    spki_sha256: bytes = b""
    """Digest of the SubjectPublicKeyInfo, for pins; empty where that cannot be found."""

    @property
    def lifetime(self) -> timedelta:
        """The whole validity period."""
        return self.not_after - self.not_before

    @property
    def display_name(self) -> str:
        """The name by which a person knows this certificate; empty when it has none."""
        names = self.common_names or self.dns_names
        return names[0] if names else self.subject

    @property
    def issuer_name(self) -> str:
        """The name by which a person knows the issuer."""
        common = [text[len("CN=") :] for text in self.issuer_attributes if text.startswith("CN=")]
        return common[0] if common else self.issuer


def facts(der: bytes) -> Facts:
    """Return the facts of one DER certificate. Raises ``CertificateError`` when it is beyond reading."""
    with warnings.catch_warnings():
        # cryptography warns of negative serials and the like; the monitor reads on.
        warnings.simplefilter("ignore")
        try:
            certificate = _load(der)
            not_before, not_after = _validity(certificate)
        except UNREADABLE as error:
            raise CertificateError("the server's certificate cannot be parsed", quote=str(error)) from error
        dns_names, ip_addresses = _alternative_names(certificate, der)
        subject = _tolerant(lambda: certificate.subject, x509.Name([]))
        issuer = _tolerant(lambda: certificate.issuer, x509.Name([]))
        read = Facts(
            der=der,
            subject=_tolerant(subject.rfc4514_string, ""),
            issuer=_tolerant(issuer.rfc4514_string, ""),
            serial=_tolerant(lambda: certificate.serial_number, 0),
            not_before=not_before,
            not_after=not_after,
            key=_key(certificate),
            signature_hash=_signature_hash(certificate),
            common_names=tuple(str(cn.value) for cn in subject.get_attributes_for_oid(NameOID.COMMON_NAME)),
            dns_names=dns_names,
            ip_addresses=ip_addresses,
            # Empty names are equal too, but nobody is called nothing.
            self_issued=subject == issuer and len(list(subject)) > 0,
            sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
            sha256=hashlib.sha256(der).hexdigest().upper(),
            issuer_attributes=tuple(
                f"{ATTRIBUTE_NAMES.get(attribute.oid, attribute.oid.dotted_string)}={attribute.value!s}"
                for attribute in issuer
            ),
            spki_sha256=_spki_sha256(der),
        )
    return read._replace(self_signed=read.self_issued and issued_by(read, read))


def _spki_sha256(der: bytes) -> bytes:
    try:
        fields = [field for field in ber.elements(_signed_part(der)[1]) if field[0] != VERSION]
        return hashlib.sha256(ber.encode(*fields[PUBLIC_KEY])).digest()
    except (ValueError, IndexError):
        return b""


def issued_by(certificate: Facts, issuer: Facts) -> bool:
    """Return whether ``issuer`` is the certificate whose key signed ``certificate`` (RFC 5280 section 6.1)."""
    if certificate.issuer != issuer.subject:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signed = ber.encode(*_signed_part(certificate.der))
        return _is_signed_by(_load(certificate.der), signed, _load(issuer.der))


def _is_signed_by(certificate: x509.Certificate, signed: bytes, issuer: x509.Certificate) -> bool:
    """Return whether the issuer's key verifies the certificate's signature of ``signed``.

    ``False`` too when the algorithm is unknown here. Written out because cryptography's own
    ``verify_directly_issued_by`` came with version 40.
    """
    try:
        key = issuer.public_key()
        signature = certificate.signature
        algorithm = certificate.signature_hash_algorithm
        if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, signed)
        elif algorithm is None:
            return False
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, _rsa_padding(certificate, algorithm), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(algorithm))
        elif isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, signed, algorithm)
        else:
            return False
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _rsa_padding(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> padding.PSS | padding.PKCS1v15:
    if certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        return padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
    return padding.PKCS1v15()


def _load(der: bytes) -> x509.Certificate:
    """Return the certificate; where ``cryptography`` refuses the characters of a name, with that name repaired."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return x509.load_der_x509_certificate(_with_plain_names(der))


def _with_plain_names(der: bytes) -> bytes:
    """Return the certificate with every PrintableString in its names called a UTF8String.

    X.680 section 41.4 gives PrintableString no "*", "@", "_" or "&", but authorities put them there, and every
    client takes them. Raises ``ValueError`` when ``der`` is something else altogether.
    """

    def plain(name: bytes) -> bytes:
        # Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }: RFC 5280 section 4.1.2.4
        return b"".join(
            ber.encode(
                set_tag,
                *(
                    ber.encode(
                        tag,
                        *(ber.encode(UTF8_STRING if t == PRINTABLE_STRING else t, v) for t, v in ber.elements(pair)),
                    )
                    for tag, pair in ber.elements(pairs)
                ),
            )
            for set_tag, pairs in ber.elements(name)
        )

    ((tag, certificate),) = ber.elements(der)
    signed, *rest = ber.elements(certificate)
    fields = list(ber.elements(signed[1]))
    first = 1 if fields[:1] and fields[0][0] == VERSION else 0
    for index in (first + ISSUER, first + SUBJECT):
        if index < len(fields):
            fields[index] = (fields[index][0], plain(fields[index][1]))
    signed = (signed[0], b"".join(ber.encode(*field) for field in fields))
    return ber.encode(tag, *(ber.encode(*element) for element in (signed, *rest)))


def _tolerant(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except UNREADABLE:
        return otherwise


def _validity(certificate: x509.Certificate) -> tuple[datetime, datetime]:
    if hasattr(certificate, "not_valid_after_utc"):  # cryptography 42 and newer
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return (
        certificate.not_valid_before.replace(tzinfo=timezone.utc),
        certificate.not_valid_after.replace(tzinfo=timezone.utc),
    )


def _key(certificate: x509.Certificate) -> Key:
    key = _tolerant(certificate.public_key, None)
    if isinstance(key, rsa.RSAPublicKey):
        return Key("RSA", key.key_size)
    if isinstance(key, dsa.DSAPublicKey):
        return Key("DSA", key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Key("EC", key.curve.key_size)
    # RFC 8032 section 5: public keys of 32 and 57 octets.
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Key("Ed25519", 256)
    if isinstance(key, ed448.Ed448PublicKey):
        return Key("Ed448", 456)
    return Key("unknown key type", -1)


def _signature_hash(certificate: x509.Certificate) -> str:
    algorithm = _tolerant(lambda: certificate.signature_hash_algorithm, None)
    return algorithm.name if algorithm else ""


def _alternative_names(certificate: x509.Certificate, der: bytes) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    """Return the subjectAltName's dNSName and iPAddress entries.

    ``cryptography`` refuses all extensions of a certificate for one that is malformed; clients do not.
    """
    try:
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        assert isinstance(names, x509.SubjectAlternativeName)
        return (
            tuple(names.get_values_for_type(x509.DNSName)),
            tuple(
                address.packed
                for address in names.get_values_for_type(x509.IPAddress)
                # Networks belong into name constraints (RFC 5280 section 4.2.1.10) and cover nobody here.
                if isinstance(address, (ipaddress.IPv4Address, ipaddress.IPv6Address))
            ),
        )
    except x509.ExtensionNotFound:
        return (), ()
    except (*UNREADABLE, AttributeError, x509.DuplicateExtension):
        found = list(_general_names(der))
        return (
            tuple(value.decode("utf-8", "backslashreplace") for tag, value in found if tag == DNS_NAME),
            tuple(value for tag, value in found if tag == IP_ADDRESS),
        )


def _signed_part(der: bytes) -> tuple[int, bytes]:
    """Return tag and contents of the TBSCertificate. Raises ``ValueError``."""
    ((_, certificate),) = ber.elements(der)
    return next(ber.elements(certificate))


def _general_names(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and contents of each GeneralName in the subjectAltName, as far as it can be read."""
    try:
        for tag, wrapped in ber.elements(_signed_part(der)[1]):
            if tag != EXTENSIONS:
                continue
            ((_, extensions),) = ber.elements(wrapped)
            for _, extension in ber.elements(extensions):
                parts = list(ber.elements(extension))
                if parts[0] == (ber.OBJECT_IDENTIFIER, SUBJECT_ALT_NAME):
                    ((_, names),) = ber.elements(parts[-1][1])
                    yield from ber.elements(names)
    except (ValueError, IndexError):
        return
