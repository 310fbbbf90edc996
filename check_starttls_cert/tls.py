"""The TLS handshake, with Python's ``ssl``: what was negotiated, the chain, and OpenSSL's verdict on it.

Two rules. *Trust is the only thing that verification decides here*: names, dates of our own, key sizes
and protocol versions are judged elsewhere, so the handshake takes what the weakest server has to offer
(security level 0, TLS 1.0) and no answer hides another. And *every flag is set, none is inherited*:
``ssl.create_default_context`` means something else in every Python version.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
from contextlib import suppress
from typing import Iterator, NamedTuple

from check_starttls_cert.errors import CertificateError, HandshakeError, UsageError
from check_starttls_cert.names import ip_address
from check_starttls_cert.observation import Store
from check_starttls_cert.text import printable
from check_starttls_cert.wire import Wire

CIPHERS = "ALL:!aNULL:!eNULL:@SECLEVEL=0"
"""Everything that authenticates the server. Level 0 reads 1024-bit keys, SHA-1 and TLS 1.0."""

OP_LEGACY_SERVER_CONNECT: int = getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
"""Talk to servers from before RFC 5746; named by Python 3.12 and newer."""

HASHED_NAME = r"[0-9a-f]{8}\.[0-9]+"
"""A certificate's name in a directory made by ``openssl rehash``."""

UNEXPECTED_EOF = "UNEXPECTED_EOF_WHILE_READING"

HINTS = {
    "WRONG_VERSION_NUMBER": "the server answers in plaintext",
    UNEXPECTED_EOF: "the server hung up; see its log",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "no cipher in common, the server wants a client certificate, or it could not load its own; see its log"
    ),
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version in common",
    "UNSUPPORTED_PROTOCOL": "no TLS version in common",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know this name; --name sets the one that is sent",
}
"""OpenSSL's reason for a failed handshake, and what it means to an administrator."""


CHAIN_IS_READABLE = sys.version_info >= (3, 10)
"""Whether Python tells more of the chain than the server's own certificate."""


class Session(NamedTuple):
    """What a completed handshake showed."""

    version: str
    cipher: str
    chain: tuple[bytes, ...]
    """DER certificates as the server sent them, its own first. On Python 3.9 only that one."""
    verified_chain: tuple[bytes, ...] = ()
    """The path from the server's certificate to its trust anchor; empty on Python 3.9 or without verification."""


class TrustStore(NamedTuple):
    """Where trust anchors come from: PEM files and hashed directories, or the system's own way."""

    description: str
    cafile: str | None = None
    capath: str | None = None
    fallback_cafile: str | None = None
    """A bundle of the certificates that ``capath`` holds as well: parsed only if the directory fails."""
    system: bool = False
    """Ask ``ssl`` for the system's store, where it is not made of files (Windows)."""
    private: bool = False
    """Named by the user, so that rules for public certification authorities do not apply."""

    anchors: int | None = None
    """How many trust anchors it holds, where that is known without loading them."""

    @property
    def facts(self) -> Store:
        """What a report says of the store."""
        return Store(self.description, self.anchors, self.private)

    def contexts(self) -> Iterator[ssl.SSLContext]:
        """Yield verifying contexts in the order of their cost; a later one knows more anchors.

        Raises ``UsageError`` when a file holds no certificate.
        """
        context = _context()
        context.verify_mode = ssl.CERT_REQUIRED
        if self.system:
            context.load_default_certs()
        try:
            if self.cafile or self.capath:
                context.load_verify_locations(self.cafile, self.capath)
        except OSError as error:  # ssl.SSLError is one
            reason = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise UsageError(f'cannot read trust anchors from "{printable(str(self.cafile))}": {reason}') from error
        yield context
        if self.fallback_cafile:
            with suppress(OSError):
                context.load_verify_locations(self.fallback_cafile)
                yield context


def trust_store(cafile: str | None, capath: str | None) -> TrustStore:
    """Return the trust store that ``cafile`` and ``capath`` name, or the operating system's.

    The system's is what ``SSLContext.load_default_certs`` finds, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
    included, but lazily: OpenSSL opens a hashed directory's files as it needs them, while a bundle costs
    30 ms of CPU at each start. A bundle that lies inside the hashed directory holds the same certificates.
    Raises ``UsageError`` for names that lead nowhere.
    """
    if cafile and not os.path.isfile(cafile):
        raise UsageError(f'there is no file "{printable(cafile)}" to read trust anchors from')
    if capath and not _hashed_names(capath):
        raise UsageError(
            f'"{printable(capath)}" is not a directory of hashed certificates; '
            '"openssl rehash" makes one from PEM files'
        )
    if cafile or capath:
        anchors = _hashed_names(capath) if capath and not cafile else None
        return TrustStore(" and ".join(filter(None, (cafile, capath))), cafile, capath, private=True, anchors=anchors)
    if sys.platform == "win32":
        return TrustStore("the Windows certificate store", system=True)
    paths = ssl.get_default_verify_paths()
    # SSL_CERT_DIR may list several directories, which get_default_verify_paths takes for one that does not exist.
    listed = os.environ.get(paths.openssl_capath_env, paths.openssl_capath).split(os.pathsep)
    directories = list(filter(os.path.isdir, listed))
    capath = os.pathsep.join(directories) or None
    found = " and ".join(filter(None, (paths.cafile, capath))) or "no store found on this system"
    counts = {directory: _hashed_names(directory) for directory in directories}
    hashed = [os.path.realpath(directory) for directory, count in counts.items() if count]
    anchors = sum(counts.values())
    if paths.cafile and os.path.dirname(os.path.realpath(paths.cafile)) in hashed:
        return TrustStore(found, capath=capath, fallback_cafile=paths.cafile, anchors=anchors)
    return TrustStore(found, paths.cafile, capath, anchors=None if paths.cafile or not capath else anchors)


