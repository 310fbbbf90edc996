"""IMAP: RFC 9051 section 6.2.1 (and RFC 3501, which says the same).

::

    S: * OK [CAPABILITY IMAP4rev2 STARTTLS] ready
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev2 STARTTLS LOGINDISABLED
    S: a1 OK CAPABILITY completed
    C: a2 STARTTLS
    S: a2 OK Begin TLS negotiation now
"""

from __future__ import annotations

import re

from check_starttls_cert.errors import Refused
from check_starttls_cert.starttls.literal import read_line
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused, service_unavailable
from check_starttls_cert.wire import Wire

GOODBYE = b"a3 LOGOUT\r\n"
"""RFC 9051 section 6.1.3; the untagged BYE comes before the tagged OK."""


def starttls(wire: Wire, name: str) -> None:
    """CAPABILITY and STARTTLS."""
    greeting = read_reply(wire, "greeting")
    status = greeting.upper().split()[:2]
    if status == [b"*", b"PREAUTH"]:
        # RFC 9051 section 6.2.1: STARTTLS is valid in the not authenticated state only. curl stops here, too.
        raise Refused(
            "the server greets with PREAUTH, after which IMAP has no STARTTLS",
            quote=greeting,
            hint="have the server ask this host for authentication, or check imaps on port 993",
        )
    if status == [b"*", b"BYE"]:
        raise service_unavailable(wire, greeting)
    if status != [b"*", b"OK"]:
        raise WrongProtocol(greeting)

    # Mutt does not ask when the greeting tells, curl asks always: what either response names counts.
    result, untagged = command(wire, b"a1", b"CAPABILITY")
    lines = (greeting, *untagged, result)
    capabilities = list(dict.fromkeys(word for line in lines for word in capabilities_of(line)))
    # curl and Thunderbird stop where STARTTLS is not among them. Where the server does not say what it can,
    # STARTTLS is tried, as s_client tries it in any case.
    silent = not capabilities and result.upper().split()[1:2] != [b"OK"]
    if not silent and b"STARTTLS" not in capabilities:
        raise not_offered(capabilities)

    result, _ = command(wire, b"a2", b"STARTTLS")
    if result.upper().split()[1:2] != [b"OK"]:
        raise refused(result, offered=not silent)


def capabilities_of(line: bytes) -> list[bytes]:
    """List what a response names: as its data (RFC 9051 section 7.2.2) or as its response code (section 7.1)."""
    found = re.match(rb"\S+ (?:CAPABILITY |(?:OK|NO|BAD) \[CAPABILITY )([^\]\r]*)", line.upper())
    return found[1].split() if found else []


def read_reply(wire: Wire, step: str) -> bytes:
    """Read one line, which has no literals: a greeting, or the server's farewell."""
    wire.step = step
    return wire.read_line()


def command(wire: Wire, tag: bytes, name: bytes) -> tuple[bytes, list[bytes]]:
    """Send a command; return its tagged response and the untagged ones before it (section 2.2.2)."""
    wire.step = f"response to {name.decode('ascii')}"
    wire.send(tag + b" " + name + b"\r\n")
    untagged: list[bytes] = []
    while True:
        line = read_line(wire)
        if line.startswith(tag + b" "):
            return line, untagged
        if not line.startswith(b"* "):
            raise WrongProtocol(line)
        if line.upper().split()[1:2] == [b"BYE"]:
            # Section 7.1.5: the server is about to close, and says why.
            raise service_unavailable(wire, line)
        untagged.append(line)
