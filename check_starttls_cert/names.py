"""Does a presented name cover a reference name, by RFC 9525, on plain strings?

The reference is what a user wrote: it is brought into one form (lower case, A-labels, no final dot). The presented
name is compared as written, ASCII without case, as clients do.
Nothing here knows certificates; who asks decides which of a certificate's names count.
"""

from __future__ import annotations

import socket
from functools import lru_cache

MAX_NAME = 253
"""Characters of a name: RFC 1035 section 2.3.4, 255 octets less the root's and the first length."""

MAX_ADDRESS = 45
"""Characters of an address: 0000:0000:0000:0000:0000:ffff:255.255.255.255."""


def ip_address(text: str) -> bytes | None:
    """Return the packed IPv4 or IPv6 address that ``text`` is, or ``None`` when it is a name."""
    text = text.partition("%")[0]  # RFC 4007 section 11: the zone is ours, not the certificate's
    return _packed(text) if len(text) <= MAX_ADDRESS else None


@lru_cache(1024)
def _packed(text: str) -> bytes | None:
    for family in (socket.AF_INET6, socket.AF_INET):
        try:
            return socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
    return None


def to_ascii(name: str) -> str:
    """Return ``name`` in the form in which names are compared and looked up.

    U-labels become A-labels as in IDNA 2008 (RFC 5890): the label's NFKC lower-case form in Punycode,
    so that ``ss`` and sharp s stay apart, as registries and browsers keep them.
    """
    name = name.lower()
    # Longer text in a certificate is no name, and must not cost the more than linear time of what follows.
    if not name.isascii() and len(name) <= MAX_NAME:
        import unicodedata

        # RFC 3490 section 3.1: these count as dots; NFKC turns the other two into it or a full stop.
        name = unicodedata.normalize("NFKC", name).replace("\u3002", ".").lower()
        name = ".".join(map(_a_label, name.split(".")))
    return name.removesuffix(".")


def _a_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def covers(presented: str, reference: str) -> bool:
    """Return whether the presented name of a certificate covers the reference name.

    RFC 9525 section 6.3: a wildcard is the whole left-most label of the presented name and stands for
    exactly one label. Nothing is assumed to be a public suffix, but ``*`` alone covers nothing but itself.
    """
    # RFC 9525 section 2: a presented name is made of A-labels. To Unicode the Kelvin sign is a k, to clients it is not.
    # RFC 5280 section 4.2.1.6: it has no final dot either, and OpenSSL does not take one away.
    if not presented.isascii() or len(presented) > MAX_NAME:
        return False
    presented, reference = presented.lower(), to_ascii(reference)
    if presented == reference:
        return bool(presented)
    star, _, parent = presented.partition(".")
    label, _, reference_parent = reference.partition(".")
    return star == "*" and bool(label) and bool(parent) and "*" not in parent and parent == reference_parent
