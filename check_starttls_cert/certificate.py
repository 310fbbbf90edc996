"""A certificate's facts, read once from its DER; pure. No thresholds, no clock, no opinion, no cryptography.

Why a reader of our own and not the ``cryptography`` library's: that refuses certificates which TLS clients accept
(``critical`` written out though it is the default, odd versions, Latin-1 in a name), and what it refuses
changes with its version: ECDSA with NULL parameters was read by 46 and is refused by 50. A monitor that
cannot read what its users' mail clients read reports a failure where there is none. So this reads what OpenSSL reads.

The one rule of this file: each element is read alone. One odd attribute costs that attribute and not the name, one odd
extension costs that extension; ``Facts.malformed`` says which. Only a certificate without a validity period
that can be read has no facts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache

from check_starttls_cert import algorithm, distinguished_name, extensions, oids, public_key
from check_starttls_cert import der as x690
from check_starttls_cert.ber import encode
from check_starttls_cert.der import DERError, Element
from check_starttls_cert.distinguished_name import DistinguishedName
from check_starttls_cert.errors import CertificateError
from check_starttls_cert.public_key import UNKNOWN_KEY, Key
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import MAX_LENGTH

if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


MAX_FIELD = 512 * 1024
"""Octets of a name or of all extensions that are looked into: five times the chain that OpenSSL's clients take."""

REMEMBERED = 256
"""Certificates whose facts are kept: a process that checks many servers meets the same issuers again and again."""

MAX_REMEMBERED = 8 * 1024
"""Octets of one of them, so that hostile ones need no more than a few megabytes."""

VERSION, EXTENSIONS = 0xA0, 0xA3
SERIAL, SIGNATURE, ISSUER, VALIDITY, SUBJECT, PUBLIC_KEY = range(6)
"""Places in the TBSCertificate after the optional version: RFC 5280 section 4.1."""

MAX_FIELDS = 12
"""Fields of a TBSCertificate that are looked for; there are at most 10."""

NOTHING = Element(0, memoryview(b""), memoryview(b""))
NO_EXTENSIONS = next(x690.elements(memoryview(b"\xa3\x02\x30\x00")))

ALGORITHMS_DIFFER = "the signature algorithm inside is not the one outside"
"""A word of ``Facts.malformed``."""

RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")
"""The AlgorithmIdentifier of RSA keys: RFC 3279 section 2.3.1."""


class Facts(NamedTuple):
    """What a certificate says about itself. Text is as foreign as its author: show it through ``printable``."""

    der: bytes
    subject: str
    """As RFC 4514 writes it."""
    issuer: str
    serial: int
    """Of any sign and size; 0 where there is none."""
    not_before: datetime
    """In UTC. Years that ``datetime`` does not know are its first and its last moment."""
    not_after: datetime
    key: Key
    signature_hash: str
    """``sha256``; empty for algorithms without a separate hash (EdDSA) or unknown ones."""
    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    """As they are written: never normalised; octets that are no UTF-8 as ``\\xfc``."""
    ip_addresses: tuple[bytes, ...]
    """Packed, 4 or 16 octets if they are addresses at all."""
    self_issued: bool
    """Issuer and subject are the same name, and there is one."""
    issuer_attributes: tuple[str, ...]
    """``O=Lab`` and so on, one for each attribute of the issuer."""
    spki: bytes = b""
    """The SubjectPublicKeyInfo as it is written; empty where there is none."""
    self_signed: bool | None = None
    """Self-issued, and its own key verifies its signature (RFC 5280 section 3.2).

    ``None`` where that cannot be told or nobody asked: the reader does not verify, ``chain`` does where it matters.
    """
    signature_algorithm: str = ""
    """In words: ``RSA with SHA-256``; the number of an unknown one."""
    is_ca: bool | None = None
    """basicConstraints; ``None`` without that extension."""
    path_length: int | None = None
    key_usage: frozenset[str] | None = None
    """RFC 5280's names, such as ``keyCertSign``."""
    extended_key_usage: tuple[str, ...] | None = None
    """Names such as ``serverAuth``; the numbers of unknown ones."""
    netscape_types: frozenset[str] | None = None
    """Bits of Netscape's certificate type, such as ``sslServer``."""
    constrains_names: bool = False
    """It is an authority for certain names only (RFC 5280 section 4.2.1.10)."""
    unknown_critical: tuple[str, ...] = ()
    """Numbers of critical extensions for which OpenSSL refuses a certificate."""
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    """caIssuers of authorityInfoAccess."""
    crl_urls: tuple[str, ...] = ()
    canonical_subject: bytes = b""
    """For comparison: equal for names that are the same to OpenSSL (RFC 5280 section 7.1); empty for no name."""
    canonical_issuer: bytes = b""
    malformed: tuple[str, ...] = ()
    """What could not be read, or makes OpenSSL refuse the certificate, as words for a sentence."""

    @property
    def sha1(self) -> str:
        """Fingerprint over the DER, upper-case hexadecimal."""
        import hashlib  # a quarter of the time that all of this package takes to import, and often not needed

        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @property
    def sha256(self) -> str:
        """Fingerprint over the DER, upper-case hexadecimal."""
        import hashlib

        return hashlib.sha256(self.der).hexdigest().upper()

    @property
    def spki_sha256(self) -> bytes:
        """Digest of the SubjectPublicKeyInfo, for pins (RFC 7469 section 2.4); empty where there is none."""
        import hashlib

        return hashlib.sha256(self.spki).digest() if self.spki else b""

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


