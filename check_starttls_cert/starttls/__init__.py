"""The conversations up to the go-ahead for TLS, one protocol a file.

A new protocol is one new module here, which is a ``Replying`` or a ``Leaving`` conversation, and one row in
``protocols.py``. A test lets mypy compare module and row.
"""

from __future__ import annotations

import importlib
from functools import lru_cache

from check_starttls_cert.errors import ProbeError
from check_starttls_cert.starttls.protocols import PROTOCOLS, sibling
from check_starttls_cert.static_typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from typing import Protocol

    from check_starttls_cert.wire import Wire

    class Conversation(Protocol):
        """What the module of every protocol has."""

        def starttls(self, wire: Wire, name: str) -> None:
            """Talk in plaintext up to the server's go-ahead for TLS.

            ``name`` is the reference identity, for protocols that announce it.
            Raises a ``ProbeError``: ``WrongProtocol`` when the server speaks another protocol.
            """

    class Replying(Conversation, Protocol):
        """What the module has of a protocol whose row says ``replies``."""

        GOODBYE: bytes
        """The command that ends the session, so that the server does not log a lost connection."""

        def read_reply(self, wire: Wire, step: str) -> object:
            """Read the next reply, or the greeting; ``step`` is what errors call it. Raises a ``ProbeError``."""

    class Leaving(Conversation, Protocol):
        """What the modules of the other protocols have."""

        def goodbye(self, wire: Wire, name: str) -> None:
            """End the session inside TLS, so that the server does not log a lost connection.

            Raises a ``ProbeError``.
            """


__all__ = ["PROTOCOLS", "goodbye", "sibling", "starttls"]


def starttls(protocol: str, wire: Wire, name: str) -> None:
    """Hold the conversation of a protocol up to its go-ahead for TLS; only that one's module is imported.

    ``name`` is the reference identity. Raises a ``ProbeError``, which names the protocol it found instead.
    """
    row = PROTOCOLS[protocol]
    if row.implicit_tls:
        return
    try:
        _module(row.module).starttls(wire, name)
        wire.step = "TLS handshake"
        wire.expect_silence()
    except ProbeError as error:
        from check_starttls_cert.starttls.recognise import explained

        better = explained(error, protocol, wire)
        if better is error:
            raise
        raise better from error


def goodbye(protocol: str, wire: Wire, name: str = "", in_plaintext: bool = False) -> None:
    """End the session politely: inside TLS, or after STARTTLS was not to be had.

    Raises a ``ProbeError``, which is nobody's problem: the verdict is already known.
    """
    row = PROTOCOLS[protocol]
    if row.module is None or (in_plaintext and not row.plaintext_goodbye):
        return
    if not row.replies:
        cast("Leaving", _module(row.module)).goodbye(wire, name)
        return
    replying = cast("Replying", _module(row.module))
    if row.implicit_tls:
        replying.read_reply(wire, "greeting")
    wire.send(replying.GOODBYE)
    replying.read_reply(wire, "reply to the goodbye")


@lru_cache(None)
def _module(name: str | None) -> Conversation:
    return cast("Conversation", importlib.import_module(f"{__name__}.{name}"))
