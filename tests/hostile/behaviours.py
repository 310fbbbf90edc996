"""Every way to misbehave: a function and a sentence each, in ``BEHAVIOURS``.

``behave(peer, value)`` is called when the honest conversation has come to its stage, and does what it likes until the
client leaves. It is over when it returns.
"""

from __future__ import annotations

import functools
import socket
import ssl
import struct
import tempfile
import time
import warnings
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

from hostile import by_hand, chains
from hostile.by_hand import (
    ALERT,
    APPLICATION_DATA,
    CERTIFICATE,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    HELLO_REQUEST,
    KEY_UPDATE,
    NEW_SESSION_TICKET,
    Tls12,
    Tls13,
    message,
    record,
    records,
    sized,
)
from hostile.chains import BY_OPENSSL, CHAINS, Served
from hostile.peer import DIALOGUES, Peer

WORDS, HELLO, HANDS, INSIDE, NETWORK = "words", "hello", "hands", "inside", "network"
STAGES = {
    WORDS: "in the place of each plaintext reply",
    HELLO: "in the place of the ServerHello",
    HANDS: "in the handshake",
    INSIDE: "after an honest handshake",
    NETWORK: "before there is a server",
}

MEGABYTE = 2**20
MANY = 100 * MEGABYTE
"""What a flood comes to, if the client lets it."""

Behave = Callable[[Peer, Any], None]


class Behaviour(NamedTuple):
    """One way to misbehave."""

    name: str
    sentence: str
    behave: Behave
    stages: tuple[str, ...]
    values: Sequence[Any] = (None,)
    """What it is tried with, each in a run of its own."""
    good: Callable[[Any], bool] = lambda _: False
    """Whether the right verdict is OK all the same, for a value. After an honest handshake it always is."""


BEHAVIOURS: dict[str, Behaviour] = {}


def sentence(function: Callable[..., Any]) -> str:
    """Return the first line of a function's docstring."""
    return (function.__doc__ or "").split("\n")[0].rstrip(".")


def behaviour(
    *stages: str, values: Sequence[Any] = (None,), good: Callable[[Any], bool] = lambda _: False
) -> Callable[[Behave], Behave]:
    """Put a function into ``BEHAVIOURS``, under its name and with its docstring's first line."""

    def put(behave: Behave) -> Behave:
        name = behave.__name__.replace("_", " ")
        BEHAVIOURS[name] = Behaviour(name, sentence(behave), behave, stages, values, good)
        return behave

    return put


