"""Microsoft SQL Server: TDS 7, [MS-TDS] sections 2.2.6.5 (PRELOGIN) and 2.2.3.1 (packet header).

::

    C: PRELOGIN with ENCRYPT_ON
    S: PRELOGIN response with ENCRYPT_ON
    C, S: TLS handshake, its records inside PRELOGIN packets
"""

from __future__ import annotations

import struct

from check_starttls_cert.errors import StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.wire import Wire

PRELOGIN = 0x12
TABULAR_RESULT = 0x04
END_OF_MESSAGE = 0x01

VERSION, ENCRYPTION, TERMINATOR = 0x00, 0x01, 0xFF
ENCRYPT_ON = 0x01
ENCRYPT_NOT_SUPPORTED = 0x02

MAX_PACKET = 32767
"""Section 2.2.3.1: the largest packet that can be negotiated."""


def starttls(wire: Wire, name: str) -> None:
    """Hold the conversation up to the go-ahead for TLS, and wrap what follows."""
    wire.step = "answer to PRELOGIN"
    # Each option: token, offset and length of its data; the data follow the terminator.
    options = struct.pack("!BHHBHHB", VERSION, 11, 6, ENCRYPTION, 17, 1, TERMINATOR)
    wire.send(packet(options + bytes(6) + bytes([ENCRYPT_ON])))
    kind, payload = read_packet(wire)
    if kind != TABULAR_RESULT or payload[:1] != bytes([VERSION]):  # section 2.2.6.5: it is the first option
        raise WrongProtocol(payload)
    # FreeTDS holds the handshake after every other answer, ENCRYPT_OFF too: then it protects the login.
    if encryption(payload) == ENCRYPT_NOT_SUPPORTED:
        raise StarttlsNotOffered("the server does not support encryption", hint="give it a certificate")
    wire.framing = TdsFraming()


def goodbye(wire: Wire, name: str) -> None:
    """Nothing: the end of the TLS session ends the connection."""


class TdsFraming:
    """TLS records travel inside PRELOGIN packets until the handshake is complete."""

    def wrap(self, records: bytes) -> bytes:
        """Wrap TLS records as the server wants them: nothing for none, since an empty packet is a message too."""
        return packet(records) if records else b""

    def read(self, wire: Wire) -> bytes:
        """Read the TLS records of the next packet."""
        return read_packet(wire)[1]


def packet(payload: bytes) -> bytes:
    """Make a packet: type, status, length of all, SPID, packet id, window."""
    return struct.pack("!BBHHBB", PRELOGIN, END_OF_MESSAGE, 8 + len(payload), 0, 0, 0) + payload


def read_packet(wire: Wire) -> tuple[int, bytes]:
    """Read type and payload of the next packet."""
    header = wire.read_exactly(8)
    kind, _, size = struct.unpack_from("!BBH", header)
    if kind not in (PRELOGIN, TABULAR_RESULT) or not 8 <= size <= MAX_PACKET:
        raise WrongProtocol(header)
    return kind, wire.read_exactly(size - 8) if size > 8 else b""


def encryption(payload: bytes) -> int:
    """Find the ENCRYPTION option's value; not supported where there is none."""
    position = 0
    while position + 5 <= len(payload) and payload[position] != TERMINATOR:
        token, offset, length = struct.unpack_from("!BHH", payload, position)
        if token == ENCRYPTION and length and offset < len(payload):
            return int(payload[offset])
        position += 5
    return ENCRYPT_NOT_SUPPORTED
