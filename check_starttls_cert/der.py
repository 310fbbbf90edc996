"""The elements of a certificate's octets (X.690), as tolerantly as OpenSSL reads them; pure.

Certificates are to be DER, but OpenSSL takes BER for it, and so do we: lengths in any form, indefinite ones too,
strings in pieces, any octet but 0 as TRUE. Nothing here knows what an element is for. Views, not copies: the
reader of a certificate of 16 MB needs no second one. Nothing recurses deeper than ``MAX_PIECES_DEPTH``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from check_starttls_cert.static_typing import NamedTuple

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

CONSTRUCTED = 0x20
"""The bit of a tag that says that elements are inside (X.690 section 8.1.2.5)."""

MAX_PIECES_DEPTH = 5
"""Strings in pieces of pieces: OpenSSL's ``ASN1_MAX_STRING_NEST``."""

MAX_INDEFINITE = 100_000
"""The most elements skipped to find the end of an indefinite length; 100 KB hold half as many."""

MAX_OID = 64
"""Octets of an object identifier that is shown in numbers; dots and decimals of a longer one take quadratic time."""


DIGITS = b"0123456789"
FIRST = datetime.min.replace(tzinfo=timezone.utc)
LAST = datetime.max.replace(tzinfo=timezone.utc)


class DERError(ValueError):
    """The octets are not what a certificate has in this place."""


class Element(NamedTuple):
    """One element. Views into the octets that were read."""

    tag: int
    """The identifier octet; of a tag above 30 the first."""
    contents: memoryview
    whole: memoryview
    """With tag and length."""


_new = tuple.__new__
"""Makes an element in a third of the time: there are a hundred in a certificate."""


def elements(octets: memoryview) -> Iterator[Element]:
    """Yield each element in ``octets``. Raises ``DERError`` where one is cut short or has no length."""
    position, size = 0, len(octets)
    while position < size:
        start, length = _header(octets, position)
        if length is None:
            end, after = _end_of_contents(octets, start)
        else:
            end = after = start + length
        yield _new(Element, (octets[position], octets[start:end], octets[position:after]))
        position = after


def _header(octets: memoryview, position: int) -> tuple[int, int | None]:
    """Return where the contents of the element at ``position`` start, and their length if it is definite."""
    try:
        tag = octets[position]
        position += 1
        if tag & 0x1F == 0x1F:  # X.690 section 8.1.2.4: more octets follow while their first bit is set
            while octets[position] & 0x80:
                position += 1
            position += 1
        length = octets[position]
        position += 1
    except IndexError:
        raise DERError("an element is cut short") from None
    if length == 0x80 and tag & CONSTRUCTED:
        return position, None
    if length >= 0x80:
        # Without octets, which only an element with others inside may have, the length would be 0 here.
        count = length & 0x7F
        if not count:
            raise DERError("an element has no length")
        if position + count > len(octets):
            raise DERError("an element is cut short")
        length = int.from_bytes(octets[position : position + count], "big")
        position += count
    if length > len(octets) - position:
        raise DERError("an element is cut short")
    return position, length


def _end_of_contents(octets: memoryview, position: int) -> tuple[int, int]:
    """Return where contents of indefinite length end, and where what follows begins (X.690 section 8.1.3.6)."""
    depth = 1
    for _ in range(MAX_INDEFINITE):
        if bytes(octets[position : position + 2]) == b"\0\0":
            position += 2
            depth -= 1
            if not depth:
                return position - 2, position
            continue
        start, length = _header(octets, position)
        if length is None:
            depth += 1
            position = start
        else:
            position = start + length
    raise DERError("an element does not end")


def readable(octets: memoryview, limit: int) -> list[Element]:
    """Return the elements in ``octets`` before one that cannot be read, no more than ``limit``."""
    found: list[Element] = []
    try:
        for element in elements(octets):
            if len(found) == limit:
                break
            found.append(element)
    except DERError:
        pass
    return found


def sequence(element: Element, tag: int = SEQUENCE) -> Iterator[Element]:
    """Yield what is inside an element of this tag. Raises ``DERError`` for another."""
    if element.tag != tag:
        raise DERError(f"it has the tag 0x{element.tag:02x}, not 0x{tag:02x}")
    yield from elements(element.contents)


def single(octets: memoryview) -> Element:
    """Return the first element in ``octets``. Raises ``DERError`` when there is none."""
    for element in elements(octets):
        return element
    raise DERError("there is nothing")


def pair(element: Element) -> tuple[Element, Element]:
    """Return the first two elements in a SEQUENCE. Raises ``DERError`` when there are fewer."""
    found = readable(element.contents, 2)
    if element.tag != SEQUENCE or len(found) < 2:
        raise DERError("it is no SEQUENCE of two")
    return found[0], found[1]