def flood(send: Callable[[bytes], None], octets: bytes, total: int = MANY) -> None:
    """Send octets again and again, as much as the client takes."""
    block = octets * max(1, 65536 // len(octets))
    for _ in range(total // len(block)):
        send(block)


# What can be done at any moment.


@behaviour(WORDS, HELLO, INSIDE)
def silence(peer: Peer, _: Any) -> None:
    """Says nothing, and keeps the line open."""
    peer.wait()


@behaviour(WORDS, HELLO, INSIDE)
def close(peer: Peer, _: Any) -> None:
    """Closes the connection."""


@behaviour(WORDS, HELLO, INSIDE)
def reset(peer: Peer, _: Any) -> None:
    """Resets the connection."""
    peer.reset()


@behaviour(WORDS, HELLO, INSIDE)
def half_close(peer: Peer, _: Any) -> None:
    """Closes its own direction only, and waits."""
    peer.sock.shutdown(socket.SHUT_WR)
    peer.wait()


@behaviour(WORDS, HELLO, INSIDE, values=(b"220-\r\n", b"\x16\x03\x03\x00\x04", b"A"))
def an_octet_at_a_time(peer: Peer, value: bytes) -> None:
    """Sends an octet every half second; a line, a record, neither."""
    for number in range(60):
        time.sleep(min(0.5, peer.left))
        peer.put(value[number % len(value) :][:1])


@behaviour(WORDS, HELLO, INSIDE, values=(b"A", b"\0", b"\xff", b" ", b"<", b"{"))
def endless_line(peer: Peer, value: bytes) -> None:
    """Sends one line of 100 MB."""
    flood(peer.put, value)


def begin(peer: Peer, value: str) -> None:
    """Send the honest reply's first line, or its opening tags, where that is wanted."""
    if value == "begun" and peer.dialogue is not None:
        reply = peer.dialogue.replies[min(peer.step, len(peer.dialogue.replies) - 1)]
        peer.put(reply[: reply.find(b"\n") + 1] or reply.partition(b"<starttls")[0])


@behaviour(WORDS, INSIDE, values=("bare", "begun"))
def endless_reply(peer: Peer, value: str) -> None:
    """Sends reply lines, capabilities, packets or elements without the last one, to 100 MB."""
    begin(peer, value)
    flood(peer.put, peer.more)


@behaviour(WORDS, INSIDE, values=("bare", "begun"))
def slow_reply(peer: Peer, value: str) -> None:
    """Sends such a line every quarter of a second."""
    begin(peer, value)
    for _ in range(80):
        peer.put(peer.more)
        time.sleep(min(0.25, peer.left))


UGLY = (
    b"a\0b\0",
    b"\x1b]0;title\x07\x1b[2J\x1b[31m",
    "\u202egpj.exe\u2066\u200f\ufeff".encode(),
    b"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80",
    b"OK - fine | days=999;1;1",
    "\u2028OK\u2029OK\x85OK\x0bOK\x0cOK\rOK".encode(),
    b"'\"\\${IFS}`id`$(id)%n%s\xf0\x9f\x92\xa9" * 8,
    b"x" * 4000,
)
"""NUL, terminal sequences, direction, invalid UTF-8, performance data, line ends, shells, length."""


@behaviour(WORDS, values=UGLY)
def refusal_in_ugly_words(peer: Peer, value: bytes) -> None:
    """Refuses, in NUL, ESC, bidi, invalid UTF-8, bars, line ends, shell words, 4,000 octets."""
    assert peer.dialogue is not None
    peer.raw(peer.dialogue.refusal(value))
    peer.wait()


@behaviour(WORDS, HELLO, INSIDE, values=UGLY)
def ugly_words(peer: Peer, value: bytes) -> None:
    """The same words, bare, and then the connection is closed."""
    peer.put(value + b"\r\n")


@behaviour(WORDS, HELLO, INSIDE, values=tuple(DIALOGUES))
def another_protocol(peer: Peer, value: str) -> None:
    """Speaks as a server of another protocol does; all of them."""
    if value == peer.protocol:
        value = "imap" if value != "imap" else "smtp"
    peer.put(DIALOGUES[value].replies[0] or DIALOGUES[value].farewell)
    peer.wait()


@behaviour(
    WORDS, HELLO, values=(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-kit\r\n", b"\x15\x03\x01\x00\x02\x02\x28")
)
def a_stranger(peer: Peer, value: bytes) -> None:
    """Answers as a web server, an SSH server, or with an alert of TLS."""
    peer.put(value)


@behaviour(WORDS, values=(b"220 mta ESMTP\r\n", b"\x16\x03\x03", b"\0"))
def plaintext_after_the_go_ahead(peer: Peer, value: bytes) -> None:
    """Says all at once, and more after the go-ahead, which TLS must not take for its own (CVE-2011-0411)."""
    assert peer.dialogue is not None
    peer.raw(b"".join(peer.dialogue.replies[peer.step :]) + value)
    peer.wait()


# Records in plaintext, from anybody in the middle: no key is needed.

FLOODS = {
    "HelloRequest": record(HANDSHAKE, message(HELLO_REQUEST, b"")),
    "empty handshake records": record(HANDSHAKE, b""),
    "empty application data": record(APPLICATION_DATA, b""),
    "warning alerts": by_hand.alert(90, level=1),
    "ChangeCipherSpec": record(CHANGE_CIPHER_SPEC, b"\x01"),
    "ServerHello without end": record(HANDSHAKE, b"\x02\x00\xff\xff") + record(HANDSHAKE, bytes(1)) * 20_000,
}


@behaviour(HELLO, INSIDE, values=tuple(FLOODS))
def endless_records(peer: Peer, value: str) -> None:
    """Sends plaintext records without end: HelloRequest, empty, warnings, ChangeCipherSpec, fragments of an octet."""
    flood(peer.records, FLOODS[value])


@behaviour(HELLO, INSIDE, values=("HelloRequest", "warning alerts", "empty handshake records"))
def slow_records(peer: Peer, value: str) -> None:
    """Sends such a record every tenth of a second."""
    for _ in range(200):
        peer.records(FLOODS[value])
        time.sleep(min(0.1, peer.left))


@behaviour(HELLO, values=tuple(range(256)))
def alert(peer: Peer, value: int) -> None:
    """Ends the handshake at its beginning with an alert, 0 to 255."""
    peer.records(by_hand.alert(value))
    peer.wait()


@behaviour(HELLO, values=tuple(range(256)))
def warning(peer: Peer, value: int) -> None:
    """The same alerts as warnings, and then nothing."""
    peer.records(by_hand.alert(value, level=1))


@behaviour(
    HELLO,
    values=(
        b"\x16\x03\x03\xff\xff" + bytes(65535),
        b"\x16\x03\x03\x48\x01" + bytes(0x4801),
        b"\x16\x03\x03\x00\x04\x02\xff\xff\xff",
        b"\x16\x03\x03\x00\x04\x63\x00\x00\x00",
        b"\x16\x09\x09\x00\x01\x00",
        b"\x80\x2e\x01\x00\x02" + bytes(64),
        b"\x18\x03\x03\x00\x03\x01\xff\xff",
    ),
)
def impossible_record(peer: Peer, value: bytes) -> None:
    """Sends records that are too long, a message of 16 MB, of no known type, of no version, SSL 2, a heartbeat."""
    peer.records(value)
    peer.wait()


@behaviour(HELLO, values=(0x0300, 0x0301, 0x0302, 0x0305, 0x7F1C, 0xFFFF))
def impossible_version(peer: Peer, value: int) -> None:
    """A ServerHello of SSL 3 to TLS 1.1, or of a version that nobody has asked for."""
    hello = struct.pack("!H", value) + bytes(32) + b"\0\xc0\x2b\0"
    peer.records(record(HANDSHAKE, message(2, hello)))
    peer.wait()


# Handshakes, by hand.


def with_tls(version: int) -> Callable[[Peer], Tls12 | Tls13]:
    """Return the maker of a server that is made by hand."""
    return {12: Tls12, 13: Tls13}[version]


def served(name: str) -> Served:
    """Return a chain."""
    return CHAINS[name]()


def _is_good(value: tuple[str, int]) -> bool:
    return served(value[0]).good


@behaviour(
    HANDS,
    values=[
        (name, version)
        for name in CHAINS
        if name not in BY_OPENSSL and not name.startswith("rsa")
        for version in (12, 13)
    ]
    + [(name, 13) for name in CHAINS if name.startswith("rsa")]
    + [(name, 0) for name in BY_OPENSSL],
    good=_is_good,
)
def chain(peer: Peer, value: tuple[str, int]) -> None:
    """Serves a hostile chain, with TLS 1.2 and 1.3."""
    name, version = value
    chosen = served(name)
    if version:
        with_tls(version)(peer).serve(chosen.chain, chosen.key)
    else:
        peer.shake_hands(openssl(name))
    leave_well(peer)


SIZES = (5, 16)


@behaviour(HANDS, values=[(size, version) for size in SIZES for version in (12, 13)])
def certificate_message_of_megabytes(peer: Peer, value: tuple[int, int]) -> None:
    """Sends a Certificate message of 5 and of 16 MB."""
    size, version = value
    server = with_tls(version)(peer)
    if isinstance(server, Tls13):
        server.extensions()
    head = bytes([CERTIFICATE]) + (size * MEGABYTE - 1).to_bytes(3, "big")
    seal = server.sealed if isinstance(server, Tls13) else records
    peer.records(seal(HANDSHAKE, head))
    part = bytes(2**14)
    for _ in range(size * MEGABYTE // len(part)):
        peer.records(seal(HANDSHAKE, part))
    peer.wait()


@behaviour(HANDS, values=(12, 13))
def certificate_in_octets(peer: Peer, value: int) -> None:
    """Sends the Certificate message in fragments of one octet."""
    server = with_tls(value)(peer)
    if isinstance(server, Tls13):
        server.extensions()
    body = sized(sized(chains.leaf(), 3) + (b"\0\0" if value == 13 else b""), 3)
    said = message(CERTIFICATE, (b"\0" if value == 13 else b"") + body)
    for place in range(len(said)):
        one = said[place : place + 1]
        peer.records(server.seal(HANDSHAKE, one) if isinstance(server, Tls13) else record(HANDSHAKE, one))
    peer.wait()


@behaviour(HANDS, values=("signature", "finished", "nothing", "order", "extensions"))
def broken_handshake(peer: Peer, value: str) -> None:
    """TLS 1.3: wrong CertificateVerify, wrong Finished, nothing more, wrong order, an extension out of place."""
    server, good = Tls13(peer), served("honest")
    if value == "order":
        server.finish()
    server.extensions(struct.pack("!HHI", 51, 4, 0) if value == "extensions" else b"")
    server.certificate(good.chain)
    if value == "nothing":
        peer.wait()
    server.verify(chains.ROOT_KEY if value == "signature" else good.key)
    if value == "finished":
        server.transcript += b"?"
    server.finish()
    peer.wait()


@behaviour(HANDS, values=("empty records", "padding", "warnings", "extensions"))
def endless_encrypted_records(peer: Peer, value: str) -> None:
    """In the handshake of TLS 1.3: encrypted nothing, padding and warnings; EncryptedExtensions of 16 MB."""
    server = Tls13(peer)
    if value == "extensions":
        peer.records(server.sealed(HANDSHAKE, b"\x08\xff\xff\xff"))
    for _ in range(20_000):
        if value == "warnings":
            peer.records(server.seal(ALERT, b"\x01\x5a"))
        else:
            peer.records(
                server.seal(HANDSHAKE, bytes(2**14) if value == "extensions" else b"", 9000 * (value == "padding"))
            )


@behaviour(HANDS, values=tuple(range(0, 256, 5)))
def alert_after_the_certificate(peer: Peer, value: int) -> None:
    """Shows a good certificate and ends the handshake with an encrypted alert; every fifth of 0 to 255."""
    server = Tls13(peer)
    server.extensions()
    server.certificate(served("honest").chain)
    peer.records(server.seal(ALERT, bytes([2, value])))
    peer.wait()


def after_hands(peer: Peer, version: int = 13) -> Any:
    """Hold an honest handshake by hand."""
    good = served("honest")
    server = with_tls(version)(peer)
    server.serve(good.chain, good.key)
    return server


def always(_: Any) -> bool:
    """Say that the right verdict is OK."""
    return True


@behaviour(HANDS, good=always)
def endless_tickets(peer: Peer, _: Any) -> None:
    """After the handshake of TLS 1.3: session tickets without end."""
    server = after_hands(peer)
    for number in range(100_000):
        ticket = struct.pack("!II", 7200, number) + sized(struct.pack("!Q", number), 1) + sized(b"t" * 200, 2) + b"\0\0"
        peer.raw(server.seal(HANDSHAKE, message(NEW_SESSION_TICKET, ticket)))


@behaviour(HANDS, values=(0, 1), good=always)
def endless_key_updates(peer: Peer, value: int) -> None:
    """After the handshake of TLS 1.3: key updates without end, which want an answer or not."""
    server = after_hands(peer)
    for _ in range(100_000):
        peer.raw(server.update(value))


@behaviour(HANDS, values=(KEY_UPDATE, 13, 99), good=always)
def odd_messages_after_the_handshake(peer: Peer, value: int) -> None:
    """After the handshake of TLS 1.3: malformed key update, a request for a certificate, a message of no known type."""
    server = after_hands(peer)
    peer.raw(server.seal(HANDSHAKE, message(value, b"\x07\x08")))
    peer.wait()


@behaviour(HANDS, values=tuple(range(0, 256, 5)), good=always)
def alert_after_the_handshake(peer: Peer, value: int) -> None:
    """After the handshake of TLS 1.3: an alert; every fifth of 0 to 255."""
    server = after_hands(peer)
    peer.raw(server.seal(ALERT, bytes([2, value])))
    peer.wait()


@behaviour(HANDS, values=("once", "endless", "warnings", "empty records"), good=always)
def renegotiation(peer: Peer, value: str) -> None:
    """After the handshake of TLS 1.2: HelloRequest, once and without end; warnings and empty records without end."""
    server = after_hands(peer, 12)
    kind, data = {"warnings": (ALERT, b"\x01\x5a"), "empty records": (APPLICATION_DATA, b"")}.get(
        value, (HANDSHAKE, message(HELLO_REQUEST, b""))
    )
    for _ in range(1 if value == "once" else 100_000):
        peer.raw(server.seal(kind, data))
    peer.wait()


# By OpenSSL.


@functools.cache
def openssl(name: str = "honest", version: int = 13, client_certificate: int = ssl.CERT_NONE) -> ssl.SSLContext:
    """Return the context of a server."""
    chosen = served(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if version == 13 else ssl.TLSVersion.TLSv1_2
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(chains.key_pem(chosen.key) + b"".join(map(chains.pem, chosen.chain)))
        file.flush()
        context.load_cert_chain(file.name)
    context.verify_mode = ssl.VerifyMode(client_certificate)
    if name in ("secp256k1", "brainpool"):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.set_ecdh_curve({"secp256k1": "secp256k1", "brainpool": "brainpoolP384r1"}[name])
    return context


def leave_well(peer: Peer) -> None:
    """Answer whatever the client says inside TLS as it wants it, and wait until it leaves."""
    peer.put(peer.farewell or b"bye\r\n")
    peer.wait()


@behaviour(
    HANDS, values=[(v, w) for v in (12, 13) for w in (int(ssl.CERT_OPTIONAL), int(ssl.CERT_REQUIRED))], good=always
)
def client_certificate(peer: Peer, value: tuple[int, int]) -> None:
    """Asks for a client certificate, and demands one; TLS 1.2 and 1.3."""
    peer.shake_hands(openssl("honest", *value))
    leave_well(peer)


# Before there is a server.


@behaviour(NETWORK)
def silent_resolver(peer: Peer, _: Any) -> None:
    """The resolver does not answer."""


@behaviour(NETWORK)
def two_hundred_closed_addresses(peer: Peer, _: Any) -> None:
    """The name has 200 addresses that refuse."""


@behaviour(NETWORK)
def silent_addresses(peer: Peer, _: Any) -> None:
    """The name has 20 addresses that do not answer: their queues are full."""


@behaviour(NETWORK, values=("ugly", "empty", "unicode"))
def broken_resolver(peer: Peer, value: str) -> None:
    """The resolver fails in ugly words, gives an empty list, fails as Python's codecs do."""
