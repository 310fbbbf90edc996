"""MySQL and MariaDB: protocol 10, the SSLRequest packet.

::

    S: Handshake, protocol 10, with CLIENT_SSL among its capabilities
    C: SSLRequest

Source: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html.
"""

from __future__ import annotations

import struct

from check_starttls_cert.errors import StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol, service_unavailable
from check_starttls_cert.wire import Wire

PROTOCOL_VERSION = b"\x0a"
OK_PACKET = b"\x00"
ERROR_PACKET = b"\xff"
COM_QUIT = b"\x01"

CLIENT_LONG_PASSWORD = 0x1
CLIENT_PROTOCOL_41 = 0x200
CLIENT_SSL = 0x800
CLIENT_SECURE_CONNECTION = 0x8000
CAPABILITIES = CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION

MAX_PACKET = 0x1000000
UTF8 = 33
"""The character set's number."""

MAX_HANDSHAKE = 4096


def starttls(wire: Wire, name: str) -> None:
    """Hold the conversation up to the go-ahead for TLS, which the server gives by not objecting."""
    payload = read_packet(wire, "handshake")
    if payload[:1] == ERROR_PACKET:
        raise service_unavailable(wire, error_message(payload))
    version, terminated, rest = payload[1:].partition(b"\0")
    if payload[:1] != PROTOCOL_VERSION or not terminated or len(rest) < 15:
        raise WrongProtocol(wire.opening + payload)  # the packet's header was the first thing to be read
    # thread id (4), first part of the scramble (8), filler (1), lower capabilities (2)
    (capabilities,) = struct.unpack_from("<H", rest, 13)
    if not capabilities & CLIENT_SSL:
        # mysql --ssl-mode=REQUIRED stops here: "SSL is required but the server doesn't support it".
        raise StarttlsNotOffered(
            "the server does not offer TLS", quote=version, hint="configure ssl_cert and ssl_key in the server"
        )
    wire.send(packet(1, handshake_response_head()))


def goodbye(wire: Wire, name: str) -> None:
    """Log in as nobody and be refused, or leave.

    A client that hangs up instead counts as a connection error, and after max_connect_errors of them the
    server blocks this host. There is no other way out before authentication.
    """
    wire.send(packet(2, handshake_response_head() + b"\0" + b"\0"))  # no user name, no authentication data
    if read_packet(wire, "answer to the login")[:1] == OK_PACKET:
        wire.send(packet(0, COM_QUIT))


def handshake_response_head() -> bytes:
    """Make what SSLRequest and HandshakeResponse41 have in common."""
    return struct.pack("<IIB23x", CAPABILITIES, MAX_PACKET, UTF8)


def packet(sequence: int, payload: bytes) -> bytes:
    """Make a packet: three octets of length, one of sequence, the payload."""
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def read_packet(wire: Wire, step: str) -> bytes:
    """Read the payload of the next packet."""
    wire.step = step
    header = wire.read_exactly(4)
    size = int.from_bytes(header[:3], "little")
    if not 0 < size <= MAX_HANDSHAKE:
        raise WrongProtocol(header)
    return wire.read_exactly(size)


def error_message(payload: bytes) -> bytes:
    """Parse number and text of an error packet: code (2), "#" and SQL state (6) where it has them, text."""
    (code,) = struct.unpack_from("<H", payload.ljust(3, b"\0"), 1)
    text = payload[3:]
    return b"%d %s" % (code, text[6:] if text.startswith(b"#") else text)
