"""PostgreSQL: SSLRequest, https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL.

::

    C: SSLRequest
    S: S
"""

from __future__ import annotations

import struct

from check_starttls_cert.errors import Refused, StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.wire import Wire

SSL_REQUEST_CODE = 80877103

MAX_ERROR = 8192
"""Octets of an ErrorResponse that are read."""


def starttls(wire: Wire, name: str) -> None:
    """SSLRequest."""
    wire.step = "answer to SSLRequest"
    wire.send(struct.pack("!ii", 8, SSL_REQUEST_CODE))
    answer = wire.read_exactly(1)
    # libpq, where it must encrypt (sslmode=require), stops after N and after E.
    if answer == b"N":
        if wire.arrived():  # no server says more than this letter
            raise WrongProtocol(answer)
        raise StarttlsNotOffered("the server does not use TLS", hint="set ssl = on in postgresql.conf")
    if answer == b"E":
        raise Refused("the server answers SSLRequest with an error", quote=error_message(wire))
    if answer != b"S":
        raise WrongProtocol(answer)


def goodbye(wire: Wire, name: str) -> None:
    """Nothing: a client that does not like the server's TLS just hangs up, and the server does not log it."""


def error_message(wire: Wire) -> bytes:
    """Read the message field (M) of an ErrorResponse, or all of it."""
    head = wire.read_exactly(4)
    (size,) = struct.unpack("!I", head)
    if not 4 <= size <= MAX_ERROR:
        # Not a message but bare text, as servers send that could not start a process for the connection.
        return head + wire.read_until(b"\0")[:-1]
    fields = wire.read_exactly(size - 4).split(b"\0")
    return next((field[1:] for field in fields if field.startswith(b"M")), b" ".join(fields))
