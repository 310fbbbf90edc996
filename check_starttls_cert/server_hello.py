"""What a server says in plaintext at the start of a TLS handshake, for when the handshake does not end well.

OpenSSL forgets the version and the cipher of a handshake that it refuses, though the server had chosen both. They
stand in the ServerHello, which every server sends unencrypted. Up to TLS 1.2 its certificates and its
CertificateRequest do as well. Nothing is verified here, and whatever the bytes are, nothing is raised.
"""

from __future__ import annotations

import struct

# RFC 8446 section 5.1 and 4; the last two are RFC 5246's.
ALERT_RECORD, HANDSHAKE_RECORD, APPLICATION_DATA_RECORD = 21, 22, 23
SERVER_HELLO, CERTIFICATE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 2, 11, 13, 14

SUPPORTED_VERSIONS = 43
"""The extension that tells TLS 1.3, RFC 8446 section 4.2.1."""

VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
"""As OpenSSL writes them."""


class ServerFlight:
    """The first messages of a server, read from its records as they pass."""

    def __init__(self) -> None:
        self.version = ""
        """The version that the server chose, as OpenSSL writes it; empty where it is not known."""
        self.cipher_suite: int | None = None
        """The number of the cipher suite that the server chose."""
        self.certificates: tuple[bytes, ...] = ()
        """The DER certificates that came in plaintext, in their order."""
        self.wants_client_certificate = False
        """A CertificateRequest came in plaintext."""
        self.alert: int | None = None
        """The last alert that came in plaintext, RFC 8446 section 6."""
        self._messages = bytearray()
        self._over = False

    def feed(self, record: bytes) -> None:
        """Read one whole TLS record. Messages may be spread over records, and a record may hold several."""
        if record[0] == ALERT_RECORD and len(record) == 5 + 2:
            self.alert = record[6]
        if self._over or record[0] != HANDSHAKE_RECORD:
            return
        self._messages += record[5:]
        while len(self._messages) >= 4:
            end = 4 + int.from_bytes(self._messages[1:4], "big")
            if len(self._messages) < end:
                return
            self._read(self._messages[0], bytes(self._messages[4:end]))
            del self._messages[:end]

    def _read(self, kind: int, body: bytes) -> None:
        if kind == SERVER_HELLO:
            self._read_hello(body)
        elif kind == CERTIFICATE:
            self.certificates = self.certificates or tuple(_certificates(body))
        elif kind == CERTIFICATE_REQUEST:
            self.wants_client_certificate = True
        elif kind == SERVER_HELLO_DONE:
            self._over = True  # up to TLS 1.2, what comes next is encrypted under the same record type

    def _read_hello(self, body: bytes) -> None:
        # RFC 8446 section 4.1.3: version, random, session id, cipher suite, compression, extensions.
        try:
            (version,) = struct.unpack_from("!H", body)
            suite_at = 2 + 32 + 1 + body[34]
            (suite,) = struct.unpack_from("!H", body, suite_at)
            extensions = body[suite_at + 2 + 1 + 2 :]
            while extensions:
                kind, size = struct.unpack_from("!HH", extensions)
                if kind == SUPPORTED_VERSIONS:
                    (version,) = struct.unpack_from("!H", extensions, 4)
                extensions = extensions[4 + size :]
        except (struct.error, IndexError):
            return
        self.version = VERSIONS.get(version, "")
        self.cipher_suite = suite


def _certificates(body: bytes) -> list[bytes]:
    """Return the certificates of a Certificate message, RFC 5246 section 7.4.2: each after its length."""
    found = []
    position = 3
    while position + 3 <= len(body):
        size = int.from_bytes(body[position : position + 3], "big")
        position += 3
        if position + size > len(body):
            break
        found.append(body[position : position + size])
        position += size
    return found
