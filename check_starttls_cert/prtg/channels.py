"""What a PRTG sensor shows of a check: message and channels, the same in every PRTG dialect.

PRTG decides a channel's state by a lookup or by limits; a channel has one of the two or neither. Lookups are
those that PRTG ships, limits are taken only when PRTG creates the channel.
Source: PRTG Manual, "Custom Sensors"; lookup files as shipped with PRTG.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from nagiosplugin import Unknown, Warn

from check_starttls_cert.contexts import SEVERITY, days_left
from check_starttls_cert.prtg.sensor_api import MAX_TEXT
from check_starttls_cert.summary import label, problems, worst
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from nagiosplugin import Check

    from check_starttls_cert.thresholds import Limits

LOOKUP = "prtg.standardlookups.sslcertificatesensor."

NAME_VALUES = {"none": (2, 2), "cn": (0, 1), "cn_san": (5, 6), "san": (5, 6)}
"""Values of the lookup ``cncheck`` for a name check that succeeded, and for one that failed."""

RSA_LIKE = ("RSA", "DSA")
"""Algorithms whose sizes mean the same as RSA's; all others are judged as elliptic curves."""

ASKED = {
    "chain": (20, "Chain"),
    "signature": (21, "Signature"),
    "pin": (22, "Pin"),
    "lifetime": (23, "Lifetime"),
    "tls": (24, "TLS Version"),
}
"""Questions that have a channel only when the user asked them: id and name. The value is ``SEVERITY``."""


class Channel(NamedTuple):
    """One channel. Limits alarm below ``lower`` and above ``upper``; each is (warning, error)."""

    id: int
    """Fixed for ever: PRTG's Script v2 sensor knows a channel by it."""
    name: str
    value: int
    lookup: str | None = None
    lower: tuple[int | None, int | None] = (None, None)
    upper: tuple[int | None, int | None] = (None, None)


def channels(check: Check) -> list[Channel]:
    """Return the channels of a check that could read the certificate, the primary one first."""
    (resource,) = check.resources
    facts, contexts = resource.facts, check.contexts
    limits = contexts["expiry"].limits(facts)
    matches, differs = NAME_VALUES[resource.settings.name_check]
    key_lookup = "publickey" if facts.key.algorithm in RSA_LIKE else "publickeyecc"
    found = [
        Channel(
            12,
            "Days until Expiration",
            # PRTG alarms below a limit, so a day that has begun to run out is not counted.
            math.floor(days_left(facts, resource.now)),
            lower=(_lower(limits[0]), _lower(limits[1])),
            upper=(_upper(limits[0]), _upper(limits[1])),
        ),
        Channel(17, "Common Name Check", differs if contexts["name"].uncovered(facts) else matches, "cncheck"),
        Channel(15, "Public Key Size", facts.key.bits, key_lookup),
        Channel(13, "Root Authority Trusted", 0 if resource.observation.trust.verified else 1, "trustedroot"),
        Channel(16, "Self-Signed", 1 if facts.self_signed else 0, "selfsigned"),
    ]
    states = {result.context.name: SEVERITY[result.state] for result in check.results.results}
    found += [
        # No lookup that PRTG ships has three states; limits on the state's number do.
        Channel(id_, name, states[question], upper=(SEVERITY[Unknown], SEVERITY[Warn]))
        for question, (id_, name) in ASKED.items()
        if contexts[question].asked
    ]
    return found


def message(check: Check) -> str:
    """Return what PRTG shows as the sensor's message: the problems, and which certificate it is about."""
    (resource,) = check.resources
    if resource.observation.chain is None:
        return f"{resource.target}: {resource.observation.error}"[:MAX_TEXT]
    facts = resource.facts
    names = ", ".join(printable(name, 80) for name in facts.common_names[:5]) or "none"
    said = f"{label(worst(check.results))}. {'; '.join(problems(check.results))}".rstrip(". ")
    details = (
        f". Certificate Common Name: {names} - Certificate Thumbprint: {facts.sha1} "
        f"- STARTTLS Protocol: {resource.target.protocol.upper()}"
    )
    return said[: MAX_TEXT - len(details)] + details


def _lower(limits: Limits) -> int | None:
    """Return the lower limit in whole days, on the side that alarms earlier.

    PRTG has no limits for "inside a range"; the message speaks for those.
    """
    return None if limits.inside or limits.low is None else math.ceil(limits.low)


def _upper(limits: Limits) -> int | None:
    return None if limits.inside or limits.high is None else math.floor(limits.high) - 1
