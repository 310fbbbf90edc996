"""A certificate's facts, read once from its DER; pure. No thresholds, no clock, no opinion, no cryptography.

Why a reader of our own and not the ``cryptography`` library's: that refuses certificates which TLS clients accept
(``critical`` written out though it is the default, odd versions, Latin-1 in a name), and what it refuses
changes with its version: ECDSA with NULL parameters was read by 46 and is refused by 50. A monitor that
cannot read what its users' mail clients read reports a failure that is none. So this reads what OpenSSL reads.

The one rule of this file: each element is read alone. One odd attribute costs that attribute and not the name, one odd
extension costs that extension; ``Facts.malformed`` says which. Only a certificate without a validity period
that can be read has no facts.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Iterable, Iterator, NamedTuple, TypeVar

from check_starttls_cert import der as d
from check_starttls_cert import distinguished_name, oids
from check_starttls_cert.ber import encode
from check_starttls_cert.der import DERError, Element
from check_starttls_cert.distinguished_name import DistinguishedName
from check_starttls_cert.errors import CertificateError

T = TypeVar("T")

MAX_FIELD = 512 * 1024
"""Octets of a name, the extensions or a key that are looked into: five times the chain that OpenSSL takes."""

UNKNOWN_KEY = "unknown key type"

VERSION, EXTENSIONS = 0xA0, 0xA3
SERIAL, SIGNATURE, ISSUER, VALIDITY, SUBJECT, PUBLIC_KEY = range(6)
"""Places in the TBSCertificate after the optional version: RFC 5280 section 4.1."""

DNS_NAME, URI, IP_ADDRESS = 0x82, 0x86, 0x87
LAST_GENERAL_NAME = 8
"""Choices of GeneralName: RFC 5280 section 4.2.1.6."""


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
    sha1: str
    """Fingerprint over the DER, upper-case hexadecimal."""
    sha256: str
    issuer_attributes: tuple[str, ...]
    """``O=Lab`` and so on, one for each attribute of the issuer."""
    spki_sha256: bytes = b""
    """Digest of the SubjectPublicKeyInfo, for pins; empty where there is none."""
    self_signed: bool | None = None
    """Self-issued, and its own key verifies its signature (RFC 5280 section 3.2).

    ``None`` where that cannot be told or nobody asked: the reader does not verify, ``chain`` does.
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


class PSS(NamedTuple):
    """The parameters of an RSASSA-PSS signature. Names of hashes are empty where they are not known."""

    hash: str
    mask_hash: str
    salt_length: int


class Signed(NamedTuple):
    """The parts of a certificate that its signature is about."""

    octets: bytes
    """What is signed: the TBSCertificate."""
    algorithm: str
    """As numbers and dots."""
    parameters: bytes
    """DER; empty without any."""
    signature: bytes
    same_algorithm: bool
    """RFC 5280 section 4.1.1.2: the algorithm has to be named inside what is signed, and the same."""


def read(der: bytes) -> Facts:
    """Return the facts of one certificate.

    Time and memory are linear in its size. Raises ``CertificateError`` when it has no readable validity period.
    """
    malformed: list[str] = []
    tbs, algorithm, _ = _outer(der)
    fields, extensions = _fields(tbs)
    if len(fields) <= VALIDITY:
        raise _unreadable("its validity period is missing")
    not_before, not_after = _validity(fields[VALIDITY])
    subject = _name("subject", fields, SUBJECT, malformed)
    issuer = _name("issuer", fields, ISSUER, malformed)
    public_key = fields[PUBLIC_KEY] if len(fields) > PUBLIC_KEY else None
    signature_algorithm, signature_hash = _signature(algorithm)
    found = _extensions(extensions, malformed)
    return Facts(
        der=der,
        subject=subject.text,
        issuer=issuer.text,
        serial=_tolerant("serialNumber", lambda: d.integer(fields[SERIAL]), 0, malformed),
        not_before=not_before,
        not_after=not_after,
        key=_tolerant("public key", lambda: _key(public_key), Key(UNKNOWN_KEY, -1), malformed),
        signature_hash=signature_hash,
        common_names=subject.common_names,
        # Two empty names are equal, but that is not self-issued.
        self_issued=subject.canonical == issuer.canonical != b"",
        sha1=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        sha256=hashlib.sha256(der).hexdigest().upper(),
        issuer_attributes=tuple(map(str, issuer.attributes)),
        spki_sha256=hashlib.sha256(public_key.whole).digest() if public_key else b"",
        signature_algorithm=signature_algorithm,
        canonical_subject=subject.canonical,
        canonical_issuer=issuer.canonical,
        malformed=tuple(malformed),
        **found,
    )


