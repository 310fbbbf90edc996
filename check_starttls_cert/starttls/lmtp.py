"""LMTP: RFC 2033. The conversation is SMTP's with LHLO instead of EHLO (section 4.1)."""

from __future__ import annotations

from check_starttls_cert.starttls import smtp
from check_starttls_cert.wire import Wire

GOODBYE = smtp.GOODBYE
read_reply = smtp.read_reply


def starttls(wire: Wire, name: str) -> None:
    """LHLO and STARTTLS."""
    smtp.starttls(wire, name, hello=b"LHLO")
