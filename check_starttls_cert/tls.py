"""The TLS handshake, with Python's ``ssl``: what was negotiated, the chain, and OpenSSL's verdict on it.

OpenSSL never sees the socket. It reads and writes memory buffers, which a ``Channel`` fills from the wire, record by
record: each counts against a bound and against the deadline, so that nothing a peer sends keeps OpenSSL busy. What a
handshake has shown is told even where it fails: after a refused chain OpenSSL still has the certificates.

This module makes no context (``trust_store`` does), opens no connection and does not decide what to try next.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from check_starttls_cert import openssl
from check_starttls_cert.errors import CertificateError, DeadlineExceeded, HandshakeError, PeerClosed, ProbeError
from check_starttls_cert.names import ip_address
from check_starttls_cert.observation import Session
from check_starttls_cert.openssl import Trust
from check_starttls_cert.server_hello import APPLICATION_DATA_RECORD, ServerFlight
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.wire import Wire

if sys.version_info >= (3, 10):
    from _ssl import ENCODING_DER

if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")


MAX_BYTES = 512 * 1024
"""What a peer may send in records: OpenSSL takes messages of up to 100 KB, the conversation inside up to 128 KB."""

MAX_RECORDS = 4096
"""Records of a whole session; a chain of 4 KB in fragments of one octet is still read."""

MAX_RECORD = 5 + 2**14 + 2048
"""RFC 5246 section 6.2.3: the longest record. RFC 8446 allows less."""

RECORD_HEADER = struct.Struct("!BxxH")
"""RFC 8446 section 5.1: content type, version, and the length of what follows."""

RECORD_START = re.compile(rb"[\x14-\x18](\x03|$)|$")
"""RFC 8446 section 5.1: content type and the first octet of the version, as far as they have come."""

CHAIN_IS_READABLE = sys.version_info >= (3, 10)
"""Whether Python tells more of the chain than the server's own certificate."""

HANDSHAKE_FAILURE, NO_APPLICATION_PROTOCOL = 40, 120
"""Alerts after which there is something else to try."""


class Shown(NamedTuple):
    """What a handshake showed, whether it was completed or not."""

    session: Session
    trust: Trust
    """Not verified, with code 0, where the context does not verify."""
    sent: tuple[bytes, ...]
    """DER certificates as the server sent them, its own first; empty where OpenSSL kept nothing (Python 3.9)."""
    path: tuple[bytes, ...]
    """The verified path, from the server's certificate to its trust anchor; empty on Python 3.9."""
    complete: bool
    """``sent`` is all that was sent. Python 3.9 tells the server's own certificate only."""
    anchors: tuple[bytes, ...] = ()
    """After a refusal: the DER of the certification authorities that the store knows, as far as they are loaded."""


class AlertReceivedError(HandshakeError):
    """The server ended the handshake with an alert, RFC 8446 section 6."""

    def __init__(self, problem: str, *, hint: str, alert: int, certificate_came: bool) -> None:
        super().__init__(problem, hint=hint)
        self.alert = alert
        self.certificate_came = certificate_came


