"""TLS servers made of octets: what no library would send can be sent at any place of the handshake.

TLS 1.3 (RFC 8446) with TLS_AES_128_GCM_SHA256, TLS 1.2 (RFC 5246, RFC 5289) with ECDHE and AES-128-GCM; X25519.
What the client says is read as far as the keys need it, and believed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hostile.peer import Gone, Peer

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
(HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE) = (0, 1, 2, 4, 8, 11)
(KEY_EXCHANGE, CERTIFICATE_REQUEST, HELLO_DONE, CERTIFICATE_VERIFY, FINISHED, KEY_UPDATE) = (12, 13, 14, 15, 20, 24)

X25519 = 29
ECDSA_SHA256, RSA_PSS_SHA256 = 0x0403, 0x0804


def sized(data: bytes, octets: int) -> bytes:
    """Return ``data`` after its length."""
    return len(data).to_bytes(octets, "big") + data


def record(kind: int, data: bytes, version: int = 0x0303) -> bytes:
    """Return a record."""
    return struct.pack("!BHH", kind, version, len(data)) + data


def records(kind: int, data: bytes) -> bytes:
    """Return as many records as ``data`` needs."""
    return b"".join(record(kind, data[begin : begin + 2**14]) for begin in range(0, len(data), 2**14))


def message(kind: int, body: bytes) -> bytes:
    """Return a handshake message."""
    return bytes([kind]) + sized(body, 3)


def alert(number: int, level: int = 2) -> bytes:
    """Return an alert in plaintext."""
    return record(ALERT, bytes([level, number]))


def digest(data: bytes) -> bytes:
    """Return SHA-256."""
    return hashlib.sha256(data).digest()


def mac(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SHA-256, which is HKDF-Extract too."""
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """HKDF-Expand-Label, RFC 8446 section 7.1, for one block."""
    info = struct.pack("!H", size) + sized(b"tls13 " + label, 1) + sized(context, 1)
    return mac(secret, info + b"\x01")[:size]


def prf(secret: bytes, label: bytes, seed: bytes, size: int) -> bytes:
    """RFC 5246 section 5."""
    seed, out = label + seed, b""
    block = seed
    while len(out) < size:
        block = mac(secret, block)
        out += mac(secret, block + seed)
    return out[:size]


def sign(key: Any, data: bytes) -> bytes:
    """Return algorithm and signature."""
    if hasattr(key, "sign_pss"):
        return struct.pack("!H", RSA_PSS_SHA256) + sized(key.sign_pss(data), 2)
    return struct.pack("!H", ECDSA_SHA256) + sized(key.sign(data, ec.ECDSA(hashes.SHA256())), 2)


class ByHand:
    """What both versions have in common: the client's hello, and the handshake so far."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.transcript = peer.record()[5:]
        hello = self.transcript[4:]
        self.client_random = hello[2:34]
        self.session_id = hello[34 : 35 + hello[34]]
        at = 35 + hello[34]
        at += 2 + int.from_bytes(hello[at : at + 2], "big")
        at += 1 + hello[at] + 2
        self.share = b""
        while at + 4 <= len(hello):
            kind, size = struct.unpack_from("!HH", hello, at)
            body = hello[at + 4 : at + 4 + size]
            if kind == 51 and (place := body.find(struct.pack("!HH", X25519, 32))) >= 0:
                self.share = body[place + 4 : place + 36]
            at += 4 + size
        self.random = os.urandom(32)
        self.secret = x25519.X25519PrivateKey.generate()
        self.public = self.secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def shared(self, share: bytes) -> bytes:
        """Return the shared secret."""
        if len(share) != 32:
            raise Gone
        return self.secret.exchange(x25519.X25519PublicKey.from_public_bytes(share))


class Tls13(ByHand):
    """A TLS 1.3 server, up to its ServerHello when it is made."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer)
        extensions = struct.pack("!HHH", 43, 2, 0x0304) + struct.pack("!HHHH", 51, 36, X25519, 32) + self.public
        body = b"\x03\x03" + self.random + self.session_id + b"\x13\x01\x00" + sized(extensions, 2)
        hello = message(SERVER_HELLO, body)
        self.transcript += hello
        shared = self.shared(self.share)
        peer.records(record(HANDSHAKE, hello) + record(CHANGE_CIPHER_SPEC, b"\x01"))
        early = mac(bytes(32), bytes(32))
        self.handshake_secret = mac(expand(early, b"derived", digest(b""), 32), shared)
        self.traffic = expand(self.handshake_secret, b"s hs traffic", digest(self.transcript), 32)
        self.keys()

    def keys(self) -> None:
        """Derive the keys of this side's traffic secret."""
        self.cipher = AESGCM(expand(self.traffic, b"key", b"", 16))
        self.iv = int.from_bytes(expand(self.traffic, b"iv", b"", 12), "big")
        self.sequence = 0

    def seal(self, kind: int, data: bytes, padding: int = 0) -> bytes:
        """Return an encrypted record."""
        header = struct.pack("!BHH", APPLICATION_DATA, 0x0303, len(data) + padding + 17)
        nonce = (self.iv ^ self.sequence).to_bytes(12, "big")
        self.sequence += 1
        return header + self.cipher.encrypt(nonce, data + bytes([kind]) + bytes(padding), header)

    def sealed(self, kind: int, data: bytes) -> bytes:
        """Return as many encrypted records as ``data`` needs, one at least."""
        return b"".join(self.seal(kind, data[begin : begin + 2**14]) for begin in range(0, len(data) or 1, 2**14))

    def say(self, kind: int, body: bytes) -> None:
        """Send a handshake message."""
        said = message(kind, body)
        self.transcript += said
        self.peer.records(self.sealed(HANDSHAKE, said))

    def extensions(self, body: bytes = b"") -> None:
        """EncryptedExtensions."""
        self.say(ENCRYPTED_EXTENSIONS, sized(body, 2))

    def certificate(self, chain: tuple[bytes, ...]) -> None:
        """Certificate."""
        self.say(CERTIFICATE, b"\x00" + sized(b"".join(sized(der, 3) + b"\0\0" for der in chain), 3))

    def verify(self, key: Any) -> None:
        """CertificateVerify."""
        data = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + digest(self.transcript)
        self.say(CERTIFICATE_VERIFY, sign(key, data))

    def finish(self) -> None:
        """Finished, and the keys that come after it."""
        self.say(FINISHED, mac(expand(self.traffic, b"finished", b"", 32), digest(self.transcript)))
        master = mac(expand(self.handshake_secret, b"derived", digest(b""), 32), bytes(32))
        self.traffic = expand(master, b"s ap traffic", digest(self.transcript), 32)
        self.keys()
        self.peer.framed = False
        self.peer.seal = lambda data: self.sealed(APPLICATION_DATA, data)

    def update(self, answer: int = 0) -> bytes:
        """Return a KeyUpdate; the keys change with it."""
        said = self.seal(HANDSHAKE, message(KEY_UPDATE, bytes([answer])))
        self.traffic = expand(self.traffic, b"traffic upd", b"", 32)
        self.keys()
        return said

    def serve(self, chain: tuple[bytes, ...], key: Any) -> None:
        """Go on to the end of an honest handshake."""
        self.extensions()
        self.certificate(chain)
        self.verify(key)
        self.finish()
        self.client_has_finished()

    def client_has_finished(self) -> None:
        """Wait for the client's second flight: its Finished is encrypted."""
        while self.peer.record()[0] != APPLICATION_DATA:
            pass


