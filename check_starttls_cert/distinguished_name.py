"""A distinguished name out of its DER: for people (RFC 4514) and for comparison (RFC 5280 section 7.1); pure.

Each attribute is read alone: one that is odd costs itself and not the name. Whether a host has the name is not
asked here, but in ``names``.
"""

from __future__ import annotations

from functools import lru_cache

from check_starttls_cert import der
from check_starttls_cert.ber import encode
from check_starttls_cert.oids import ATTRIBUTES
from check_starttls_cert.static_typing import NamedTuple

COMMON_NAME = "CN"

UTF8_STRING, NUMERIC_STRING, UNIVERSAL_STRING, BMP_STRING = 0x0C, 0x12, 0x1C, 0x1E
LATIN_1 = (NUMERIC_STRING, 0x13, 0x14, 0x16, 0x1A)
"""NumericString, PrintableString, T61String, IA5String and VisibleString.

All but T61String are ASCII by X.680, and T61String has a code of its own; but what is beyond ASCII is Latin-1 in the
certificates that exist, and OpenSSL reads it so.
"""

REMEMBERED, MAX_REMEMBERED = 256, 1024
"""Names that are kept, and the octets of one: a process that checks many servers meets the same issuers again."""

SPECIAL = str.maketrans({character: "\\" + character for character in '\\"+,;<>'} | {"\0": "\\00"})
"""Escapes of RFC 4514 section 2.4."""


class Attribute(NamedTuple):
    """One attribute: its type's short name or number, and its value; ``#`` and hexadecimal for what is no string."""

    name: str
    value: str
    is_text: bool = True

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class DistinguishedName(NamedTuple):
    """A name. Text is as foreign as its author."""

    parts: tuple[tuple[Attribute, ...], ...]
    """RelativeDistinguishedNames, in the order of the certificate."""
    canonical: bytes
    """Equal for two names that are the same name to OpenSSL; empty for the empty name."""
    intact: bool
    """Everything in it could be read."""

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All attributes, in the order of the certificate."""
        return tuple(attribute for part in self.parts for attribute in part)

    @property
    def common_names(self) -> tuple[str, ...]:
        """The values of all common names."""
        return tuple(attribute.value for attribute in self.attributes if attribute.name == COMMON_NAME)

    @property
    def text(self) -> str:
        """The name as RFC 4514 writes it: the last part first."""
        return ",".join("+".join(map(_rfc4514, part)) for part in reversed(self.parts))


def read(name: der.Element) -> DistinguishedName:
    """Return the name in a Name element (RFC 5280 section 4.1.2.4), as far as it can be read."""
    whole = bytes(name.whole)
    return _remembered(whole) if 0 < len(whole) <= MAX_REMEMBERED else _read(name)


@lru_cache(REMEMBERED)
def _remembered(whole: bytes) -> DistinguishedName:
    return _read(der.single(memoryview(whole)))


def _read(name: der.Element) -> DistinguishedName:
    parts: list[tuple[Attribute, ...]] = []
    canonical: list[bytes] = []
    intact = True
    try:
        for part in der.sequence(name):
            attributes, forms = [], []
            try:
                for pair in der.sequence(part, der.SET):
                    try:
                        kind, value = der.pair(pair)
                        attributes.append(_attribute(kind, value))
                    except der.DERError:
                        intact = False
                        forms.append(bytes(pair.whole))
                    else:
                        forms.append(encode(der.SEQUENCE, bytes(kind.whole), _canonical(value)))
            except der.DERError:
                intact = False
                forms.append(bytes(part.whole))
            if attributes:
                parts.append(tuple(attributes))
            if forms:  # OpenSSL takes a part without attributes for none, and the order within one for nothing
                canonical.append(encode(der.SET, *sorted(forms)))
    except der.DERError:
        intact = False
        canonical.append(bytes(name.whole))
    return DistinguishedName(tuple(parts), b"".join(canonical), intact)


def _attribute(kind: der.Element, value: der.Element) -> Attribute:
    number = der.object_identifier(kind)
    name = ATTRIBUTES.get(number, number)
    text = _text(value)
    if text is None:
        # RFC 4514 section 2.4: the octets of the BER encoding.
        return Attribute(name, "#" + value.whole.hex(), is_text=False)
    return Attribute(name, text)


def _text(value: der.Element) -> str | None:
    """Return the characters of a string of any kind; ``None`` for what is none."""
    kind = value.tag & ~der.CONSTRUCTED
    try:
        if kind == UTF8_STRING:
            return der.string(value).decode("utf-8", "backslashreplace")
        if kind in LATIN_1:
            return der.string(value).decode("latin-1")
        if kind == BMP_STRING:
            return der.string(value).decode("utf-16-be")
        if kind == UNIVERSAL_STRING:
            return der.string(value).decode("utf-32-be")
    except ValueError:  # DERError and UnicodeDecodeError
        pass
    return None


def _canonical(value: der.Element) -> bytes:
    """Return a value as OpenSSL's ``asn1_string_canon`` does: strings as UTF-8, in lower case, spaces made one.

    Only ASCII counts: RFC 5280 section 7.1 wants more (RFC 4518), which no implementation does.
    """
    text = _text(value)
    if text is None or value.tag & ~der.CONSTRUCTED == NUMERIC_STRING:  # OpenSSL leaves NumericString alone
        return bytes(value.whole)
    # Octets, because to text more characters are spaces and letters than to OpenSSL.
    return encode(UTF8_STRING, b" ".join(text.encode("utf-8", "surrogatepass").lower().split()))


def _rfc4514(attribute: Attribute) -> str:
    value = attribute.value
    if attribute.is_text and value:
        value = value.translate(SPECIAL)
        if value[0] == "#" or (value[0] == " " and len(value) > 1):
            value = "\\" + value
        if value[-1] == " ":
            value = value[:-1] + "\\ "
    return f"{attribute.name}={value}"
