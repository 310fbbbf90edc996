"""The extensions of a certificate that are judged or shown (RFC 5280 section 4.2); pure.

Each is read alone, and within one, each name is: what is broken costs itself, and is said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from check_starttls_cert import der, oids
from check_starttls_cert.der import DERError, Element
from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


DNS_NAME, URI, IP_ADDRESS = 0x82, 0x86, 0x87
LAST_GENERAL_NAME = 8
"""Choices of GeneralName: RFC 5280 section 4.2.1.6."""


def read(field: Element) -> tuple[dict[str, Any], list[str]]:
    """Return facts by field name of ``Facts``, and the list of what is malformed.

    Of an extension that is there twice the first counts.
    """
    found: dict[str, Any] = {}
    malformed: list[str] = []
    unknown: list[str] = []
    seen: set[str] = set()
    try:
        for extension in der.sequence(der.single(field.contents)):
            number, critical, value = _parts(extension)
            if critical and number not in oids.KNOWN_EXTENSIONS:
                unknown.append(number)
            if number not in READERS:
                continue
            name = READERS[number][0]
            if number in seen:
                # RFC 5280 section 4.2; OpenSSL refuses the certificate.
                malformed.append(f"{name} is there twice")
                continue
            seen.add(number)
            malformed += _read_one(number, value, found)
    except DERError:
        malformed.append("extensions")
    if unknown:
        found["unknown_critical"] = tuple(dict.fromkeys(unknown))
    return found, malformed


def _parts(extension: Element) -> tuple[str, bool, Element | None]:
    """Return number, whether it is critical, and value."""
    parts = der.readable(extension.contents, 3)
    if not parts or parts[0].tag != der.OBJECT_IDENTIFIER:
        return "", False, None
    critical = len(parts) > 1 and parts[1].tag == der.BOOLEAN and any(parts[1].contents)
    return der.object_identifier(parts[0]), critical, parts[-1]


def _read_one(number: str, value: Element | None, found: dict[str, Any]) -> Iterator[str]:
    """Add what an extension says to ``found``; yield what is malformed."""
    name, read_it = READERS[number]
    try:
        if value is None or value.tag & ~der.CONSTRUCTED != der.OCTET_STRING:
            yield name
        elif complaint := read_it(der.single(memoryview(der.string(value))), found):
            yield f"{name} {complaint}"
    except DERError:
        yield name


def _alternative_names(names: Element, found: dict[str, Any]) -> None:
    dns_names, addresses = [], []
    try:
        for tag, name in _general_names(der.sequence(names)):
            if tag == DNS_NAME:
                dns_names.append(_ia5(name))
            elif tag == IP_ADDRESS:
                addresses.append(der.string(name))
    finally:  # what comes before a broken one is kept
        found.update(dns_names=tuple(dns_names), ip_addresses=tuple(addresses))


def _general_names(names: Iterable[Element]) -> Iterator[tuple[int, Element]]:
    """Yield each GeneralName with its tag. Raises ``DERError`` at the end where there were unknown ones."""
    unknown = False
    for name in names:
        if name.tag & 0xC0 != 0x80 or name.tag & 0x1F > LAST_GENERAL_NAME:
            unknown = True
        else:
            yield name.tag & ~der.CONSTRUCTED, name
    if unknown:
        raise DERError("no GeneralName")


def _ia5(name: Element) -> str:
    return der.string(name).decode("utf-8", "backslashreplace")


def _basic_constraints(value: Element, found: dict[str, Any]) -> str | None:
    """Both fields are optional. A default that is written out is taken, though DER forbids it."""
    if value.tag != der.SEQUENCE:
        raise DERError("no SEQUENCE")
    parts = der.readable(value.contents, 2)
    found["is_ca"] = der.boolean(parts.pop(0)) if parts and parts[0].tag == der.BOOLEAN else False
    if parts:
        found["path_length"] = der.integer(parts[0])
        if found["path_length"] < 0:
            return "has a negative path length"
    return None


def _key_usage(value: Element, found: dict[str, Any]) -> str | None:
    found["key_usage"] = _named_bits(value, oids.KEY_USAGES)
    return None if found["key_usage"] else "is empty"


def _named_bits(value: Element, names: Iterable[str]) -> frozenset[str]:
    octets = der.bits(value)
    return frozenset(
        name for place, name in enumerate(names) if place // 8 < len(octets) and octets[place // 8] & 0x80 >> place % 8
    )


def _netscape_type(value: Element, found: dict[str, Any]) -> None:
    found["netscape_types"] = _named_bits(value, oids.NETSCAPE_TYPES)


def _name_constraints(value: Element, found: dict[str, Any]) -> None:
    """OpenSSL applies them; here it is asked only whether they are there and can be read."""
    found["constrains_names"] = True
    for subtrees in der.sequence(value):
        for subtree in der.elements(subtrees.contents):
            list(der.sequence(subtree))


def _extended_key_usage(value: Element, found: dict[str, Any]) -> None:
    numbers = [der.object_identifier(purpose) for purpose in der.sequence(value)]
    found["extended_key_usage"] = tuple(oids.EXTENDED_KEY_USAGES.get(number, number) for number in numbers)


def _subject_key_id(value: Element, found: dict[str, Any]) -> None:
    if value.tag & ~der.CONSTRUCTED != der.OCTET_STRING:
        raise DERError("no OCTET STRING")
    found["subject_key_id"] = der.string(value)


def _authority_key_id(value: Element, found: dict[str, Any]) -> None:
    for part in der.sequence(value):
        if part.tag & ~der.CONSTRUCTED == 0x80:
            found["authority_key_id"] = der.string(part)


def _authority_information(value: Element, found: dict[str, Any]) -> None:
    urls: dict[str, list[str]] = {oids.OCSP: [], oids.CA_ISSUERS: []}
    try:
        for description in der.sequence(value):
            method, place = der.pair(description)
            if place.tag & ~der.CONSTRUCTED == URI:
                urls.setdefault(der.object_identifier(method), []).append(_ia5(place))
    finally:
        found.update(ocsp_urls=tuple(urls[oids.OCSP]), issuer_urls=tuple(urls[oids.CA_ISSUERS]))


def _crl_distribution_points(value: Element, found: dict[str, Any]) -> None:
    urls = []
    try:
        for point in der.sequence(value):
            for part in der.sequence(point):
                if part.tag != 0xA0:  # distributionPoint
                    continue
                full_name = der.single(part.contents)
                if full_name.tag == 0xA0:  # the other choice is a name relative to the issuer's
                    urls += [_ia5(name) for tag, name in _general_names(der.elements(full_name.contents)) if tag == URI]
    finally:
        found.update(crl_urls=tuple(urls))


READERS: dict[str, tuple[str, Callable[[Element, dict[str, Any]], str | None]]] = {
    oids.ALTERNATIVE_NAMES: ("subjectAltName", _alternative_names),
    oids.BASIC_CONSTRAINTS: ("basicConstraints", _basic_constraints),
    oids.KEY_USAGE: ("keyUsage", _key_usage),
    oids.EXTENDED_KEY_USAGE: ("extendedKeyUsage", _extended_key_usage),
    oids.SUBJECT_KEY_ID: ("subjectKeyIdentifier", _subject_key_id),
    oids.AUTHORITY_KEY_ID: ("authorityKeyIdentifier", _authority_key_id),
    oids.AUTHORITY_INFORMATION: ("authorityInfoAccess", _authority_information),
    oids.NETSCAPE_TYPE: ("nsCertType", _netscape_type),
    oids.NAME_CONSTRAINTS: ("nameConstraints", _name_constraints),
    oids.CRL_DISTRIBUTION_POINTS: ("cRLDistributionPoints", _crl_distribution_points),
}
"""Each sets its facts as soon as it has them, so that what comes before a broken element is kept."""
