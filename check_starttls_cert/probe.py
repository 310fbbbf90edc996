"""One probe: connect, STARTTLS, TLS, facts, in this order and nowhere else.

Facts only. Whatever the service does, the answer is an ``Observation``; one that failed carries the
error and what was learned until then. One connection is enough as a rule; this module decides when another is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from ssl import SSLContext

from check_starttls_cert import chain, tls
from check_starttls_cert.connect import Address, connect, resolve
from check_starttls_cert.errors import (
    HandshakeError,
    PeerClosed,
    ProbeError,
    Refused,
    StarttlsNotOffered,
)
from check_starttls_cert.observation import Observation, Presented
from check_starttls_cert.openssl import ISSUER_UNKNOWN
from check_starttls_cert.settings import Target
from check_starttls_cert.starttls import PROTOCOLS, goodbye, sibling, starttls
from check_starttls_cert.text import printable
from check_starttls_cert.trust_store import TrustStore, Variant, unverified_context
from check_starttls_cert.wire import Deadline, Spoken, Wire

Resolver = Callable[[str, int, int, Deadline], "list[Address]"]
"""``connect.resolve``, or what remembers its answers."""

GOODBYE_SECONDS = 2.0
"""What politeness may cost, within the deadline."""

LAST_WORDS_SECONDS = 1.0
"""How long the server may take to end its side after we have ended ours, within the deadline."""

RARE_CURVES = ("secp256k1", "brainpoolP256r1", "brainpoolP384r1", "prime192v1", "secp224r1", "brainpoolP512r1")
"""Curves of real certificates that OpenSSL does not offer by default. Python's ``ssl`` can offer one at a time."""