class Signed(NamedTuple):
    """The parts of a certificate that its signature is about."""

    octets: bytes
    """What is signed: the TBSCertificate."""
    algorithm: str
    """As numbers and dots."""
    parameters: bytes
    """DER; empty without any."""
    signature: bytes


def read(der: bytes) -> Facts:
    """Return the facts of one certificate.

    Time and memory are linear in its size. Raises ``CertificateError`` when it has no readable validity period.
    """
    return _remembered(der) if len(der) <= MAX_REMEMBERED else _read(der)


def _read(der: bytes) -> Facts:
    tbs, outer_algorithm, signature = _outer(der)
    fields, extension_field = _fields(tbs)
    if len(fields) <= VALIDITY:
        raise _unreadable("its validity period is missing")
    malformed: list[str] = []
    not_before, not_after = _validity(fields[VALIDITY], malformed)
    serial = _tolerant("serialNumber", lambda: x690.integer(fields[SERIAL]), 0, malformed)
    issuer = _name("issuer", fields, ISSUER, malformed)
    subject = _name("subject", fields, SUBJECT, malformed)
    key_info = fields[PUBLIC_KEY] if len(fields) > PUBLIC_KEY else NOTHING
    key = _tolerant("public key", lambda: public_key.read(key_info), Key(UNKNOWN_KEY, -1), malformed)
    found, odd = extensions.read(extension_field) if len(extension_field.whole) <= MAX_FIELD else ({}, ["extensions"])
    words, hash_name = algorithm.signature(outer_algorithm)
    if not signature.whole:
        malformed.append("signature")
    elif outer_algorithm.whole != fields[SIGNATURE].whole:
        # RFC 5280 section 4.1.1.2; OpenSSL takes the signature for a wrong one.
        malformed.append(ALGORITHMS_DIFFER)
    # Two empty names are equal, but that is not self-issued.
    self_issued = subject.canonical == issuer.canonical != b""
    return Facts(
        der=der,
        subject=subject.text,
        issuer=issuer.text,
        serial=serial,
        not_before=not_before,
        not_after=not_after,
        key=key,
        signature_hash=hash_name,
        common_names=subject.common_names,
        self_issued=self_issued,
        issuer_attributes=tuple(map(str, issuer.attributes)),
        spki=bytes(key_info.whole),
        self_signed=None if self_issued else False,
        signature_algorithm=words,
        canonical_subject=subject.canonical,
        canonical_issuer=issuer.canonical,
        malformed=tuple(dict.fromkeys((*malformed, *odd))),
        **{"dns_names": (), "ip_addresses": (), **found},
    )


_remembered = lru_cache(REMEMBERED)(_read)


