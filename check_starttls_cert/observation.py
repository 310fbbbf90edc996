"""What one probe saw: plain values without an opinion, the only thing that passes from facts to judgement."""

from __future__ import annotations

from check_starttls_cert.certificate import Facts
from check_starttls_cert.chain import Chain
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.openssl import ISSUER_UNKNOWN, Trust
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.wire import Spoken


class Session(NamedTuple):
    """What the TLS handshake negotiated."""

    version: str
    """As OpenSSL writes it: ``TLSv1.3``."""
    cipher: str
    """OpenSSL's name; empty where the handshake ended before one was chosen."""
    wants_client_certificate: bool = False
    """The server ended the handshake because this client has no certificate."""


class Presented(NamedTuple):
    """What a server whose certificate could be read has shown."""

    session: Session
    trust: Trust
    chain: Chain

    @property
    def leaf(self) -> Facts:
        """The server's own certificate."""
        return self.chain.sent[0]

    @property
    def self_signed(self) -> bool:
        """The server's own certificate is self-signed, as far as that can be told: by its names at least."""
        return self.leaf.self_issued and self.leaf.self_signed is not False

    @property
    def anchored(self) -> bool:
        """OpenSSL found the trust anchor, whatever else it may have refused the chain for."""
        return self.trust.verified or self.trust.code not in ISSUER_UNKNOWN


class Store(NamedTuple):
    """Where the trust anchors came from."""

    description: str
    anchors: int | None = None
    """How many it holds, where that is known without loading them."""
    private: bool = False
    """Named by the user, so that rules for public certification authorities do not apply."""


class Observation(NamedTuple):
    """What one probe saw. There is ``presented``, or the ``error`` that says why not."""

    elapsed: float
    """Seconds."""
    connections: int
    address: Address | None
    """The one that answered."""
    transcript: tuple[Spoken, ...]
    store: Store
    sni: str | None = None
    """The name sent as Server Name Indication."""
    presented: Presented | None = None
    error: ProbeError | None = None
    timings: dict[str, float] = {}  # noqa: RUF012 - nobody writes into it
    """Seconds that each step of the last connection took."""
    notes: tuple[str, ...] = ()
    """What the probe had to do that a plain client would not: shown with ``-v``."""

    @property
    def shown(self) -> Presented:
        """``presented``, for questions that need a certificate; they are asked only if there is one."""
        assert self.presented is not None
        return self.presented
