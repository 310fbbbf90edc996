"""RDP: the X.224 negotiation of [MS-RDPBCGR] sections 2.2.1.1 and 2.2.1.2.

::

    C: X.224 Connection Request with RDP_NEG_REQ: TLS, or CredSSP over TLS
    S: X.224 Connection Confirm with RDP_NEG_RSP: the one that was chosen
"""

from __future__ import annotations

import struct

from check_starttls_cert.errors import Refused, StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.wire import Wire

PROTOCOL_SSL = 1
PROTOCOL_HYBRID = 2

TYPE_RDP_NEG_REQ = 1
TYPE_RDP_NEG_RSP = 2
TYPE_RDP_NEG_FAILURE = 3

CONNECTION_REQUEST = 0xE0
CONNECTION_CONFIRM = 0xD0

FAILURES = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER: it is configured for standard RDP security",
    3: "SSL_CERT_NOT_ON_SERVER: it has no certificate",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER: it insists on CredSSP",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
"""[MS-RDPBCGR] section 2.2.1.2.2."""

MAX_PACKET = 1024


def starttls(wire: Wire, name: str) -> None:
    """RDP_NEG_REQ."""
    wire.step = "answer to the connection request"
    negotiation = struct.pack("<BBHI", TYPE_RDP_NEG_REQ, 0, 8, PROTOCOL_SSL | PROTOCOL_HYBRID)
    # X.224: length of what follows, code, destination and source reference, class
    request = struct.pack("!BBHHB", 6 + len(negotiation), CONNECTION_REQUEST, 0, 0, 0) + negotiation
    # TPKT, RFC 1006 section 6: version, reserved, length of all
    wire.send(struct.pack("!BBH", 3, 0, 4 + len(request)) + request)

    header = wire.read_exactly(4)
    version, _, size = struct.unpack("!BBH", header)
    if version != 3 or not 11 <= size <= MAX_PACKET:
        raise WrongProtocol(header)
    confirm = wire.read_exactly(size - 4)
    if confirm[1] != CONNECTION_CONFIRM:
        raise WrongProtocol(header + confirm)
    if len(confirm) < 15:
        raise StarttlsNotOffered(
            "the server does not negotiate TLS, only standard RDP security", hint="set its security layer to TLS"
        )
    kind, _, _, value = struct.unpack_from("<BBHI", confirm, 7)
    # Where TLS is not chosen, FreeRDP goes on with standard RDP security, which has no TLS.
    if kind == TYPE_RDP_NEG_FAILURE:
        raise Refused(f"the server refuses TLS, failure code {value}", quote=FAILURES.get(value, ""))
    if kind != TYPE_RDP_NEG_RSP:
        raise WrongProtocol(header + confirm)
    if not value & (PROTOCOL_SSL | PROTOCOL_HYBRID):
        raise StarttlsNotOffered("the server chose standard RDP security", hint="set its security layer to TLS")


def goodbye(wire: Wire, name: str) -> None:
    """Nothing: the end of the TLS session ends the connection."""
