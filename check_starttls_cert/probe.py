"""One probe: connect, STARTTLS, TLS, facts, in this order and nowhere else.

Facts only. Whatever the service does, the answer is an ``Observation``; one that failed carries the
error and what was learned until then.
"""

from __future__ import annotations

import ssl
import time
from contextlib import contextmanager, suppress
from typing import Callable, Iterator

from check_starttls_cert import chain, tls
from check_starttls_cert.connect import Address, connect, resolve
from check_starttls_cert.errors import (
    HandshakeError,
    PeerClosed,
    ProbeError,
    Refused,
    StarttlsNotOffered,
)
from check_starttls_cert.observation import Observation, Presented, Session
from check_starttls_cert.openssl import ISSUER_UNKNOWN, Trust
from check_starttls_cert.settings import Target
from check_starttls_cert.starttls import PROTOCOLS, goodbye, sibling, starttls
from check_starttls_cert.wire import Deadline, Spoken, Wire

GOODBYE_SECONDS = 2.0
"""What politeness may cost, within the deadline."""


class Prober:
    """The state of one probe: its deadline, and the connections it has made."""

    def __init__(self, target: Target, store: tls.TrustStore, deadline: Deadline, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.target = target
        self.sni = tls.server_name(target.sni or target.name)
        self.store = store
        self.deadline = deadline
        self.transcript: list[Spoken] = []
        self.connections = 0
        self.address: Address | None = None
        self.timings: dict[str, float] = {}

    def verified_session(self) -> tuple[tls.Session, Trust]:
        """Return a session and whether its chain is trusted.

        Verification comes first, because it usually succeeds and then one connection tells everything.
        OpenSSL gives no facts about a chain that it refuses: they take a connection without verification.
        """
        for context in self.store.contexts():
            try:
                return self.session(context), Trust(verified=True)
            except ssl.SSLCertVerificationError as error:
                trust = Trust(verified=False, code=error.verify_code, reason=error.verify_message)
                if trust.code not in ISSUER_UNKNOWN:
                    break
        try:
            return self.session(tls.unverified_context()), trust
        except ProbeError as error:
            error.problem = f"not trusted: {trust.reason}; then, reading the certificate, {error.problem}"
            raise

    def session(self, context: ssl.SSLContext) -> tls.Session:
        """Make one connection and return its session, ended politely."""
        if self.address is None:
            with self.timed("resolve"):
                addresses = resolve(self.target.host, self.target.port, self.target.family, self.deadline)
        else:
            addresses = [self.address]  # the facts must come from the server whose trust was judged
        with self.timed("connect"):
            sock, self.address = connect(addresses, self.deadline)
        self.connections += 1
        self.transcript.append(Spoken("*", f"connection {self.connections} to {self.address}".encode()))
        wire = Wire(sock, self.deadline, self.transcript)
        try:
            with self.timed("starttls"):
                try:
                    starttls(self.target.protocol, wire, self.target.name)
                except (Refused, StarttlsNotOffered):
                    self.part(wire, in_plaintext=True)
                    raise
            if (alpn := PROTOCOLS[self.target.protocol].alpn) is not None:
                context.set_alpn_protocols([alpn])
            with self.timed("handshake"):
                session = self.handshake(wire, context)
            self.transcript.append(Spoken("*", f"{session.version} {session.cipher}".encode()))
            self.part(wire)
            tls.close_notify(wire.sock)
            return session
        finally:
            wire.sock.close()

    def handshake(self, wire: Wire, context: ssl.SSLContext) -> tls.Session:
        """Hold the handshake; a server that does not start with TLS, or hangs up on it, may have STARTTLS."""
        try:
            return tls.handshake(wire, context, self.sni)
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

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        started = self.clock()
        try:
            yield
        finally:
            self.timings[step] = self.clock() - started


def probe(
    target: Target, store: tls.TrustStore, timeout: float, clock: Callable[[], float] = time.monotonic
) -> Observation:
    """Return what ``target`` shows within ``timeout`` seconds.

    Raises ``UsageError`` when ``store`` cannot be read; never a ``ProbeError``.
    """
    started = clock()
    prober = Prober(target, store, Deadline(timeout, clock), clock)
    presented = failure = None
    try:
        session, trust = prober.verified_session()
        built = chain.build(session.chain, session.verified_chain, trust, complete=tls.CHAIN_IS_READABLE)
        presented = Presented(Session(session.version, session.cipher), trust, built)
    except ProbeError as error:
        failure = error
    return Observation(
        elapsed=clock() - started,
        connections=prober.connections,
        address=prober.address,
        transcript=tuple(prober.transcript),
        store=store.facts,
        sni=None if prober.sni is None else prober.sni.decode("ascii"),
        presented=presented,
        error=failure,
        timings=prober.timings,
    )
