"""FTP: AUTH TLS, RFC 4217 section 4.

::

    S: 220 ready
    C: AUTH TLS
    S: 234 AUTH TLS successful
"""

from __future__ import annotations

from check_starttls_cert.errors import Refused, StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol, service_unavailable
from check_starttls_cert.wire import Wire

GOODBYE = b"QUIT\r\n"
"""RFC 959 section 4.1.1."""


def starttls(wire: Wire, name: str) -> None:
    """AUTH TLS."""
    code, greeting = read_reply(wire, "greeting")
    while code == 120:  # RFC 959 section 5.4: "service ready in nnn minutes", and then 220
        code, greeting = read_reply(wire, "greeting")
    if code >= 400:
        raise service_unavailable(wire, greeting)
    if code != 220:
        raise WrongProtocol(greeting)
    wire.send(b"AUTH TLS\r\n")
    code, answer = read_reply(wire, "reply to AUTH TLS")
    if code in (500, 502, 504, 530):
        # RFC 4217 section 4.1: the first three come from servers that do not know AUTH or TLS.
        # vsftpd without TLS asks for a login instead, 530.
        raise StarttlsNotOffered("the server does not know AUTH TLS", quote=answer)
    if code != 234:
        # RFC 4217 section 4.1: 431 where the server has not what it needs for TLS, 534 where it does not want it.
        raise Refused("the server refuses AUTH TLS", quote=answer)


def read_reply(wire: Wire, step: str) -> tuple[int, bytes]:
    """Return code and text of the next reply.

    RFC 959 section 4.2: after "ddd-", everything up to a line that starts with "ddd " is text, whatever it is.
    Raises ``Refused`` for 421, which may come at any time (section 5.4).
    """
    wire.step = step
    first = line = wire.read_line()
    code = first[:3]
    if not code.isdigit() or first[3:4] not in (b" ", b"-", b""):
        raise WrongProtocol(first)
    text = first.replace(b"-", b" ", 1)
    if first[3:4] == b"-":
        while line[:3] != code or line[3:4] not in (b" ", b""):
            line = wire.read_line()
            text += b" " + (line[4:] if line.startswith(code) else line)
    if code == b"421":
        raise service_unavailable(wire, text)
    return int(code), text
