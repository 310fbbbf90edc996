"""POP3: RFC 1939, the CAPA command of RFC 2449, and STLS of RFC 2595 section 4.

::

    S: +OK ready
    C: CAPA
    S: +OK
    S: STLS
    S: .
    C: STLS
    S: +OK Begin TLS negotiation
"""

from __future__ import annotations

from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused, service_unavailable
from check_starttls_cert.wire import Wire

GOODBYE = b"QUIT\r\n"
"""RFC 1939 section 5."""


def starttls(wire: Wire, name: str) -> None:
    """CAPA and STLS."""
    greeting = read_reply(wire, "greeting")
    if not greeting.startswith(b"+OK"):
        raise service_unavailable(wire, greeting)

    wire.send(b"CAPA\r\n")
    # RFC 2449 section 5: a server without CAPA answers -ERR. STLS is then tried, as by s_client, which asks nobody.
    # Where the server lists what it can, curl and Thunderbird stop without STLS.
    offered = read_reply(wire, "reply to CAPA").startswith(b"+OK")
    if offered:
        capabilities = []
        while (line := wire.read_line()) != b".":
            capabilities += line.upper().split()[:1]
        if b"STLS" not in capabilities:
            raise not_offered(capabilities, "STLS")

    wire.send(b"STLS\r\n")
    answer = read_reply(wire, "reply to STLS")
    if not answer.startswith(b"+OK"):
        raise refused(answer, "STLS", offered=offered)


def read_reply(wire: Wire, step: str) -> bytes:
    """Read a status line (RFC 1939 section 3)."""
    wire.step = step
    line = wire.read_line()
    if line.split()[:1] not in ([b"+OK"], [b"-ERR"]):
        raise WrongProtocol(line)
    return line
