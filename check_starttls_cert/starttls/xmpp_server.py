"""XMPP between servers: RFC 6120. The conversation is the client's in another namespace."""

from __future__ import annotations

from check_starttls_cert.starttls import xmpp_client
from check_starttls_cert.wire import Wire

NAMESPACE = "jabber:server"


def starttls(wire: Wire, name: str) -> None:
    """``name`` is the domain that is asked for."""
    xmpp_client.starttls(wire, name, NAMESPACE)


def goodbye(wire: Wire, name: str) -> None:
    """End the stream."""
    xmpp_client.goodbye(wire, name, NAMESPACE)
