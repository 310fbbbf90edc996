"""IRC: the STARTTLS extension, https://ircv3.net/specs/deprecated/tls, with capability negotiation.

::

    C: CAP LS 302
    S: :irc.example.com CAP * LS :multi-prefix tls
    C: STARTTLS
    S: :irc.example.com 670 * :STARTTLS successful, go ahead with TLS handshake
"""

from __future__ import annotations

from contextlib import suppress

from check_starttls_cert.errors import DeadlineExceeded, Refused
from check_starttls_cert.starttls.recognise import WrongProtocol, not_offered, service_unavailable
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.wire import Wire

NO_CAPABILITIES = (b"410", b"421", b"451")
"""ERR_INVALIDCAPCMD, ERR_UNKNOWNCOMMAND, ERR_NOTREGISTERED."""

PATIENCE = 3.0
"""Seconds that a server is given to answer CAP LS, and never more than a third of what is left."""

GO_AHEAD = b"670"
REFUSALS = (b"691", b"421", b"451", b"462")
"""ERR_STARTTLS, ERR_UNKNOWNCOMMAND, ERR_NOTREGISTERED, ERR_ALREADYREGISTERED. Other numbers may be mere noise."""


class Message(NamedTuple):
    """RFC 1459 section 2.3.1, without the prefix."""

    command: bytes
    parameters: list[bytes]


def starttls(wire: Wire, name: str) -> None:
    """CAP LS and STARTTLS."""
    capabilities = ask_capabilities(wire)
    # STARTTLS is tried with a server that does not say what it can; s_client asks nobody. Where the capabilities
    # lack tls, the specification leaves no STARTTLS to try.
    if capabilities is not None and b"tls" not in capabilities:
        raise not_offered(capabilities, "the capability tls")

    wire.step = "answer to STARTTLS"
    wire.send(b"STARTTLS\r\n")
    while True:
        message = read_message(wire)
        if message.command == GO_AHEAD:
            return
        # A server that is slow may refuse CAP only now.
        if message.command in REFUSALS and b"CAP" not in message.parameters:
            raise Refused("the server refuses STARTTLS", quote=b" ".join(message.parameters))


def goodbye(wire: Wire, name: str) -> None:
    """RFC 1459 section 4.1.6: the server answers QUIT with ERROR and closes."""
    wire.step = "answer to QUIT"
    wire.send(b"QUIT\r\n")
    with suppress(Refused):
        while True:
            read_message(wire)


def ask_capabilities(wire: Wire) -> list[bytes] | None:
    """List the server's capabilities; ``None`` when it does not say, or ignores the question, as old servers do."""
    wire.step = "answer to CAP LS"
    wire.send(b"CAP LS 302\r\n")
    capabilities: list[bytes] = []
    whole = wire.deadline
    wire.deadline = whole.sooner(min(PATIENCE, whole.remaining(wire.step) / 3))
    try:
        while True:
            message = read_message(wire)
            if message.command in NO_CAPABILITIES:
                return None
            if message.command == b"CAP" and [each.upper() for each in message.parameters[1:2]] == [b"LS"]:
                capabilities += message.parameters[-1].split()
                if message.parameters[2:3] != [b"*"]:  # an asterisk: more lines follow
                    return capabilities
    except DeadlineExceeded:
        return None
    finally:
        wire.deadline = whole


def read_message(wire: Wire) -> Message:
    """Read the next message that is not mere noise; answer PING on the way.

    Before registration servers send NOTICEs about looking up the client, and some a PING.
    """
    while True:
        message = parsed(wire.read_line())
        if message.command == b"PING":
            wire.send(b"PONG :" + b" ".join(message.parameters) + b"\r\n")
        elif message.command == b"ERROR":
            raise service_unavailable(wire, b" ".join(message.parameters))
        elif message.command != b"NOTICE":
            return message


def parsed(line: bytes) -> Message:
    """Parse a line. Raises ``WrongProtocol``."""
    rest = line
    if rest.startswith(b"@"):  # message tags, of IRCv3
        rest = rest.partition(b" ")[2].lstrip(b" ")
    if prefixed := rest.startswith(b":"):
        rest = rest.partition(b" ")[2]
    middle, colon, trailing = rest.partition(b" :")
    command, *parameters = middle.split() or [b""]
    # Section 2.3.1: letters, or three digits, which come from servers, and those have a prefix.
    if not command.isalpha() and not (prefixed and command.isdigit() and len(command) == 3):
        raise WrongProtocol(line)
    return Message(command.upper(), [*parameters, trailing] if colon else parameters)