def unverified_context() -> ssl.SSLContext:
    """Return a context that reads any server's certificate and believes nothing."""
    context = _context()
    context.verify_mode = ssl.CERT_NONE
    return context


def server_name(name: str) -> bytes | None:
    """Return what Server Name Indication says for ``name``: nothing for an IP address or a wildcard.

    RFC 6066 section 3: literal IPv4 and IPv6 addresses are not permitted.
    """
    # Bytes, because ssl imports an IDNA codec to encode a str.
    return None if ip_address(name) is not None or "*" in name else name.encode("ascii")


def handshake(wire: Wire, context: ssl.SSLContext, sni: bytes | None) -> Session:
    """Turn the wire's conversation into a TLS session.

    Raises ``ssl.SSLCertVerificationError`` when ``context`` verifies and OpenSSL does not trust the chain,
    ``HandshakeError`` when TLS fails otherwise, ``CertificateError`` when the server sends no certificate.
    """
    wire.step = "TLS handshake"
    try:
        tls = _handshake_in_frames(wire, context, sni) if wire.framing else _handshake(wire, context, sni)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        reason = error.reason or type(error).__name__
        if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):  # Python 3.9 gives no reason
            reason = UNEXPECTED_EOF
        raise HandshakeError(
            f"the TLS handshake failed: {reason.replace('_', ' ').lower()}", hint=HINTS.get(reason, "")
        ) from error
    except OSError as error:
        raise wire.translated(error) from error
    chain = _chain(tls, "get_unverified_chain")
    cipher = tls.cipher()
    if not chain or not cipher:
        raise CertificateError("the server sent no certificate")
    verified = _chain(tls, "get_verified_chain") if context.verify_mode == ssl.CERT_REQUIRED else ()
    return Session(tls.version() or "unknown", cipher[0], chain, verified if CHAIN_IS_READABLE else ())


def close_notify(sock: socket.socket) -> None:
    """Tell the peer that the TLS session ends here (RFC 8446 section 6.1), without waiting for its answer."""
    with suppress(OSError, ValueError):
        sock.settimeout(0)
        if isinstance(sock, ssl.SSLSocket):
            sock.unwrap()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.options |= OP_LEGACY_SERVER_CONNECT
    context.set_ciphers(CIPHERS)
    context.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST
    return context


def _handshake(wire: Wire, context: ssl.SSLContext, sni: bytes | None) -> ssl.SSLSocket:
    sock = context.wrap_socket(wire.sock, server_hostname=sni, do_handshake_on_connect=False)
    wire.upgrade(sock)
    wire.arm()
    sock.do_handshake()
    return sock


def _handshake_in_frames(wire: Wire, context: ssl.SSLContext, sni: bytes | None) -> ssl.SSLObject:
    """Hold the handshake with a protocol that carries TLS records inside its own packets."""
    framing = wire.framing
    assert framing is not None
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=sni)

    def flush() -> None:
        if records := outgoing.read():
            wire.send(framing.wrap(records))

    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            flush()
            incoming.write(framing.read(wire))
        else:
            flush()  # TLS 1.3 ends with our Finished
            return tls


def _chain(tls: ssl.SSLSocket | ssl.SSLObject, method: str) -> tuple[bytes, ...]:
    if sys.version_info >= (3, 13):
        return tuple(getattr(tls, method)())
    if CHAIN_IS_READABLE:
        # The same calls, before they had public names.
        from _ssl import ENCODING_DER

        chain = getattr(tls._sslobj, method)() or ()  # type: ignore[union-attr]  # noqa: SLF001
        return tuple(certificate.public_bytes(ENCODING_DER) for certificate in chain)
    leaf = tls.getpeercert(binary_form=True)
    return (leaf,) if leaf else ()


def _hashed_names(path: str) -> int:
    """Return how many certificates a directory holds under names that OpenSSL looks for."""
    with suppress(OSError), os.scandir(path) as entries:
        return sum(1 for entry in entries if re.fullmatch(HASHED_NAME, entry.name))
    return 0
