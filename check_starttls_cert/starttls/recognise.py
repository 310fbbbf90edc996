"""Whose voice is this? Errors for peers that do not speak the protocol that was asked for.

Only reached when a conversation has failed: it turns "not a greeting" into what an administrator can act on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from check_starttls_cert.errors import (
    CHECK_PORT,
    DeadlineExceeded,
    PeerClosed,
    PlaintextInjected,
    ProbeError,
    ProtocolError,
    Refused,
    StarttlsNotOffered,
)
from check_starttls_cert.starttls import sibling
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from check_starttls_cert.wire import Wire


class Foreign(ProtocolError):
    """What a conversation raises when it has ``seen`` what its protocol does not know, ``why`` says in which way."""

    def __init__(self, seen: bytes, why: str = "") -> None:
        super().__init__(why or "this is another protocol", quote=seen)
        self.seen = seen
        self.why = why


class Voice(NamedTuple):
    """What the first bytes of a server look like."""

    description: str
    pattern: bytes
    protocols: tuple[str, ...] = ()
    """The names under which we speak to it."""


VOICES = (
    Voice("an HTTP answer of a web server, a proxy or a firewall", rb"HTTP/[0-9]|\s*<(!DOCTYPE html|html)\b"),
    Voice("an IMAP greeting", rb"\* (OK|PREAUTH|BYE)\b", ("imap",)),
    Voice("a POP3 greeting", rb"(\+OK|-ERR)\b", ("pop3",)),
    Voice("a ManageSieve greeting", rb'"(IMPLEMENTATION|SIEVE|SASL|VERSION)"', ("sieve",)),
    Voice("an XMPP stream", rb"(<\?xml[^>]*>\s*)?<stream:", ("xmpp-client", "xmpp-server")),
    Voice("an SSH greeting", rb"SSH-[12]"),
    Voice("a VNC greeting", rb"RFB [0-9]{3}\."),
    Voice("an IRC greeting", rb":\S+ (NOTICE|[0-9]{3}) |NOTICE |ERROR :", ("irc",)),
    Voice("an LMTP greeting", rb"220[ -].*\bLMTP\b", ("lmtp",)),
    Voice("an SMTP greeting", rb"220[ -].*\bE?SMTP\b", ("smtp", "submission")),
    Voice("an FTP greeting", rb"220[ -].*(\bFTP\b|FTPd|FileZilla)", ("ftp",)),
    Voice("an SMTP or FTP greeting", rb"(220|421|554)[ -]", ("smtp", "submission", "lmtp", "ftp")),
    Voice("an NNTP greeting", rb"20[01] ", ("nntp",)),
    Voice("a MySQL greeting", rb"[\s\S]{2}\x00\x00(\x0a[0-9]|\xff)", ("mysql",)),
    Voice("an LDAP message", rb"0(\x84[\s\S]{4}|[\x05-\x7f])\x02[\x01-\x04]", ("ldap",)),
    Voice("a PostgreSQL error", rb"E\x00\x00[\s\S]{2}S", ("postgres",)),
    Voice("an NBD greeting", rb"NBDMAGIC", ("nbd",)),
    Voice("a TDS packet", rb"\x04\x01[\s\S]{2}\x00\x00[\s\S]\x00", ("mssql",)),
    Voice("an RDP answer", rb"\x03\x00[\s\S]{2}[\x06-\x0e]\xd0", ("rdp",)),
)
"""The first that fits counts."""

TLS_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")
"""RFC 8446 section 5.1: content type and legacy version."""

TITLES = {
    "submission": "SMTP",
    "sieve": "ManageSieve",
    "xmpp-client": "XMPP",
    "xmpp-server": "XMPP",
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mssql": "TDS",
}
"""What people call a protocol, where that is not its name in capitals."""


def explained(error: ProbeError, protocol: str, wire: Wire) -> ProbeError:
    """Return what ``error``, which ended a conversation, means in the light of what the peer has said."""
    if isinstance(error, Foreign):
        whole = error.seen == wire.opening.rstrip(b"\r\n")
        seen = (wire.opening if whole else error.seen) + wire.arrived()
        return recognised(seen, protocol) or ProtocolError(
            f"the {wire.step} is not {title(protocol)}" + (f", {error.why}" if error.why else ""),
            quote=seen if seen.strip() else b"(an empty line)",
        )
    if isinstance(error, (PeerClosed, DeadlineExceeded)):
        if not wire.heard:
            error.hint += f"; if the server starts with TLS, use {beginning_with_tls(protocol)}"
        if not wire.opening:
            return recognised(wire.unread, protocol) or error
    if isinstance(error, PlaintextInjected):
        # PostgreSQL's go-ahead is one letter, which other words may begin with.
        return recognised(wire.opening + wire.arrived(), protocol) or error
    if voice := voice_of(wire.opening + wire.unread, protocol):
        error.hint = f"it began with {voice.description}; {CHECK_PORT}"
    return error


def recognised(seen: bytes, protocol: str) -> ProtocolError | None:
    """Return the error that says whose first words ``seen`` are; ``None`` when they are nobody's."""
    if TLS_RECORD.match(seen):
        return ProtocolError(
            f"the server starts with TLS, not with {title(protocol)}", hint=f"use {beginning_with_tls(protocol)}"
        )
    voice = voice_of(seen, protocol)
    if voice is None:
        return None
    hint = CHECK_PORT + "".join(f", or use -P {name}" for name in voice.protocols[:1])
    return ProtocolError(f"this is {voice.description}, not {title(protocol)}", quote=seen, hint=hint)


def voice_of(seen: bytes, protocol: str) -> Voice | None:
    """Return whose first words ``seen`` are, unless they may be those of ``protocol``."""
    voice = next((voice for voice in VOICES if re.match(voice.pattern, seen, re.IGNORECASE)), None)
    return voice if voice and protocol not in voice.protocols else None


def title(protocol: str) -> str:
    """Return what people call a protocol."""
    return TITLES.get(protocol, protocol.upper())


def beginning_with_tls(protocol: str) -> str:
    """Return the option for servers that start with TLS."""
    return f"-P {sibling(protocol) or 'tls'}"


def turned_away(wire: Wire, words: bytes) -> Refused:
    """Return the error for a server that is there and wants no clients now, like SMTP's 421 and 554."""
    return Refused(f"the server turns clients away with its {wire.step}", quote=words)


def not_offered(capabilities: list[bytes], command: str = "STARTTLS") -> StarttlsNotOffered:
    """Return the error for a server whose ``capabilities`` do not include the command."""
    return StarttlsNotOffered(
        f"the server does not offer {command}, it lists {printable(b', '.join(capabilities)) or 'nothing'}"
    )


def refused_after_offer(words: bytes) -> Refused:
    """Return the error for a server that offers STARTTLS and does not go ahead."""
    return Refused(
        "the server offers STARTTLS and then refuses it",
        quote=words,
        hint="its log says why; often it cannot read its own certificate or key",
    )
