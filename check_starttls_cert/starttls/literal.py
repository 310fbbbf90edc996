"""Lines with literals, which IMAP (RFC 9051 section 4.3) and ManageSieve (RFC 5804 section 1.2) have in common.

::

    {8}
    STARTTLS and the line goes on
"""

from __future__ import annotations

import re

from check_starttls_cert.static_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from check_starttls_cert.wire import Wire

LITERAL = re.compile(rb"\{([0-9]{1,20})\+?\}$")
"""A literal's size is the last thing on its line; octets follow, and then the line goes on."""


def read_line(wire: Wire) -> bytes:
    """Read a line with its literals, each after the CRLF that announces it."""
    line = piece = wire.read_line()
    while literal := LITERAL.search(piece):
        octets = wire.read_exactly(int(literal[1]))
        piece = wire.read_line()
        line += b"\r\n" + octets + piece
    return line
