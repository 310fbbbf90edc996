"""NBD: fixed newstyle negotiation and NBD_OPT_STARTTLS, the NBD protocol document.

::

    S: NBDMAGIC, IHAVEOPT, NBD_FLAG_FIXED_NEWSTYLE
    C: NBD_FLAG_C_FIXED_NEWSTYLE, IHAVEOPT, NBD_OPT_STARTTLS
    S: reply to NBD_OPT_STARTTLS: NBD_REP_ACK

Source: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md.
"""

from __future__ import annotations

import struct

from check_starttls_cert.errors import Refused, StarttlsNotOffered
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.wire import Wire

SERVER_MAGIC = b"NBDMAGIC"
OPTION_MAGIC = b"IHAVEOPT"
OLDSTYLE_MAGIC = bytes.fromhex("0000420281861253")
REPLY_MAGIC = 0x0003E889045565A9

FIXED_NEWSTYLE = 1
NBD_OPT_ABORT = 2
NBD_OPT_STARTTLS = 5
NBD_REP_ACK = 1

NBD_REP_ERR_UNSUP = 0x80000001

ERRORS = {
    0x80000002: "NBD_REP_ERR_POLICY: it is configured not to use TLS",
    0x80000003: "NBD_REP_ERR_INVALID",
    0x80000004: "NBD_REP_ERR_PLATFORM: it was built without TLS",
    0x80000007: "NBD_REP_ERR_SHUTDOWN: it is shutting down",
}

MAX_TEXT = 4096
"""Octets of a reply's text; the protocol's own limit for strings."""


def starttls(wire: Wire, name: str) -> None:
    """NBD_OPT_STARTTLS."""
    wire.step = "greeting"
    magic = wire.read_exactly(8)
    if magic != SERVER_MAGIC:
        raise WrongProtocol(magic)
    greeting = wire.read_exactly(10)
    if greeting.startswith(OLDSTYLE_MAGIC):
        raise StarttlsNotOffered("the server negotiates in the old style, which has no STARTTLS")
    if not greeting.startswith(OPTION_MAGIC):
        raise WrongProtocol(magic + greeting)
    if not greeting[-1] & FIXED_NEWSTYLE:
        raise StarttlsNotOffered("the server knows no options, and so no STARTTLS")
    wire.step = "reply to NBD_OPT_STARTTLS"
    wire.send(struct.pack("!I", FIXED_NEWSTYLE) + option(NBD_OPT_STARTTLS))
    header = wire.read_exactly(20)
    magic, answered, kind, size = struct.unpack("!QIII", header)
    if magic != REPLY_MAGIC or answered != NBD_OPT_STARTTLS or size > MAX_TEXT:
        raise WrongProtocol(header)
    text = wire.read_exactly(size)
    if kind == NBD_REP_ERR_UNSUP:
        raise StarttlsNotOffered("the server does not know NBD_OPT_STARTTLS", quote=text)
    if kind != NBD_REP_ACK:  # qemu and nbd-client stop, too
        raise Refused(f"the server refuses TLS with {ERRORS.get(kind, hex(kind))}", quote=text)


def goodbye(wire: Wire, name: str) -> None:
    """End the negotiation; the server acknowledges and closes."""
    wire.send(option(NBD_OPT_ABORT))
    wire.step = "reply to NBD_OPT_ABORT"
    wire.read_exactly(20)


def option(number: int) -> bytes:
    """Make an option request without data."""
    return OPTION_MAGIC + struct.pack("!II", number, 0)
