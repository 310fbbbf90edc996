"""The server's end of one connection: the honest conversation of every protocol, to be left at any step.

Nothing here misbehaves; ``behaviours`` does. Every wait is bounded.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import Callable, NamedTuple

from check_starttls_cert import ber
from check_starttls_cert.starttls import PROTOCOLS

LIFETIME = 20.0
"""Seconds that a connection is kept up at most; the program is given two."""

XML = "<stream:stream xmlns='jabber:{}' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
XMPP_TLS = b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'"


class Gone(OSError):
    """The client has left, or this connection has lasted long enough."""


class Dialogue(NamedTuple):
    """What an honest server says up to its go-ahead for TLS."""

    replies: tuple[bytes, ...]
    refusal: Callable[[bytes], bytes]
    """A reply that says no in words of the server's choice, in the place of the last one."""
    more: bytes
    """A line, packet or element after which the reply goes on."""
    farewell: bytes = b""
    """What it says inside TLS, to whatever it is told."""
    greets: bool = True
    """It speaks before it is spoken to."""
    swallowed: int = 0
    """Octets that the client sends after the last reply and before TLS."""


def line(before: bytes, after: bytes = b"\r\n") -> Callable[[bytes], bytes]:
    """Return the maker of a refusal in one line."""
    return lambda text: before + text + after


def mysql_packet(payload: bytes) -> bytes:
    """Return a packet with the number 0."""
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def tds_packet(payload: bytes, kind: int = 4) -> bytes:
    """Return a packet of MS-TDS."""
    return struct.pack("!BBHHBB", kind, 1, 8 + len(payload), 0, 0, 0) + payload


def tpkt(payload: bytes) -> bytes:
    """Return an X.224 packet: RFC 1006."""
    return struct.pack("!BBHB", 3, 0, 5 + len(payload), len(payload)) + payload


def ldap_response(text: bytes, code: int = 52, number: int = 1) -> bytes:
    """Return an ExtendedResponse."""
    result = ber.encode(0x78, ber.encode(10, bytes([code])), ber.encode(4), ber.encode(4, text))
    return ber.encode(0x30, ber.encode(2, bytes([number])), result)


def xmpp(namespace: str) -> Dialogue:
    """Return the conversation of an XMPP server."""
    header = XML.format(namespace).encode()
    return Dialogue(
        (
            header + b"<stream:features><starttls " + XMPP_TLS + b"/></stream:features>",
            b"<proceed " + XMPP_TLS + b"/>",
        ),
        line(b"<stream:error><text>", b"</text></stream:error>"),
        b"<a/>",
        b"</stream:stream>",
        greets=False,
    )


SMTP = Dialogue(
    (b"220 mta.example.test ESMTP\r\n", b"250-mta.example.test\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"),
    line(b"454 "),
    b"250-SIZE 10000\r\n",
    b"221 bye\r\n",
)
DIALOGUES = {
    "smtp": SMTP,
    "submission": SMTP,
    "lmtp": SMTP._replace(replies=(b"220 mta.example.test LMTP\r\n", *SMTP.replies[1:])),
    "ldap": Dialogue((ldap_response(b"", 0),), ldap_response, ldap_response(b"", 0, 0), b"\x30\x00", greets=False),
    "imap": Dialogue(
        (b"* OK IMAP4rev1 ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", b"a2 OK go ahead\r\n"),
        line(b"a2 NO "),
        b"* CAPABILITY IMAP4rev1\r\n",
        b"* BYE\r\na3 OK bye\r\n",
    ),
    "pop3": Dialogue(
        (b"+OK POP3 ready\r\n", b"+OK\r\nSTLS\r\n.\r\n", b"+OK go ahead\r\n"),
        line(b"-ERR "),
        b"UIDL\r\n",
        b"+OK bye\r\n",
    ),
    "sieve": Dialogue(
        (b'"IMPLEMENTATION" "kit"\r\n"STARTTLS"\r\nOK\r\n', b'OK "go ahead"\r\n'),
        line(b'NO "', b'"\r\n'),
        b'"SASL" ""\r\n',
        b'"SASL" ""\r\nOK\r\n',
    ),
    "ftp": Dialogue((b"220 FTP ready\r\n", b"234 go ahead\r\n"), line(b"534 "), b"220-please wait\r\n", b"221 bye\r\n"),
    "nntp": Dialogue(
        (b"200 news.example.test\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n", b"382 go ahead\r\n"),
        line(b"580 "),
        b"READER\r\n",
        b"205 bye\r\n",
    ),
    "xmpp-client": xmpp("client"),
    "xmpp-server": xmpp("server"),
    "irc": Dialogue(
        (b":irc.example.test CAP * LS :tls\r\n", b":irc.example.test 670 * :go ahead\r\n"),
        line(b":irc.example.test 691 * :"),
        b":irc.example.test NOTICE * :wait\r\n",
        b"ERROR :bye\r\n",
        greets=False,
    ),
    "postgres": Dialogue(
        (b"S",), lambda text: b"E" + struct.pack("!I", len(text) + 7) + b"M" + text + b"\0\0", b"N", greets=False
    ),
    "mysql": Dialogue(
        (mysql_packet(b"\x0a8.0.0\0" + bytes(13) + b"\xff\xff\x21\x02\x00\xff\xff\x15" + bytes(10) + b"x" * 13),),
        lambda text: mysql_packet(b"\xff\x15\x04#08004" + text),
        mysql_packet(b"\x0a8.0.0\0" + bytes(40)),
        mysql_packet(b"\xff\x15\x04#28000no"),
        swallowed=36,
    ),
    "mssql": Dialogue(
        (tds_packet(struct.pack("!BHHBHHB", 0, 11, 6, 1, 17, 1, 255) + bytes(6) + b"\x01"),),
        lambda text: tds_packet(b"\xaa" + text),
        tds_packet(b""),
        greets=False,
    ),
    "rdp": Dialogue(
        (tpkt(b"\xd0\0\0\0\0\0" + struct.pack("<BBHI", 2, 0, 8, 1)),),
        lambda text: tpkt(b"\xd0\0\0\0\0\0" + struct.pack("<BBHI", 3, 0, 8, 5) + text[:200]),
        tpkt(b"\xf0\0"),
        greets=False,
    ),
    "nbd": Dialogue(
        (b"NBDMAGICIHAVEOPT\x00\x03", struct.pack("!QIII", 0x0003E889045565A9, 5, 1, 0)),
        lambda text: struct.pack("!QIII", 0x0003E889045565A9, 5, 0x80000002, len(text)) + text,
        struct.pack("!QIII", 0x0003E889045565A9, 5, 3, 0),
        struct.pack("!QIII", 0x0003E889045565A9, 2, 1, 0),
    ),
}