def canonical_subject(der: bytes) -> bytes:
    """Return ``Facts.canonical_subject`` alone, for searching a store; empty where there is no name."""
    try:
        fields, _ = _fields(_outer(der)[0])
    except CertificateError:
        return b""
    return _name("subject", fields, SUBJECT, []).canonical


def signed(facts: Facts) -> Signed | None:
    """Return what the certificate's signature is about; ``None`` where there is no signature."""
    tbs, outer, signature = _outer(facts.der)
    try:
        number, parameters = algorithm.identifier(outer)
        return Signed(
            octets=bytes(tbs.whole),
            algorithm=number,
            parameters=bytes(parameters.whole) if parameters else b"",
            signature=x690.bits(signature),
        )
    except DERError:
        return None


def public_key_info(facts: Facts) -> bytes:
    """Return the SubjectPublicKeyInfo in DER, ready for ``load_der_public_key``; empty where there is none.

    A key for RSASSA-PSS alone is given as one for RSA: older libraries know no other.
    """
    fields, _ = _fields(_outer(facts.der)[0])
    if len(fields) <= PUBLIC_KEY:
        return b""
    info = fields[PUBLIC_KEY]
    with suppress(DERError):
        kind, key = x690.pair(info)
        if algorithm.identifier(kind)[0] == oids.RSASSA_PSS:
            return encode(x690.SEQUENCE, RSA_ENCRYPTION, bytes(key.whole))
    return bytes(info.whole)


def _unreadable(why: str, quote: bytes = b"") -> CertificateError:
    return CertificateError(f"the server's certificate cannot be read: {why}", quote=quote)


def _outer(der: bytes) -> tuple[Element, Element, Element]:
    """Return TBSCertificate, signatureAlgorithm and signature. Raises ``CertificateError`` without the first."""
    try:
        inside = x690.readable(x690.single(memoryview(der)).contents, 3)
    except DERError:
        raise _unreadable("it is cut short" if der[:1] == b"\x30" else "it is no X.509 certificate") from None
    if not inside or inside[0].tag != x690.SEQUENCE:
        raise _unreadable("it is no X.509 certificate")
    tbs, signature_algorithm, signature = (*inside, NOTHING, NOTHING)[:3]
    return tbs, signature_algorithm, signature


def _fields(tbs: Element) -> tuple[list[Element], Element]:
    """Return the fields from serialNumber to subjectPublicKeyInfo, as far as there are, and the extensions."""
    fields = x690.readable(tbs.contents, MAX_FIELDS)
    if fields and fields[0].tag == VERSION:
        del fields[0]
    extension_fields = [field for field in fields[PUBLIC_KEY + 1 :] if field.tag == EXTENSIONS]
    return fields[: PUBLIC_KEY + 1], extension_fields[0] if extension_fields else NO_EXTENSIONS


def _tolerant(what: str, read_it: Callable[[], T], otherwise: T, malformed: list[str]) -> T:
    try:
        return read_it()
    except DERError:
        malformed.append(what)
        return otherwise


def _name(what: str, fields: list[Element], place: int, malformed: list[str]) -> DistinguishedName:
    if len(fields) <= place or len(fields[place].whole) > MAX_FIELD:
        malformed.append(what)
        return DistinguishedName((), b"", intact=False)
    name = distinguished_name.read(fields[place])
    if not name.intact:
        malformed.append(what)
    return name


def _validity(field: Element, malformed: list[str]) -> tuple[datetime, datetime]:
    times = x690.readable(field.contents, 2)
    if field.tag != x690.SEQUENCE or len(times) < 2:
        raise _unreadable("its validity period is missing")
    found = _moment("notBefore", times[0]), _moment("notAfter", times[1])
    # OpenSSL prints times of other forms, and refuses the certificate.
    malformed += [what for what, time in zip(("notBefore", "notAfter"), times) if not x690.is_strict_moment(time)]
    return found


def _moment(what: str, time: Element) -> datetime:
    try:
        return x690.moment(time)
    except DERError:
        raise _unreadable(f"its {what} is no time", quote=bytes(time.contents[:MAX_LENGTH])) from None