def string(element: Element, depth: int = 0) -> bytes:
    """Return the octets of a string of any kind, which BER may have cut into pieces (X.690 section 8.7.3)."""
    if not element.tag & CONSTRUCTED:
        return bytes(element.contents)
    if depth >= MAX_PIECES_DEPTH:
        raise DERError("a string is in pieces of pieces")
    return b"".join(string(piece, depth + 1) for piece in elements(element.contents))


def boolean(element: Element) -> bool:
    """Return a BOOLEAN. DER has 0xFF for TRUE, BER any octet but 0 (X.690 sections 8.2.2 and 11.1)."""
    if element.tag != BOOLEAN or len(element.contents) != 1:
        raise DERError("it is no BOOLEAN")
    return element.contents[0] != 0


def integer(element: Element) -> int:
    """Return an INTEGER of any size; padding, which DER forbids, does no harm."""
    if element.tag != INTEGER or not element.contents:
        raise DERError("it is no INTEGER")
    return int.from_bytes(element.contents, "big", signed=True)


def bits(element: Element) -> bytes:
    """Return the octets of a BIT STRING, its unused bits cleared (X.690 section 8.6.2)."""
    if element.tag != BIT_STRING or not element.contents or element.contents[0] > 7:
        raise DERError("it is no BIT STRING")
    octets = bytearray(element.contents[1:])
    if octets:
        octets[-1] &= 0xFF << element.contents[0] & 0xFF
    return bytes(octets)


def object_identifier(element: Element) -> str:
    """Return an OBJECT IDENTIFIER as numbers and dots (X.690 section 8.19); one that is none, in hexadecimal."""
    if element.tag != OBJECT_IDENTIFIER:
        raise DERError("it is no OBJECT IDENTIFIER")
    octets = bytes(element.contents)
    if not octets or octets[-1] & 0x80 or len(octets) > MAX_OID:
        return f"#{octets[:MAX_OID].hex()}"
    return _numbers(octets)


@lru_cache(256)
def _numbers(octets: bytes) -> str:
    arcs, arc = [], 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def moment(element: Element) -> datetime:
    """Return a UTCTime or GeneralizedTime in any form that OpenSSL can print; without a time zone it is none.

    RFC 5280 section 4.1.2.5 has seconds, ``Z`` and no fraction; X.680 leaves out the first and has offsets. Years that
    ``datetime`` does not know are its first and its last moment.
    """
    octets = string(element)
    kind = element.tag & ~CONSTRUCTED
    digits = len(octets) - len(octets.lstrip(DIGITS))
    zone = octets[digits:]
    if kind == UTC_TIME and digits in (10, 12):
        # RFC 5280 section 4.1.2.5.1: from 50 on it is the last century.
        written = (b"19" if octets[:2] >= b"50" else b"20") + octets[:digits]
    elif kind == GENERALIZED_TIME and digits in (12, 14):
        written = octets[:digits]
        if zone[:1] == b".":
            zone = zone[1:].lstrip(DIGITS)
    else:
        raise DERError("it is no time")
    numbers = (written[:4], written[4:6], written[6:8], written[8:10], written[10:12], written[12:] or b"0")
    year, month, day, hour, minute, second = map(int, numbers)
    leap_second = second == 60
    try:
        # Year 0 is a leap year, like 4.
        found = datetime(year or 4, month, day, hour, minute, second - leap_second, tzinfo=timezone.utc)
    except ValueError:
        raise DERError("there is no such time") from None
    shift = timedelta(seconds=leap_second) - _offset(zone)
    if not year:
        return FIRST
    try:
        return found + shift
    except OverflowError:
        return FIRST if shift < timedelta(0) else LAST


def is_strict_moment(element: Element) -> bool:
    """Return whether a time has the form of RFC 5280 section 4.1.2.5: to the second, in UTC, no leap second."""
    octets = string(element)
    digits = {UTC_TIME: 12, GENERALIZED_TIME: 14}.get(element.tag & ~CONSTRUCTED, 0)
    return len(octets) == digits + 1 and octets[digits:] == b"Z" and octets[digits - 2 : digits] < b"60"


def _offset(zone: bytes) -> timedelta:
    """Return how far a time zone, ``Z`` or ``+0100``, is ahead of UTC."""
    if zone == b"Z":
        return timedelta(0)
    if len(zone) != 5 or zone[:1] not in b"+-" or zone[1:].lstrip(DIGITS):
        raise DERError("it is no time zone")
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return ahead if zone[:1] == b"+" else -ahead