class Tls12(ByHand):
    """A TLS 1.2 server, up to its ServerHello when it is made."""

    def __init__(self, peer: Peer) -> None:
        super().__init__(peer)
        extensions = struct.pack("!HHB", 0xFF01, 1, 0)
        self.say(SERVER_HELLO, b"\x03\x03" + self.random + b"\0" + b"\xc0\x2b\x00" + sized(extensions, 2))

    def say(self, kind: int, body: bytes) -> None:
        """Send a handshake message."""
        said = message(kind, body)
        self.transcript += said
        self.peer.records(records(HANDSHAKE, said))

    def certificate(self, chain: tuple[bytes, ...]) -> None:
        """Certificate."""
        self.say(CERTIFICATE, sized(b"".join(sized(der, 3) for der in chain), 3))

    def key_exchange(self, key: Any) -> None:
        """ServerKeyExchange and ServerHelloDone."""
        parameters = struct.pack("!BH", 3, X25519) + sized(self.public, 1)
        self.say(KEY_EXCHANGE, parameters + sign(key, self.client_random + self.random + parameters))
        self.say(HELLO_DONE, b"")

    def finish(self) -> None:
        """Read the client's second flight, and send Finished under the keys that come of it."""
        exchange = self.peer.record()[5:]
        self.transcript += exchange
        pre_master = self.shared(exchange[5:])
        master = prf(pre_master, b"master secret", self.client_random + self.random, 48)
        block = prf(master, b"key expansion", self.random + self.client_random, 40)
        client, self.cipher = AESGCM(block[:16]), AESGCM(block[16:32])
        client_iv, self.iv = block[32:36], block[36:40]
        self.peer.record()  # ChangeCipherSpec
        finished = self.peer.record()[5:]
        nonce, data = client_iv + finished[:8], finished[8:]
        self.transcript += client.decrypt(nonce, data, struct.pack("!QBHH", 0, HANDSHAKE, 0x0303, len(data) - 16))
        self.sequence = 0
        verify = prf(master, b"server finished", digest(self.transcript), 12)
        change = record(CHANGE_CIPHER_SPEC, b"\x01")
        self.peer.records(change + self.seal(HANDSHAKE, message(FINISHED, verify)))
        self.peer.framed = False
        self.peer.seal = lambda data: self.seal(APPLICATION_DATA, data)

    def seal(self, kind: int, data: bytes) -> bytes:
        """Return an encrypted record."""
        explicit = struct.pack("!Q", self.sequence)
        associated = explicit + struct.pack("!BHH", kind, 0x0303, len(data))
        self.sequence += 1
        return record(kind, explicit + self.cipher.encrypt(self.iv + explicit, data, associated))

    def serve(self, chain: tuple[bytes, ...], key: Any) -> None:
        """Go on to the end of an honest handshake."""
        self.certificate(chain)
        self.key_exchange(key)
        self.finish()
