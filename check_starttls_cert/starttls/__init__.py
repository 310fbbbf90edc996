"""The protocols: a table, and the shape of a conversation.

A new protocol is one new module here and one line in ``PROTOCOLS``. The module has two functions, or three:

``starttls(wire, name)``
    Holds the plaintext conversation up to the server's go-ahead for TLS. ``name`` is the reference
    identity, for protocols that announce it. Raises a ``ProbeError``.

    ``Foreign`` when the server speaks another protocol.

``goodbye(wire, name)``
    Ends the session politely inside TLS, so that the server does not log a lost connection.
    Its failure is nobody's problem: the certificate is already known.

``greet(wire)``
    Reads the greeting of a server that speaks first, for the sibling that starts with TLS.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from check_starttls_cert.errors import ProbeError

if TYPE_CHECKING:
    from check_starttls_cert.wire import Wire


class Protocol(NamedTuple):
    """What is known of a protocol before its module is imported."""

    port: int | None
    """The registered port; ``None`` where there is none."""
    specification: str
    module: str | None = None
    """Who speaks it; ``None`` for protocols that need no words."""
    starts_with_tls: bool = False
    alpn: str | None = None
    """The protocol's name in RFC 7301's registry, for those that start with TLS."""


PROTOCOLS = {
    "smtp": Protocol(25, "RFC 5321, RFC 3207", "smtp"),
    "submission": Protocol(587, "RFC 6409, RFC 3207", "smtp"),
    "lmtp": Protocol(24, "RFC 2033, RFC 3207", "lmtp"),
    "ldap": Protocol(389, "RFC 4511 section 4.14", "ldap"),
    "imap": Protocol(143, "RFC 9051 section 6.2.1", "imap"),
    "pop3": Protocol(110, "RFC 2595 section 4", "pop3"),
    "sieve": Protocol(4190, "RFC 5804 section 2.2", "sieve"),
    "ftp": Protocol(21, "RFC 4217", "ftp"),
    "nntp": Protocol(119, "RFC 4642", "nntp"),
    "xmpp-client": Protocol(5222, "RFC 6120 section 5", "xmpp_client"),
    "xmpp-server": Protocol(5269, "RFC 6120 section 5", "xmpp_server"),
    "irc": Protocol(6667, "IRCv3 tls", "irc"),
    "postgres": Protocol(5432, "PostgreSQL SSLRequest", "postgres"),
    "mysql": Protocol(3306, "MySQL protocol 10", "mysql"),
    "mssql": Protocol(1433, "MS-TDS section 2.2.6.5", "mssql"),
    "rdp": Protocol(3389, "MS-RDPBCGR section 2.2.1", "rdp"),
    "nbd": Protocol(10809, "NBD protocol, NBD_OPT_STARTTLS", "nbd"),
    "smtps": Protocol(465, "RFC 8314 section 3", "smtp", starts_with_tls=True),
    "submissions": Protocol(465, "RFC 8314 section 3.3", "smtp", starts_with_tls=True),
    "lmtps": Protocol(None, "RFC 2033", "smtp", starts_with_tls=True),
    "ldaps": Protocol(636, "LDAP inside TLS", "ldap", starts_with_tls=True),
    "imaps": Protocol(993, "RFC 8314 section 3.2", "imap", starts_with_tls=True, alpn="imap"),
    "pop3s": Protocol(995, "RFC 8314 section 3.1", "pop3", starts_with_tls=True, alpn="pop3"),
    "ftps": Protocol(990, "FTP inside TLS", "ftp", starts_with_tls=True, alpn="ftp"),
    "nntps": Protocol(563, "RFC 8143 section 2", "nntp", starts_with_tls=True, alpn="nntp"),
    "xmpps-client": Protocol(5223, "XEP-0368", "xmpp_client", starts_with_tls=True, alpn="xmpp-client"),
    "xmpps-server": Protocol(5270, "XEP-0368", "xmpp_server", starts_with_tls=True, alpn="xmpp-server"),
    "ircs": Protocol(6697, "RFC 7194", "irc", starts_with_tls=True, alpn="irc"),
    "sieves": Protocol(None, "RFC 5804", "sieve", starts_with_tls=True, alpn="managesieve"),
    "https": Protocol(443, "RFC 9110 section 4.2.2", starts_with_tls=True, alpn="http/1.1"),
    "mqtts": Protocol(8883, "MQTT 5.0 section 4.2", starts_with_tls=True, alpn="mqtt"),
    "amqps": Protocol(5671, "AMQP 1.0 section 5.2", starts_with_tls=True),
    "tls": Protocol(None, "RFC 8446", starts_with_tls=True),
}


BEGIN_AGAIN = ("mysql", "nbd", "sieve", "xmpp_client", "xmpp_server")
"""Modules whose goodbye presupposes TLS: these protocols begin anew inside it."""


def starttls(protocol: str, wire: Wire, name: str) -> None:
    """Hold the conversation of a protocol up to its go-ahead for TLS; only that one's module is imported.

    ``name`` is the reference identity. Raises a ``ProbeError`` that says whose voice it heard.
    """
    found = PROTOCOLS[protocol]
    if found.starts_with_tls:
        return
    try:
        _module(found).starttls(wire, name)
        wire.step = "TLS handshake"
        wire.expect_silence()
    except ProbeError as error:
        from check_starttls_cert.starttls.recognise import explained

        better = explained(error, protocol, wire)
        if better is error:
            raise
        raise better from error


def goodbye(protocol: str, wire: Wire, name: str = "", in_plaintext: bool = False) -> None:
    """End the session politely: inside TLS, or after STARTTLS was not to be had. Raises a ``ProbeError``."""
    found = PROTOCOLS[protocol]
    if found.module is not None and not (in_plaintext and found.module in BEGIN_AGAIN):
        module = _module(found)
        if found.starts_with_tls and hasattr(module, "greet"):
            module.greet(wire)
        module.goodbye(wire, name)


def sibling(protocol: str) -> str | None:
    """Return the name of the same protocol that starts with TLS, or of the one that does not."""
    name, dash, role = protocol.partition("-")
    other = (name[:-1] if name.endswith("s") and PROTOCOLS[protocol].starts_with_tls else name + "s") + dash + role
    return other if other in PROTOCOLS else None


def _module(protocol: Protocol) -> ModuleType:
    return importlib.import_module(f"{__name__}.{protocol.module}")