def canonical_subject(der: bytes) -> bytes:
    """Return ``Facts.canonical_subject`` alone, for searching a store; empty where there is no name."""
    try:
        fields, _ = _fields(_outer(der)[0])
    except CertificateError:
        return b""
    return _name("subject", fields, SUBJECT, []).canonical


def signed(facts: Facts) -> Signed | None:
    """Return what the certificate's signature is about; ``None`` where there is no signature."""
    tbs, algorithm, signature = _outer(facts.der)
    fields, _ = _fields(tbs)
    try:
        if algorithm is None or signature is None:
            return None
        kind, parameters = _algorithm(algorithm)
        return Signed(
            octets=bytes(tbs.whole),
            algorithm=kind,
            parameters=bytes(parameters.whole) if parameters else b"",
            signature=d.bits(signature),
            same_algorithm=algorithm.whole == fields[SIGNATURE].whole,
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
    try:
        algorithm, key = d.pair(info)
        if _algorithm(algorithm)[0] == oids.RSASSA_PSS:
            return encode(d.SEQUENCE, bytes.fromhex("300d06092a864886f70d0101010500"), key.whole)
    except DERError:
        pass
    return bytes(info.whole)


def pss(parameters: memoryview) -> PSS:
    """Return the parameters of an RSASSA-PSS signature; what is not written is its default (RFC 4055 section 3.1)."""
    hash_name = mask_hash = "sha1"
    salt_length = 20
    if parameters:
        for element in d.sequence(d.single(parameters)):
            inside = d.single(element.contents)
            if element.tag == 0xA0:
                hash_name = oids.HASHES.get(_algorithm(inside)[0], "")
            elif element.tag == 0xA1:
                _, mask = _algorithm(inside)
                mask_hash = oids.HASHES.get(_algorithm(mask)[0], "") if mask else ""
            elif element.tag == 0xA2:
                salt_length = d.integer(inside)
    return PSS(hash_name, mask_hash, salt_length)


def _unreadable(why: str, quote: bytes = b"") -> CertificateError:
    return CertificateError(f"the server's certificate cannot be read: {why}", quote=quote)


def _outer(der: bytes) -> tuple[Element, Element | None, Element | None]:
    """Return TBSCertificate, signatureAlgorithm and signature. Raises ``CertificateError`` without the first."""
    try:
        inside = d.readable(d.single(memoryview(der)).contents, 3)
    except DERError:
        raise _unreadable("it is cut short" if der[:1] == b"\x30" else "it is no X.509 certificate") from None
    if not inside or inside[0].tag != d.SEQUENCE:
        raise _unreadable("it is no X.509 certificate")
    return inside[0], inside[1] if len(inside) > 1 else None, inside[2] if len(inside) > 2 else None


def _fields(tbs: Element) -> tuple[list[Element], Element | None]:
    """Return the fields from serialNumber to subjectPublicKeyInfo, as far as there are, and the extensions."""
    fields = d.readable(tbs.contents, 12)
    if fields and fields[0].tag == VERSION:
        del fields[0]
    extensions = [field for field in fields[PUBLIC_KEY + 1 :] if field.tag == EXTENSIONS]
    return fields[: PUBLIC_KEY + 1], extensions[0] if extensions else None


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


def _validity(field: Element) -> tuple[datetime, datetime]:
    times = d.readable(field.contents, 2)
    if field.tag != d.SEQUENCE or len(times) < 2:
        raise _unreadable("its validity period is missing")
    not_before, not_after = (_time(what, time) for what, time in zip(("notBefore", "notAfter"), times))
    return not_before, not_after


def _time(what: str, element: Element) -> datetime:
    """Return the moment of a UTCTime or GeneralizedTime, in any form that OpenSSL can print.

    RFC 5280 section 4.1.2.5 has seconds, ``Z`` and no fraction; X.680 leaves out the first and has offsets.
    """
    octets = bytes(element.contents)
    try:
        octets = d.string(element)
        kind = element.tag & ~d.CONSTRUCTED
        digits = len(octets) - len(octets.lstrip(b"0123456789"))
        if kind == d.UTC_TIME and digits in (10, 12):
            # RFC 5280 section 4.1.2.5.1: from 50 on it is the last century.
            written = (b"19" if octets[:2] >= b"50" else b"20") + octets[:digits]
        elif kind == d.GENERALIZED_TIME and digits in (12, 14):
            written = octets[:digits]
        else:
            raise ValueError(digits)
        zone = octets[digits:]
        if zone[:1] == b"." and kind == d.GENERALIZED_TIME:
            zone = zone[1:].lstrip(b"0123456789")
        year, month, day, hour, minute, second = map(
            int, (written[:4], written[4:6], written[6:8], written[8:10], written[10:12], written[12:] or b"0")
        )
        leap_second = second == 60
        # 4, because it is a leap year, as 0 would be
        moment = datetime(year or 4, month, day, hour, minute, second - leap_second, tzinfo=timezone.utc)
        shift = timedelta(seconds=leap_second) - _offset(zone)
    except ValueError:  # DERError is one
        raise _unreadable(f"its {what} is no date", quote=octets) from None
    if not year:
        return datetime.min.replace(tzinfo=timezone.utc)
    try:
        return moment + shift
    except OverflowError:
        extreme = datetime.min if shift < timedelta(0) else datetime.max
        return extreme.replace(tzinfo=timezone.utc)


def _offset(zone: bytes) -> timedelta:
    """Return how far a time zone, ``Z`` or ``+0100``, is ahead of UTC. Raises ``ValueError``."""
    if zone == b"Z":
        return timedelta(0)
    if len(zone) != 5 or zone[:1] not in b"+-" or not zone[1:].isdigit():
        raise ValueError(zone)
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return ahead if zone[:1] == b"+" else -ahead


def _algorithm(element: Element) -> tuple[str, Element | None]:
    """Return the number of an AlgorithmIdentifier and its parameters (RFC 5280 section 4.1.1.2)."""
    parts = d.readable(element.contents, 2)
    if element.tag != d.SEQUENCE or not parts:
        raise DERError("no AlgorithmIdentifier")
    return d.object_identifier(parts[0]), parts[1] if len(parts) > 1 else None


def _signature(algorithm: Element | None) -> tuple[str, str]:
    """Return the signature algorithm in words, and its hash; both are empty where they cannot be read."""
    try:
        number, parameters = _algorithm(algorithm) if algorithm else ("", None)
        if number == oids.RSASSA_PSS:
            words, hash_name = "RSA-PSS", pss(parameters.whole if parameters else memoryview(b"")).hash
        elif number in oids.SIGNATURES:
            key, hash_name = oids.SIGNATURES[number]
            words = "ECDSA" if key == "EC" else key
        else:
            words, hash_name = number, ""
    except DERError:
        return "", ""
    return f"{words} with {oids.HASH_WORDS[hash_name]}" if hash_name else words, hash_name


def _key(info: Element | None) -> Key:
    """Return the kind and size of the key in a SubjectPublicKeyInfo."""
    if info is None:
        raise DERError("there is none")
    algorithm, key = d.pair(info)
    number, parameters = _algorithm(algorithm)
    if number in (oids.RSA, oids.RSASSA_PSS):
        modulus = d.single(d.single(key.contents[1:]).contents)
        return Key("RSA", _unsigned_bits(modulus))
    if number == oids.DSA:
        # RFC 3279 section 2.3.2: without parameters they are the issuer's.
        if parameters is None or parameters.tag != d.SEQUENCE:
            return Key("DSA", -1)
        return Key("DSA", _unsigned_bits(d.single(parameters.contents)))
    if number == oids.EC:
        return Key("EC", _curve_bits(parameters))
    if number in oids.KEYS:
        return Key(*oids.KEYS[number])
    return Key(f"{UNKNOWN_KEY} {number}", -1)


def _unsigned_bits(element: Element) -> int:
    """Return the bits of a number that OpenSSL takes for positive, whatever its first bit says."""
    if element.tag != d.INTEGER:
        raise DERError("it is no INTEGER")
    return int.from_bytes(element.contents, "big").bit_length()


def _curve_bits(parameters: Element | None) -> int:
    """Return the bits of an elliptic curve's field: of a named one, or of one written out (RFC 3279 section 2.3.5)."""
    if parameters is None:
        return -1
    if parameters.tag == d.OBJECT_IDENTIFIER:
        return oids.CURVES.get(d.object_identifier(parameters), -1)
    if parameters.tag != d.SEQUENCE:
        return -1
    _, field = d.pair(parameters)
    number, size = _algorithm(field)
    if size is None:
        return -1
    if number == oids.PRIME_FIELD:
        return _unsigned_bits(size)
    return d.integer(d.single(size.contents)) if number == oids.BINARY_FIELD else -1


def _extensions(field: Element | None, malformed: list[str]) -> dict[str, Any]:
    """Return those facts of ``Facts`` that come from extensions; note those that cannot be read."""
    found: dict[str, Any] = {"dns_names": (), "ip_addresses": ()}
    if field is None:
        return found
    seen: set[str] = set()
    try:
        if len(field.whole) > MAX_FIELD:
            raise DERError("too long")
        for extension in d.sequence(d.single(field.contents)):
            parts = d.readable(extension.contents, 3)
            number = d.object_identifier(parts[0]) if parts and parts[0].tag == d.OBJECT_IDENTIFIER else ""
            if number not in EXTENSION_READERS:
                continue
            name, read_it = EXTENSION_READERS[number]
            if number in seen:
                # RFC 5280 section 4.2; OpenSSL refuses the certificate.
                malformed.append(f"{name} is there twice")
                continue
            seen.add(number)
            try:
                if parts[-1].tag & ~d.CONSTRUCTED != d.OCTET_STRING:
                    raise DERError("no value")
                complaint = read_it(d.single(memoryview(d.string(parts[-1]))), found)
            except DERError:
                malformed.append(name)
            else:
                if complaint:
                    malformed.append(f"{name} {complaint}")
    except DERError:
        malformed.append("extensions")
    return found


def _alternative_names(names: Element, found: dict[str, Any]) -> None:
    dns_names, addresses = [], []
    try:
        for tag, name in _general_names(d.sequence(names)):
            if tag == DNS_NAME:
                dns_names.append(_ia5(name))
            elif tag == IP_ADDRESS:
                addresses.append(d.string(name))
    finally:  # what comes before a broken one is kept
        found.update(dns_names=tuple(dns_names), ip_addresses=tuple(addresses))


def _general_names(names: Iterable[Element]) -> Iterator[tuple[int, Element]]:
    """Yield each GeneralName with its tag; strings may be in pieces. Raises ``DERError`` at the end for unknown ones."""
    unknown = False
    for name in names:
        if name.tag & 0xC0 != 0x80 or name.tag & 0x1F > LAST_GENERAL_NAME:
            unknown = True
        else:
            yield name.tag & ~d.CONSTRUCTED, name
    if unknown:
        raise DERError("no GeneralName")


def _ia5(name: Element) -> str:
    return d.string(name).decode("utf-8", "backslashreplace")


def _basic_constraints(value: Element, found: dict[str, Any]) -> str | None:
    """Both are optional, and the default may be written out though DER forbids it."""
    parts = d.readable(value.contents, 2)
    found["is_ca"] = d.boolean(parts.pop(0)) if parts and parts[0].tag == d.BOOLEAN else False
    if parts:
        found["path_length"] = d.integer(parts[0])
        if found["path_length"] < 0:
            return "has a negative path length"
    return None


def _key_usage(value: Element, found: dict[str, Any]) -> str | None:
    octets = d.bits(value)
    found["key_usage"] = frozenset(
        name
        for place, name in enumerate(oids.KEY_USAGES)
        if place // 8 < len(octets) and octets[place // 8] & 0x80 >> place % 8
    )
    return None if found["key_usage"] else "is empty"


def _extended_key_usage(value: Element, found: dict[str, Any]) -> None:
    numbers = [d.object_identifier(purpose) for purpose in d.sequence(value)]
    found["extended_key_usage"] = tuple(oids.EXTENDED_KEY_USAGES.get(number, number) for number in numbers)


def _subject_key_id(value: Element, found: dict[str, Any]) -> None:
    if value.tag & ~d.CONSTRUCTED != d.OCTET_STRING:
        raise DERError("no OCTET STRING")
    found["subject_key_id"] = d.string(value)


def _authority_key_id(value: Element, found: dict[str, Any]) -> None:
    for part in d.sequence(value):
        if part.tag & ~d.CONSTRUCTED == 0x80:
            found["authority_key_id"] = d.string(part)


def _authority_information(value: Element, found: dict[str, Any]) -> None:
    urls: dict[str, list[str]] = {oids.OCSP: [], oids.CA_ISSUERS: []}
    try:
        for description in d.sequence(value):
            method, place = d.pair(description)
            if place.tag & ~d.CONSTRUCTED == URI:
                urls.setdefault(d.object_identifier(method), []).append(_ia5(place))
    finally:
        found.update(ocsp_urls=tuple(urls[oids.OCSP]), issuer_urls=tuple(urls[oids.CA_ISSUERS]))


def _crl_distribution_points(value: Element, found: dict[str, Any]) -> None:
    urls = []
    try:
        for point in d.sequence(value):
            for part in d.sequence(point):
                if part.tag != 0xA0:  # distributionPoint
                    continue
                full_name = d.single(part.contents)
                if full_name.tag == 0xA0:  # the other choice is a name relative to the issuer's
                    urls += [_ia5(name) for tag, name in _general_names(d.elements(full_name.contents)) if tag == URI]
    finally:
        found.update(crl_urls=tuple(urls))


EXTENSION_READERS: dict[str, tuple[str, Callable[[Element, dict[str, Any]], str | None]]] = {
    oids.ALTERNATIVE_NAMES: ("subjectAltName", _alternative_names),
    oids.BASIC_CONSTRAINTS: ("basicConstraints", _basic_constraints),
    oids.KEY_USAGE: ("keyUsage", _key_usage),
    oids.EXTENDED_KEY_USAGE: ("extendedKeyUsage", _extended_key_usage),
    oids.SUBJECT_KEY_ID: ("subjectKeyIdentifier", _subject_key_id),
    oids.AUTHORITY_KEY_ID: ("authorityKeyIdentifier", _authority_key_id),
    oids.AUTHORITY_INFORMATION: ("authorityInfoAccess", _authority_information),
    oids.CRL_DISTRIBUTION_POINTS: ("cRLDistributionPoints", _crl_distribution_points),
}
"""Each sets its facts as soon as it has them, so that what comes before a broken element is kept."""