FAMILIES = {
    "implicit TLS": ("tls", *(name for name, row in PROTOCOLS.items() if row.implicit_tls and name != "tls")),
    "lines": ("smtp", "submission", "lmtp", "imap", "pop3", "sieve", "ftp", "nntp", "irc"),
    "LDAP": ("ldap",),
    "binary": ("mysql", "mssql", "rdp", "nbd", "postgres"),
    "XML": ("xmpp-client", "xmpp-server"),
}
"""Protocols whose conversations are read by the same kind of reader; the first stands for the others."""


class Peer:
    """The server's end of one connection. Raises ``OSError`` when the client has left."""

    def __init__(self, sock: socket.socket, protocol: str) -> None:
        self.sock = sock
        self.protocol = protocol
        self.end = time.monotonic() + LIFETIME
        spoken = DIALOGUES.get(PROTOCOLS[protocol].sibling or protocol)
        self.dialogue = None if PROTOCOLS[protocol].implicit_tls else spoken
        self.farewell = spoken.farewell if spoken else b""
        self.more = spoken.more if spoken else b"220-wait\r\n"
        self.step = 0
        self._heard = bytearray()
        self._framed = bytearray()
        self._tls: ssl.SSLObject | None = None
        self.seal: Callable[[bytes], bytes] | None = None
        """What makes records of application data, where TLS is done by hand."""
        self.framed = False

    @property
    def left(self) -> float:
        """The seconds that this connection may last. Raises ``Gone``."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise Gone
        return left

    # As it is.

    def raw(self, data: bytes) -> None:
        """Send ``data`` as it is."""
        self.sock.settimeout(self.left)
        self.sock.sendall(data)

    def hear(self) -> bytes:
        """Return what comes next: on the loopback interface, a whole message of the client."""
        self.sock.settimeout(self.left)
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        return data

    def wait(self) -> None:
        """Say nothing until the client leaves."""
        with suppress(OSError):
            while True:
                self.hear()

    # The honest conversation.

    def converse(self, replies: int | None = None) -> None:
        """Hold the plaintext conversation, or its first replies only; the next one is then due."""
        if self.dialogue is None:
            return
        count = len(self.dialogue.replies) if replies is None else replies
        for number in range(count + 1):
            last = number == len(self.dialogue.replies)
            if not last and (number or not self.dialogue.greets):
                self.hear()
            if number < count:
                self.raw(self.dialogue.replies[number])
        if replies is None:
            while len(self._heard) < self.dialogue.swallowed:
                self._heard += self.hear()
            del self._heard[: self.dialogue.swallowed]
            self.framed = self.protocol == "mssql"

    # Records.

    def records(self, data: bytes) -> None:
        """Send TLS records, as the protocol carries them."""
        if not self.framed:
            self.raw(data)
            return
        for begin in range(0, len(data), 30000):
            self.raw(tds_packet(data[begin : begin + 30000], 0x12))

    def record(self) -> bytes:
        """Return the client's next record."""
        while len(self._heard) < 5 or len(self._heard) < 5 + int.from_bytes(self._heard[3:5], "big"):
            self._heard += self.some_records()
        size = 5 + int.from_bytes(self._heard[3:5], "big")
        record = bytes(self._heard[:size])
        del self._heard[:size]
        return record

    def some_records(self) -> bytes:
        """Return octets of records."""
        if not self.framed:
            return self.hear()
        while len(self._framed) < 8 or len(self._framed) < int.from_bytes(self._framed[2:4], "big"):
            self._framed += self.hear()
        size = int.from_bytes(self._framed[2:4], "big")
        payload = bytes(self._framed[8:size])
        del self._framed[:size]
        return payload

    # Inside TLS, by OpenSSL.

    def shake_hands(self, context: ssl.SSLContext) -> None:
        """Serve an honest handshake."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        incoming.write(bytes(self._heard))
        self._heard.clear()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)

        def flush() -> None:
            if data := outgoing.read():
                self.records(data)

        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                flush()
                incoming.write(self.some_records())
            except ssl.SSLError:
                flush()
                raise Gone from None
            else:
                break
        flush()
        self.framed = False  # MS-TDS: packets carry the handshake only

        def seal(data: bytes) -> bytes:
            tls.write(data)
            return outgoing.read()

        self.seal = seal

    def put(self, data: bytes) -> None:
        """Send ``data``, inside TLS where that is up."""
        if self.seal is None:
            self.records(data)
        else:
            self.raw(b"".join(self.seal(data[begin : begin + 16000]) for begin in range(0, len(data), 16000)))

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
