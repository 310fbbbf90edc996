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


UNKNOWN = (500, 501, 502, 504)
"""RFC 4217 section 4.1: AUTH is not known or not implemented, or TLS is no mechanism that is."""

LOGIN_FIRST = 530
"""vsftpd without TLS, to every command."""


def starttls(wire: Wire, name: str) -> None:
    """AUTH TLS."""
    code, greeting = read_reply(wire, "greeting")
    while code == 120:  # RFC 959 section 5.4: "service ready in nnn minutes", and then 220
        code, greeting = read_reply(wire, "greeting")
    if code >= 400:
        raise service_unavailable(wire, greeting)
    if code not in (220, 230):  # 230: logged in already. curl goes on, and negotiates TLS all the same.
        raise WrongProtocol(greeting)

    mechanism = "TLS"
    code, answer = authenticate(wire, mechanism)
    if code in UNKNOWN:
        # Servers older than RFC 4217 know SSL only. FileZilla asks for it next, curl asks for both.
        mechanism = "SSL"
        code, second = authenticate(wire, mechanism)
        if code in UNKNOWN or code == LOGIN_FIRST:
            raise StarttlsNotOffered("the server does not know AUTH TLS, nor AUTH SSL", quote=answer)
        answer = second
    if code == LOGIN_FIRST:
        raise StarttlsNotOffered("the server asks for a login instead of going on with AUTH TLS", quote=answer)
    # RFC 4217 section 4 has 234. FileZilla and Python's ftplib go on after any 2xx, curl and FileZilla after 334,
    # the reply of RFC 2228 for mechanisms that exchange data.
    if not 200 <= code < 300 and code != 334:
        # RFC 4217 section 4.1: 431 where the server has not what it needs for TLS, 534 where it does not want it.
        raise Refused(f"the server refuses AUTH {mechanism}", quote=answer)


def authenticate(wire: Wire, mechanism: str) -> tuple[int, bytes]:
    """Ask for a mechanism; return code and text of the reply."""
    wire.send(f"AUTH {mechanism}\r\n".encode())
    return read_reply(wire, f"reply to AUTH {mechanism}")


def read_reply(wire: Wire, step: str) -> tuple[int, bytes]:
    """Read a reply: its code, and its text.

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
