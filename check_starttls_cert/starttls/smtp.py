"""SMTP: RFC 5321 and its STARTTLS extension, RFC 3207.

::

    S: 220 mail.imc.org SMTP service ready
    C: EHLO [192.0.2.1]
    S: 250-mail.imc.org offers a warm hug of welcome
    S: 250-8BITMIME
    S: 250 STARTTLS
    C: STARTTLS
    S: 220 Go ahead

LMTP (RFC 2033) differs in one verb and lives on these functions.
"""

from __future__ import annotations

import re

from check_starttls_cert.errors import Refused, StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, refused, service_unavailable
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.wire import Wire

GOODBYE = b"QUIT\r\n"
"""RFC 5321 section 4.1.1.10: the sender must not close until it has sent QUIT and read the reply."""


MASKED = rb"X{7}[XA-Z]$"
"""What Cisco's firewalls write over keywords of an EHLO reply that they do not know, octet by octet."""


class Reply(NamedTuple):
    """A complete reply: its code and the text of each of its lines."""

    code: int
    lines: list[bytes]

    @property
    def positive(self) -> bool:
        """RFC 5321 section 4.2.1: the server did what it was asked for."""
        return 200 <= self.code < 300

    def __bytes__(self) -> bytes:
        return b"%d %s" % (self.code, b" ".join(self.lines))


def starttls(wire: Wire, name: str, hello: bytes = b"EHLO") -> None:
    """EHLO and STARTTLS; LMTP has another ``hello``."""
    greeting = read_reply(wire, "greeting")
    if greeting.code >= 400:
        # RFC 5321 section 3.1: 554 instead of 220 means there is no mail service.
        raise service_unavailable(wire, bytes(greeting))
    # 220; Postfix and curl go on after any 2xx. 200 and 201 are NNTP's.
    if not greeting.positive or greeting.code in (200, 201):
        raise WrongProtocol(bytes(greeting))

    # RFC 5321 section 4.1.1.1: a client that has no meaningful host name gives its address literal.
    wire.send(hello + b" " + address_literal(wire) + b"\r\n")
    verb = hello.decode("ascii")
    offer = read_reply(wire, f"reply to {verb}")
    if offer.code in (500, 502) and hello == b"EHLO":
        # Postfix goes on with HELO (RFC 5321 section 3.2), which has no extensions, and curl stops.
        raise StarttlsNotOffered(f"the server does not know {verb}, and so has no STARTTLS", quote=bytes(offer))
    if not offer.positive:
        raise Refused(f"the server refuses {verb}", quote=bytes(offer))
    # RFC 5321 section 4.1.1.1: the first line is the greeting, the others each start with a keyword,
    # "not case sensitive" (section 2.4).
    keywords = [line.split()[0].upper() for line in offer.lines[1:] if line.split()]
    if b"STARTTLS" not in keywords:
        # curl, Thunderbird and Postfix (where it must encrypt) stop here, s_client goes on.
        error = not_offered(keywords)
        if any(re.match(MASKED, keyword) for keyword in keywords):
            error.hint = "a firewall seems to overwrite what the server offers; turn off its inspection of SMTP"
        raise error

    wire.send(b"STARTTLS\r\n")
    answer = read_reply(wire, "reply to STARTTLS")
    if not answer.positive:  # 220; Postfix goes on after any 2xx
        # RFC 3207 section 4: 454 when TLS is not available for a temporary reason.
        raise refused(bytes(answer))


def read_reply(wire: Wire, step: str) -> Reply:
    """Read a reply, to the end of its last line (RFC 5321 section 4.2.1)."""
    wire.step = step
    lines: list[bytes] = []
    code = b""
    while True:
        line = wire.read_line()
        # "ddd-text" goes on, "ddd text" or "ddd" ends, and every line has the same code. Except that
        # Postfix' postscreen says "220-" at once, waits, and may then turn the client away.
        if not line[:3].isdigit() or line[3:4] not in (b"-", b" ", b""):
            raise WrongProtocol(line)
        if code and line[:3] != code and line[:1] not in b"45":
            raise WrongProtocol(line)
        code = line[:3]
        lines.append(line[4:])
        if line[3:4] != b"-":
            break
    reply = Reply(int(code), lines)
    if reply.code == 421:
        # RFC 5321 section 3.8: the server may close at any time, and says so with 421.
        raise service_unavailable(wire, bytes(reply))
    return reply


def address_literal(wire: Wire) -> bytes:
    """Write our own address as RFC 5321 section 4.1.3 writes it: ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]``."""
    address = str(wire.sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]".encode() if ":" in address else f"[{address}]".encode()
