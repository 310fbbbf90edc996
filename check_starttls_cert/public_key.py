"""The kind and size of a public key out of its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7); pure."""

from __future__ import annotations

from check_starttls_cert import der, oids
from check_starttls_cert.algorithm import identifier
from check_starttls_cert.der import DERError, Element
from check_starttls_cert.static_typing import NamedTuple

UNKNOWN_KEY = "unknown key type"


class Key(NamedTuple):
    """A public key: its algorithm and its size in bits, ``-1`` when the size is not known."""

    algorithm: str
    bits: int

    def __str__(self) -> str:
        return f"{self.algorithm} {self.bits}" if self.bits > 0 else self.algorithm


def read(info: Element) -> Key:
    """Return the key. Raises ``DERError``; a kind that is not known is no error."""
    algorithm, key = der.pair(info)
    number, parameters = identifier(algorithm)
    if number in (oids.RSA, oids.RSASSA_PSS):
        modulus = der.single(der.single(key.contents[1:]).contents)
        return Key("RSA", _unsigned_bits(modulus))
    if number == oids.DSA:
        # RFC 3279 section 2.3.2: without parameters they are the issuer's.
        if parameters is None or parameters.tag != der.SEQUENCE:
            return Key("DSA", -1)
        return Key("DSA", _unsigned_bits(der.single(parameters.contents)))
    if number == oids.EC:
        return Key("EC", _curve_bits(parameters))
    if number in oids.KEYS:
        return Key(*oids.KEYS[number])
    return Key(f"{UNKNOWN_KEY} {number}", -1)


def _unsigned_bits(element: Element) -> int:
    """Return the bits of a number that OpenSSL takes for positive, whatever its first bit says."""
    if element.tag != der.INTEGER:
        raise DERError("it is no INTEGER")
    return int.from_bytes(element.contents, "big").bit_length()


def _curve_bits(parameters: Element | None) -> int:
    """Return the bits of an elliptic curve's field: of a named one, or of one written out (RFC 3279 section 2.3.5)."""
    if parameters is None:
        return -1
    if parameters.tag == der.OBJECT_IDENTIFIER:
        return oids.CURVES.get(der.object_identifier(parameters), -1)
    if parameters.tag != der.SEQUENCE:
        return -1
    _, field = der.pair(parameters)
    number, size = identifier(field)
    if size is None:
        return -1
    if number == oids.PRIME_FIELD:
        return _unsigned_bits(size)
    return der.integer(der.single(size.contents)) if number == oids.BINARY_FIELD else -1