class Prober:
    """The state of one probe: its deadline, and the connections it has made."""

    def __init__(self, target: Target, store: TrustStore, deadline: Deadline, resolver: Resolver) -> None:
        self.resolve = resolver
        self.target = target
        self.sni = tls.server_name(target.sni or target.name)
        self.store = store
        self.deadline = deadline
        self.transcript: list[Spoken] = []
        self.connections = 0
        self.address: Address | None = None
        self.timings: dict[str, float] = {}
        self.notes: list[str] = []
        self.loading = 0.0
        """Seconds that the trust anchors took before there was a connection."""
        self.shown: tls.Shown | None = None
        self.error: ProbeError | None = None
        """Why nothing was shown."""
        self._step = ""
        self._begun = self._elapsed = 0.0
        """Seconds that were spent when the present step began, and in the end."""

    def ask(self) -> None:
        """Ask the server. What waits is here."""
        try:
            self.shown = self.with_or_without_alpn()
        except ProbeError as error:
            self.error = error.with_traceback(None)  # which leads to this frame, and so back to the error
            if self.deadline.left <= 0 and self.loading > self.deadline.seconds / 2:
                anchors = printable(self.store.facts.description)
                error.hint = (
                    f'reading trust anchors from "{anchors}" took {self.loading:.1f} s of these; '
                    "name a smaller file, or allow more with --timeout"
                )
        self.begin("")
        self._elapsed = self.deadline.spent

    def observation(self) -> Observation:
        """Read what the server has shown. What computes is here."""
        presented, error = None, self.error
        if self.shown is not None:
            try:
                presented = self.presented(self.shown)
            except ProbeError as unreadable:
                error = unreadable.with_traceback(None)
        return Observation(
            elapsed=self._elapsed,
            connections=self.connections,
            address=self.address,
            transcript=tuple(self.transcript),
            store=self.store.facts,
            sni=None if self.sni is None else self.sni.decode("ascii"),
            presented=presented,
            error=error,
            timings=self.timings,
            notes=tuple(self.notes),
        )

    def presented(self, shown: tls.Shown) -> Presented:
        """Return what was shown, read. Raises ``CertificateError``."""
        anchors = shown.anchors
        if not shown.trust.verified:
            anchors = tuple(dict.fromkeys((*anchors, *self.store.named_certificates())))
        built = chain.build(shown.sent, shown.path, shown.trust, anchors, shown.complete)
        return Presented(shown.session, shown.trust, built)

    def with_or_without_alpn(self) -> tls.Shown:
        """Return what the server shows to a client that is as tolerant as its protocol's usual ones.

        Connect with the protocol's ALPN name (RFC 7301); if the server refuses the name, once more without.

        curl asks by ALPN for HTTP only, and Thunderbird, fetchmail and openssl s_client for nothing: they get in.
        """
        alpn = PROTOCOLS[self.target.protocol].alpn
        try:
            return self.with_any_curve(Variant(alpn))
        except tls.AlertReceivedError as error:
            if alpn is None or error.alert != tls.NO_APPLICATION_PROTOCOL:
                raise
        shown = self.with_any_curve(Variant())
        self.notes.append(f'the server refuses "{alpn}" as the application protocol (ALPN), and serves without')
        return shown

    def with_any_curve(self, variant: Variant) -> tls.Shown:
        """Connect with OpenSSL's own curves; after the alert handshake_failure, with each rare curve.

        Clients that are told of the curve get in: openssl s_client -curves, curl --curves, ldapsearch by openssl.cnf.
        """
        try:
            return self.verified(variant)
        except tls.AlertReceivedError as error:
            if error.alert != tls.HANDSHAKE_FAILURE or error.certificate_came:
                raise
            refusal = error
        for curve in RARE_CURVES:
            try:
                shown = self.verified(variant._replace(curve=curve))
            except (HandshakeError, PeerClosed):
                continue
            except ProbeError:
                break
            self.notes.append(f"the server's certificate is on a curve that few clients offer: {curve}, TLS 1.2 only")
            return shown
        raise refusal

    def verified(self, variant: Variant) -> tls.Shown:
        """Return what the server shows, and OpenSSL's verdict on its chain.

        A deferred bundle takes another connection.
        """
        shown: tls.Shown | None = None
        for context in self.store.contexts(self.deadline, variant):
            try:
                shown = self.complete(self.session(context), variant)
            except ProbeError as error:
                if shown is None:
                    raise
                self.notes.append(f"a part of the trust store could not be asked: {error}")
                break
            if shown.trust.verified or shown.trust.code not in ISSUER_UNKNOWN:
                break
            # Where Python 3.9 does not tell all that was sent, an issuer of what it hides may be deferred.
            if shown.complete and not self.store.defers_an_issuer_of(shown.sent):
                break
        assert shown is not None
        return shown

    def complete(self, shown: tls.Shown, variant: Variant) -> tls.Shown:
        """Return what was shown with the certificates that Python 3.9 did not keep: those take another connection."""
        if shown.sent:
            return shown
        try:
            again = self.session(unverified_context(variant))
        except ProbeError as error:
            error.problem = f"not trusted: {shown.trust.reason}; then, reading the certificate, {error.problem}"
            raise
        return again._replace(trust=shown.trust, anchors=shown.anchors)

    def session(self, context: SSLContext) -> tls.Shown:
        """Make one connection and return what its handshake shows, ended politely."""
        if self.address is None:
            self.loading = self.deadline.spent
            self.begin("resolve")
            addresses = self.resolve(self.target.host, self.target.port, self.target.family, self.deadline)
        else:
            addresses = [self.address]  # the facts must come from the server whose trust was judged
        self.begin("connect")
        sock, self.address = connect(addresses, self.deadline)
        self.connections += 1
        self.transcript.append(Spoken("*", f"connection {self.connections} to {self.address}".encode()))
        wire = Wire(sock, self.deadline, self.transcript)
        try:
            self.begin("starttls")
            try:
                starttls(self.target.protocol, wire, self.target.name)
            except (Refused, StarttlsNotOffered):
                self.part(wire, in_plaintext=True)
                raise
            self.begin("handshake")
            shown, channel = self.handshake(wire, context)
            self.begin("")
            self.transcript.append(Spoken("*", f"{shown.session.version} {shown.session.cipher}".encode()))
            if channel is None:
                return shown
            self.part(wire)
            wire.deadline = self.deadline.sooner(LAST_WORDS_SECONDS)
            channel.close()
            wants = shown.session.wants_client_certificate or channel.client_certificate_demanded
            return shown._replace(session=shown.session._replace(wants_client_certificate=wants))
        finally:
            wire.close()

    def handshake(self, wire: Wire, context: SSLContext) -> tuple[tls.Shown, tls.Channel | None]:
        """Hold the handshake; a server that does not start with TLS, or hangs up on it, may have STARTTLS."""
        try:
            return tls.handshake(wire, context, self.sni)
        except tls.AlertReceivedError:
            raise  # it speaks TLS
        except (HandshakeError, PeerClosed) as error:
            other = sibling(self.target.protocol)
            if other is not None and PROTOCOLS[self.target.protocol].implicit_tls:
                error.hint += f"; if it has STARTTLS, use -P {other}"
            raise

    def part(self, wire: Wire, in_plaintext: bool = False) -> None:
        """Say goodbye, so that the server does not log a lost connection; its failure is nobody's problem."""
        with suppress(ProbeError):
            wire.deadline = self.deadline.sooner(GOODBYE_SECONDS)
            goodbye(self.target.protocol, wire, self.target.name, in_plaintext)

    def begin(self, step: str) -> None:
        """Begin a step, and note how long the one before took; the empty one follows the last."""
        spent = self.deadline.spent
        if self._step:
            self.timings[self._step] = spent - self._begun
        self._step, self._begun = step, spent


def ask(
    target: Target,
    store: TrustStore,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    resolver: Resolver = resolve,
) -> Callable[[], Observation]:
    """Ask ``target`` within ``timeout`` seconds, and return what reads its answer.

    Raises ``UsageError`` when ``store`` cannot be read; never a ``ProbeError``, nor does what is returned.
    """
    prober = Prober(target, store, Deadline(timeout, clock), resolver)
    prober.ask()
    return prober.observation


def probe(target: Target, store: TrustStore, timeout: float) -> Observation:
    """Return what ``target`` shows within ``timeout`` seconds. Raises as ``ask``."""
    return ask(target, store, timeout)()
