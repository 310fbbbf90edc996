"""ManageSieve: RFC 5804 section 2.2.

::

    S: "IMPLEMENTATION" "Example1 ManageSieved v001"
    S: "STARTTLS"
    S: OK
    C: STARTTLS
    S: OK "Begin TLS negotiation now."
"""

from __future__ import annotations

import re

from check_starttls_cert.starttls.literal import LITERAL, read_line
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused, service_unavailable
from check_starttls_cert.wire import Wire


def starttls(wire: Wire, name: str) -> None:
    """STARTTLS, if the greeting offers it."""
    capabilities, status = read_reply(wire, "greeting")
    if not status.upper().startswith(b"OK"):
        raise service_unavailable(wire, status)
    # Section 1.7: each line starts with the name of a capability, as a string; names are case-insensitive.
    names = [first_string(line).upper() for line in capabilities]
    if b"STARTTLS" not in names:
        # Section 2.2: only a server that lists it takes it. s_client tries it all the same.
        raise not_offered(names)
    wire.send(b"STARTTLS\r\n")
    _, status = read_reply(wire, "response to STARTTLS")
    if not status.upper().startswith(b"OK"):
        raise refused(status)


def goodbye(wire: Wire, name: str) -> None:
    """Section 2.2 has the server repeat its capabilities inside TLS; section 2.3 is LOGOUT."""
    read_reply(wire, "list of capabilities inside TLS")
    wire.send(b"LOGOUT\r\n")
    read_reply(wire, "response to LOGOUT")


def read_reply(wire: Wire, step: str) -> tuple[list[bytes], bytes]:
    """Read a response: the lines before the one that starts with OK, NO or BYE, and that one."""
    wire.step = step
    lines: list[bytes] = []
    while True:
        line = read_line(wire)
        if re.match(rb"(?i)(OK|NO|BYE)\b", line):
            return lines, line
        if not line.startswith((b'"', b"{")):
            raise WrongProtocol(line)
        lines.append(line)


def first_string(line: bytes) -> bytes:
    """Parse the string, quoted or literal, that starts the line."""
    if line.startswith(b'"'):
        return line[1:].partition(b'"')[0]
    announced, _, rest = line.partition(b"\r\n")
    literal = LITERAL.search(announced)
    return rest[: int(literal[1])] if literal else b""
