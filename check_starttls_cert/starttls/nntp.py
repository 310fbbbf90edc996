"""NNTP: RFC 3977 and its STARTTLS extension, RFC 4642.

::

    S: 200 ready
    C: CAPABILITIES
    S: 101 Capability list:
    S: VERSION 2
    S: STARTTLS
    S: .
    C: STARTTLS
    S: 382 Continue with TLS negotiation
"""

from __future__ import annotations

from check_starttls_cert.errors import Refused
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused, service_unavailable
from check_starttls_cert.wire import Wire

GOODBYE = b"QUIT\r\n"
"""RFC 3977 section 5.4."""


def starttls(wire: Wire, name: str) -> None:
    """CAPABILITIES and STARTTLS."""
    greeting = read_reply(wire, "greeting")
    # RFC 3977 section 5.1: 200 posting allowed, 201 not; 502 permanently unavailable.
    if greeting[:3] == b"502":
        raise service_unavailable(wire, greeting)
    if greeting[:3] not in (b"200", b"201"):
        raise WrongProtocol(greeting)

    capabilities = read_capabilities(wire)
    if capabilities and b"STARTTLS" not in capabilities and b"MODE-READER" in capabilities:
        # RFC 3977 section 3.4.2: this is the server for other servers; it hands readers to another one.
        wire.send(b"MODE READER\r\n")
        answer = read_reply(wire, "response to MODE READER")
        if answer.startswith(b"502"):  # section 5.3: no service for readers, and the server closes
            raise Refused("the server refuses MODE READER", quote=answer)
        if answer.startswith(b"20"):
            capabilities = read_capabilities(wire)
    # STARTTLS is tried with a server that does not say what it can; s_client tries it in any case.
    if capabilities and b"STARTTLS" not in capabilities:
        raise not_offered(capabilities)

    wire.send(b"STARTTLS\r\n")
    answer = read_reply(wire, "response to STARTTLS")
    if not answer.startswith(b"382"):  # s_client stops here too
        # RFC 4642 section 2.2.1: 580 when TLS cannot be initiated.
        raise refused(answer, offered=bool(capabilities))


def read_capabilities(wire: Wire) -> list[bytes]:
    """List the labels of RFC 3977 section 5.2; none from servers older than the RFC, or that want a login first."""
    wire.send(b"CAPABILITIES\r\n")
    labels: list[bytes] = []
    if read_reply(wire, "response to CAPABILITIES").startswith(b"101"):
        while (line := wire.read_line()) != b".":
            labels += line.upper().split()[:1]
    return labels


def read_reply(wire: Wire, step: str) -> bytes:
    """Read a status line (RFC 3977 section 3.2)."""
    wire.step = step
    line = wire.read_line()
    if not line[:3].isdigit() or line[3:4] not in (b" ", b""):
        raise WrongProtocol(line)
    if line.startswith(b"400"):
        # RFC 3977 section 3.2.1: the server is about to close, whatever the command was.
        raise service_unavailable(wire, line)
    return line
