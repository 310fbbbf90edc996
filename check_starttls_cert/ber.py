"""The little of BER (X.690) that LDAP messages need, bounded; what X.509 needs is in ``der``.

An element is a tag octet, a definite length and that many octets of contents. Tags above 30 and
indefinite lengths are refused: RFC 4511 section 5.1 allows neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

MAX_CONTENTS = 64 * 1024
"""Octets in one element; far above any answer to StartTLS."""

MAX_INT = 2**31
"""RFC 4511 section 4.1.1."""

INTEGER = 0x02
OCTET_STRING = 0x04
ENUMERATED = 0x0A
SEQUENCE = 0x30


class BERError(ValueError):
    """The octets are not the BER that LDAP uses."""


def encode(tag: int, *contents: bytes) -> bytes:
    """Return one element with the concatenated ``contents``, its length in the shortest form, as DER wants it."""
    value = b"".join(contents)
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def read_element(
    read: Callable[[int], bytes], limit: int = MAX_CONTENTS, expected: int | None = None
) -> tuple[int, bytes]:
    """Return tag and contents of the next element; ``read(n)`` must return exactly ``n`` octets or raise.

    Every definite length form is taken, the padded ones that Active Directory sends too.
    Raises ``BERError`` for anything else, for contents of more than ``limit`` octets, and for a tag other
    than the ``expected`` one, before it waits for contents that may never come.
    """
    tag, length = read(2)
    if expected is not None and tag != expected:
        raise BERError(f"it starts with 0x{tag:02x}, not with 0x{expected:02x}")
    if tag & 0x1F == 0x1F:
        raise BERError(f"tag 0x{tag:02x} has the high tag number form")
    if length in (0x80, 0xFF):
        raise BERError("the length is indefinite" if length == 0x80 else "the length is reserved")
    if length > 0x80:
        length = int.from_bytes(read(length & 0x7F), "big")
    if length > limit:
        raise BERError(f"an element has more than {limit} octets")
    return tag, read(length) if length else b""


def elements(contents: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and contents of each element inside ``contents``. Raises ``BERError`` when it is cut short."""
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        if position + size > len(contents):
            raise BERError("an element is cut short")
        position += size
        return contents[position - size : position]

    while position < len(contents):
        yield read_element(read, len(contents))


def integer(contents: bytes) -> int:
    """Return the value of an INTEGER's or ENUMERATED's contents, which RFC 4511 never has above ``maxInt``."""
    value = int.from_bytes(contents, "big", signed=True)
    if not contents or abs(value) > MAX_INT:
        raise BERError(f"an INTEGER of {len(contents)} octets")
    return value
