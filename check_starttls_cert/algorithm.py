"""AlgorithmIdentifier (RFC 5280 section 4.1.1.2): the algorithm and its parameters; pure."""

from __future__ import annotations

from check_starttls_cert import der, oids
from check_starttls_cert.der import DERError, Element
from check_starttls_cert.static_typing import NamedTuple


class PSS(NamedTuple):
    """The parameters of an RSASSA-PSS signature. Names of hashes are empty where they are not known."""

    hash: str
    mask_hash: str
    salt_length: int


def identifier(element: Element) -> tuple[str, Element | None]:
    """Return the number of an algorithm and its parameters. Raises ``DERError``."""
    parts = der.readable(element.contents, 2)
    if element.tag != der.SEQUENCE or not parts:
        raise DERError("no AlgorithmIdentifier")
    return der.object_identifier(parts[0]), parts[1] if len(parts) > 1 else None


def pss(parameters: memoryview) -> PSS:
    """Return the parameters of an RSASSA-PSS signature; what is not written is its default (RFC 4055 section 3.1)."""
    hash_name = mask_hash = "sha1"
    salt_length = 20
    if parameters:
        for element in der.sequence(der.single(parameters)):
            inside = der.single(element.contents)
            if element.tag == 0xA0:
                hash_name = oids.HASHES.get(identifier(inside)[0], "")
            elif element.tag == 0xA1:
                _, mask = identifier(inside)
                mask_hash = oids.HASHES.get(identifier(mask)[0], "") if mask else ""
            elif element.tag == 0xA2:
                salt_length = der.integer(inside)
    return PSS(hash_name, mask_hash, salt_length)


def signature(algorithm: Element | None) -> tuple[str, str]:
    """Return a signature algorithm in words, and its hash; both are empty where they cannot be read."""
    try:
        number, parameters = identifier(algorithm) if algorithm else ("", None)
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