class Channel:
    """TLS over a wire, record by record. The wire goes on inside it once the handshake is complete."""

    def __init__(self, wire: Wire, context: ssl.SSLContext, sni: bytes | None) -> None:
        self.records = 0
        """How many have come."""
        self.client_certificate_demanded = False
        """The server ended the session because this client has no certificate."""
        self._heard = False
        self._wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=sni)
        self._pending = bytearray()
        self._bytes = 0
        self._sent = self._finished = b""
        """The records that were sent last, and those that ended the handshake."""
        self._plain: list[bytes] = []
        """Records that may be in plaintext, until somebody asks what they say."""
        self._flight = ServerFlight()
        self._shaken = 0

    def shake_hands(self) -> None:
        """Complete the handshake. Raises ``ssl.SSLError`` or a ``ProbeError``."""
        self._run(self._tls.do_handshake)
        self._finished, self._shaken = self._sent, self.records

    def send(self, data: bytes) -> None:
        """Send all of ``data``. Raises a ``ProbeError``."""
        self._run_inside(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        """Return some bytes; none when the peer has ended the session. Raises a ``ProbeError``."""
        try:
            data = self._run_inside(lambda: self._tls.read(4096))
        except PeerClosed:
            # GnuTLS servers hang up on clients without a certificate and say nothing.
            if self.records == self._shaken and self._asked:
                self.client_certificate_demanded = True
            raise
        self._heard = self._heard or bool(data)
        return data

    def close(self) -> None:
        """End the session (RFC 8446 section 6.1), and listen to the server's last words where they may tell something.

        With TLS 1.3 the handshake is complete here before the server has seen that there is no client certificate;
        its alert comes when the conversation has already begun. Raises nothing: politeness is nobody's problem.
        """
        if self._wire.framing is not None:
            return  # MS-TDS: nothing but the handshake travels in packets
        harmless = ssl.SSLError, ProbeError, OSError, ValueError
        with suppress(*harmless):
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                self._flush()
        if self._tls.version() == "TLSv1.3" and not self._heard:
            # Ending this side only, so that servers that wait for more from us end as well. A server that is gone
            # already may have left its alert.
            with suppress(*harmless):
                self._wire.sock.shutdown(socket.SHUT_WR)
            with suppress(*harmless):
                while self.receive():
                    pass

    def certificates(self) -> tuple[bytes, ...]:
        """Return the certificates that the server sent, as far as Python and OpenSSL tell them."""
        return self._chain("get_unverified_chain")

    def verified_path(self) -> tuple[bytes, ...]:
        """Return OpenSSL's path to a trust anchor; nothing on Python 3.9."""
        return self._chain("get_verified_chain") if CHAIN_IS_READABLE else ()

    @property
    def flight(self) -> ServerFlight:
        """What the server has said in plaintext."""
        while self._plain:
            self._flight.feed(self._plain.pop(0))
        return self._flight

    @property
    def _asked(self) -> bool:
        """The server has asked for a client certificate in the handshake."""
        # With TLS 1.3 the request is encrypted. OpenSSL answers it with an empty Certificate before its Finished
        # (RFC 8446 section 4.4.2), which are the only encrypted messages of this side.
        encrypted = sum(record[0] == APPLICATION_DATA_RECORD for record in split(self._finished))
        return self.flight.wants_client_certificate or encrypted > 1

    @property
    def version(self) -> str:
        """The negotiated version, also after the handshake has failed."""
        return self._tls.version() or self.flight.version

    @property
    def cipher(self) -> str:
        """OpenSSL's name of the negotiated cipher suite, also after the handshake has failed; empty where unknown."""
        if cipher := self._tls.cipher():
            return cipher[0]
        known = self._tls.context.get_ciphers() if self.flight.cipher_suite is not None else ()
        return next((each["name"] for each in known if each["id"] & 0xFFFF == self.flight.cipher_suite), "")

    def _chain(self, method: str) -> tuple[bytes, ...]:
        if sys.version_info >= (3, 13):
            return tuple(getattr(self._tls, method)())
        if CHAIN_IS_READABLE:
            # The same calls, before they had public names.
            chain = getattr(self._tls._sslobj, method)() or ()  # type: ignore[attr-defined]  # noqa: SLF001
            return tuple(certificate.public_bytes(ENCODING_DER) for certificate in chain)
        with suppress(ValueError):  # the handshake is not complete
            leaf = self._tls.getpeercert(binary_form=True)
            return (leaf,) if leaf else ()
        return self.flight.certificates

    def _run_inside(self, step: Callable[[], T]) -> T:
        try:
            return self._run(step)
        except ssl.SSLError as error:
            if not self._heard and reason_of(error) in openssl.ALERTS_ABOUT_CLIENT_CERTIFICATES:
                self.client_certificate_demanded = True
            raise HandshakeError(f"TLS failed while waiting for the {self._wire.step}: {words_of(error)}") from error

    def _run(self, step: Callable[[], T]) -> T:
        """Let OpenSSL take a step, with as many records as it needs."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._records())
            except ssl.SSLError:
                with suppress(ProbeError):
                    self._flush()  # our alert, RFC 8446 section 6.2
                raise
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if records := self._outgoing.read():
            self._sent = records
            self._wire.transmit(self._wire.framing.wrap(records) if self._wire.framing else records)

    def _records(self) -> bytes:
        """Return the records that have come, at least one.

        Each step of OpenSSL lets other threads run, and then waits for its turn: one for each record costs a sweep more
        than all that is done here.
        """
        if self.records >= MAX_RECORDS or self._bytes > MAX_BYTES:
            raise HandshakeError(
                f"{self.records} TLS records came and the {self._wire.step} did not end",
                hint="a broken server, or somebody in between",
            )
        while not (size := self._whole()):
            if not RECORD_START.match(self._pending):
                raise HandshakeError(
                    f"the {self._wire.step} failed: wrong version number",
                    quote=bytes(self._pending),
                    hint=openssl.HANDSHAKE_FAILURES["WRONG_VERSION_NUMBER"],
                )
            self._pending += self._more()
        records = bytes(self._pending[:size])
        del self._pending[:size]
        return records

    def _whole(self) -> int:
        """Count the whole records that are pending, and return their octets. What is no record ends them."""
        pending, start = self._pending, 0
        while start + RECORD_HEADER.size <= len(pending) and RECORD_START.match(pending, start):
            kind, size = RECORD_HEADER.unpack_from(pending, start)
            end = start + min(RECORD_HEADER.size + size, MAX_RECORD)  # OpenSSL refuses a longer one
            if end > len(pending) or self.records >= MAX_RECORDS:
                break
            if kind != APPLICATION_DATA_RECORD:
                self._plain.append(bytes(pending[start:end]))
            self.records += 1
            start = end
        return start

    def _more(self) -> bytes:
        framing = self._wire.framing
        data = framing.read(self._wire) if framing else self._wire.receive()
        if not data and framing is None:
            raise self._wire.closed()
        self._bytes += len(data)
        return data


def split(records: bytes) -> Iterator[bytes]:
    """Yield each of several whole records."""
    while records:
        size = 5 + int.from_bytes(records[3:5], "big")
        yield records[:size]
        records = records[size:]


def handshake(wire: Wire, context: ssl.SSLContext, sni: bytes | None) -> tuple[Shown, Channel | None]:
    """Return what the handshake shows, and the channel that ``wire`` goes on in, where the session goes on.

    It does not where OpenSSL refuses the chain, or where the server ends it for want of a client certificate.
    Raises ``HandshakeError``, ``PeerClosed`` or ``DeadlineExceeded`` where a handshake fails in another way, and
    ``CertificateError`` where the server sends no certificate.
    """
    wire.step = "TLS handshake"
    channel = Channel(wire, context, sni)
    verifies = context.verify_mode == ssl.CERT_REQUIRED
    try:
        channel.shake_hands()
    except ssl.SSLCertVerificationError as error:
        trust = Trust(verified=False, code=error.verify_code, reason=error.verify_message)
        return refused(channel, trust, context), None
    except ssl.SSLError as error:
        if not demanded(channel, error):
            raise failed(channel, error) from error
        return shown(channel, verifies=verifies, demanded=True), None
    except PeerClosed:
        if not demanded(channel):
            raise
        return shown(channel, verifies=verifies, demanded=True), None
    except DeadlineExceeded as error:
        if not channel.records:
            raise
        raise DeadlineExceeded(
            f"the TLS handshake does not end within {wire.deadline.seconds:g} s",
            hint="the server is slow, or sends records without end; --timeout allows more",
        ) from error
    wire.upgrade(channel)
    return shown(channel, verifies=verifies), channel


def shown(channel: Channel, *, verifies: bool, demanded: bool = False) -> Shown:
    """Return what a handshake showed that OpenSSL did not refuse."""
    sent, cipher = channel.certificates(), channel.cipher
    if not sent or not cipher:
        raise CertificateError("the server sent no certificate")
    path = channel.verified_path() if verifies else ()
    session = Session(channel.version or "unknown", cipher, demanded)
    return Shown(session, Trust(verified=verifies), sent, path, complete=CHAIN_IS_READABLE)


def refused(channel: Channel, trust: Trust, context: ssl.SSLContext) -> Shown:
    """Return what a handshake showed whose chain OpenSSL refused."""
    session = Session(channel.version or "unknown", channel.cipher)
    # Those of a hashed directory are loaded by the search for an issuer.
    anchors = tuple(context.get_ca_certs(binary_form=True))
    return Shown(session, trust, channel.certificates(), (), complete=True, anchors=anchors)


def demanded(channel: Channel, error: ssl.SSLError | None = None) -> bool:
    """Return whether the handshake most likely ended because this client has no certificate.

    That is up to TLS 1.2: a CertificateRequest came, was answered with no certificate (RFC 5246 section 7.4.6), and
    then the server gave up. Its own chain has been verified by then.
    """
    alerted = error is None or reason_of(error) in openssl.ALERTS_ABOUT_CLIENT_CERTIFICATES
    return alerted and channel.flight.wants_client_certificate and bool(channel.flight.certificates)


def failed(channel: Channel, error: ssl.SSLError) -> HandshakeError:
    """Return our error for a handshake that OpenSSL gives up."""
    alert = channel.flight.alert
    words = words_of(error)
    hint = openssl.HANDSHAKE_FAILURES.get(reason_of(error), "")
    if alert is not None:
        if words == openssl.UNKNOWN_ERROR:
            words = f"alert {alert} of the server, which OpenSSL has no name for"
        return AlertReceivedError(
            f"the TLS handshake failed: {words}",
            hint=hint,
            alert=alert,
            certificate_came=bool(channel.flight.certificates),
        )
    if not hint:
        # The server has not refused anything: its log may know nothing.
        hint = openssl.CANNOT_READ if error.library in openssl.READING_LIBRARIES else openssl.REFUSED_HERE
    return HandshakeError(f"the TLS handshake failed: {words}", hint=hint)


def reason_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in its form as a constant, also where Python has no constant for it."""
    return error.reason or bare_words(error).replace(" ", "_").upper()


def words_of(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in words. Of an alert, not the version that first had it: RFC 8446 has them all."""
    return re.sub(r"^(sslv3|tlsv1|tlsv13) (?=alert |un)", "", reason_of(error).replace("_", " ").lower())


def bare_words(error: ssl.SSLError) -> str:
    """Return what an error says: ``[SSL: REASON] words (_ssl.c:1006)`` without what surrounds the words."""
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:[0-9]+\)$", "", str(error))


def server_name(name: str) -> bytes | None:
    """Return what Server Name Indication says for ``name``: nothing for an IP address or a wildcard.

    RFC 6066 section 3: literal IPv4 and IPv6 addresses are not permitted.
    """
    # Bytes, because ssl imports an IDNA codec to encode a str.
    return None if ip_address(name) is not None or "*" in name else name.encode("ascii")
