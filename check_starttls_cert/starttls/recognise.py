"""Which protocol a server speaks when it is not the one asked for.

Conversations raise the errors of this file; ``explained`` looks at the server's first bytes once a conversation
has failed, and turns "not a greeting" into what an administrator can act on.
"""

from __future__ import annotations

import re

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
from check_starttls_cert.starttls.protocols import PROTOCOLS, Banner, sibling
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from check_starttls_cert.wire import Wire


class WrongProtocol(ProtocolError):
    """The bytes ``seen`` are not of this protocol; ``why`` says what is wrong with them, where that helps."""

    def __init__(self, seen: bytes, why: str = "") -> None:
        super().__init__(why or "this is another protocol", quote=seen)
        self.seen = seen
        self.why = why


UNSPOKEN = (
    Banner("an HTTP answer of a web server, a proxy or a firewall", rb"HTTP/[0-9]|\s*<(!DOCTYPE html|html)\b"),
    Banner("an SSH greeting", rb"SSH-[12]"),
    Banner("a VNC greeting", rb"RFB [0-9]{3}\."),
)
"""What servers say that we have no conversation with."""

AMBIGUOUS = Banner("an SMTP or FTP greeting", rb"(220|421|554)[ -]")
AMBIGUOUS_TITLES = ("SMTP", "LMTP", "FTP")
"""Whose greeting it may be."""

TLS_RECORD = rb"[\x14-\x17]\x03[\x00-\x04]"
"""RFC 8446 section 5.1: content type and legacy version."""


def explained(error: ProbeError, protocol: str, wire: Wire) -> ProbeError:
    """Say what ``error``, which ended a conversation, means in the light of what the peer has said.

    It is ``error`` itself, perhaps with another hint, where nothing better is known.
    """
    if isinstance(error, WrongProtocol):
        whole = error.seen == wire.opening.rstrip(b"\r\n")
        seen = (wire.opening if whole else error.seen) + wire.arrived()
        return recognised(seen, protocol) or ProtocolError(
            f"the {wire.step} is not {PROTOCOLS[protocol].title}" + (f", {error.why}" if error.why else ""),
            quote=seen if seen.strip() else b"(an empty line)",
        )
    if isinstance(error, (PeerClosed, DeadlineExceeded)):
        if not wire.heard:
            error.hint += (
                f"; it may also wait for a PROXY header, or start with TLS, then use {option_for_tls(protocol)}"
            )
        if not wire.opening:
            return recognised(wire.unread, protocol) or error
    if isinstance(error, PlaintextInjected):
        # PostgreSQL's go-ahead is one letter, which other words may begin with.
        return recognised(wire.opening + wire.arrived(), protocol) or error
    if banner := foreign_banner(wire.opening + wire.unread, protocol):
        error.hint = f"it began with {banner.description}; {CHECK_PORT}"
    return error


def recognised(seen: bytes, protocol: str) -> ProtocolError | None:
    """Make the error that names the protocol of these first bytes; ``None`` when it is not known."""
    title = PROTOCOLS[protocol].title
    if re.match(TLS_RECORD, seen):
        return ProtocolError(f"the server starts with TLS, not with {title}", hint=f"use {option_for_tls(protocol)}")
    banner = foreign_banner(seen, protocol)
    if banner is None:
        return None
    speaking = next((name for name in PROTOCOLS if may_begin(name, banner)), None)
    hint = f"{CHECK_PORT}, or use -P {speaking}" if speaking else CHECK_PORT
    return ProtocolError(f"this is {banner.description}, not {title}", quote=seen, hint=hint)


def foreign_banner(seen: bytes, protocol: str) -> Banner | None:
    """Find the banner of another protocol in a server's first bytes; ``None`` where they may be ``protocol``'s."""
    known = dict.fromkeys(row.banner for row in PROTOCOLS.values() if row.banner)
    found = (each for each in (*UNSPOKEN, *known, AMBIGUOUS) if re.match(each.pattern, seen, re.IGNORECASE))
    banner = next(found, None)
    return banner if banner and not may_begin(protocol, banner) else None


def may_begin(protocol: str, banner: Banner) -> bool:
    """Say whether a server of ``protocol`` may begin so."""
    row = PROTOCOLS[protocol]
    return row.banner == banner or (banner == AMBIGUOUS and row.title in AMBIGUOUS_TITLES)


def option_for_tls(protocol: str) -> str:
    """Name the option for servers with implicit TLS."""
    return f"-P {sibling(protocol) or 'tls'}"


def service_unavailable(wire: Wire, words: bytes) -> Refused:
    """Make the error for a server that is there and wants no clients now, like SMTP's 421 and 554."""
    return Refused(f"the server turns clients away with its {wire.step}", quote=words)


def not_offered(capabilities: list[bytes], command: str = "STARTTLS") -> StarttlsNotOffered:
    """Make the error for a server whose ``capabilities`` do not include the command."""
    return StarttlsNotOffered(
        f"the server does not offer {command}, it lists {printable(b', '.join(capabilities)) or 'nothing'}"
    )


def refused(words: bytes, command: str = "STARTTLS", *, offered: bool = True) -> Refused:
    """Make the error for a server that does not go ahead, after it ``offered`` to or without having said so."""
    if not offered:
        return Refused(f"the server refuses {command}", quote=words)
    return Refused(
        f"the server offers {command} and then refuses it",
        quote=words,
        hint="its log says why; often it cannot read its own certificate or key",
    )
