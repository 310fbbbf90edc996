"""What one check has been asked to do: plain immutable data, and every default.

Named tuples rather than frozen dataclasses: as immutable, and importing ``dataclasses`` costs
a tenth of the whole program's start.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import lru_cache

from check_starttls_cert.state import State
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.thresholds import Limits, Threshold

DEFAULT_PROTOCOL = "smtp"
DEFAULT_NAME_CHECK = "client"
DEFAULT_TIMEOUT = 10.0
"""Seconds for the whole check."""
MAX_TIMEOUT = 3600.0

DEFAULT_WARNING = Threshold(((28, "d"), (30, "%")))
DEFAULT_CRITICAL = Threshold(((7, "d"), (10, "%")))
"""The smaller counts: 28 and 7 days for yearly certificates, 14 and 5 for those of 47 days."""


PUBLIC = "public"
"""``Policy.max_lifetime`` where the CA/Browser Forum's rule is the limit."""

ORIGINAL = "original"
"""``Job.channel_names`` where they are those of the PRTG sensor that this program follows."""


class Target(NamedTuple):
    """The service to check."""

    host: str
    protocol: str
    port: int
    name: str
    """The first name to be covered, in ASCII. Protocols that announce a name send this one."""
    family: int = socket.AF_UNSPEC
    sni: str | None = None
    """The name for Server Name Indication, where it is not ``name``."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol} {host}:{self.port}"


class Thresholds(NamedTuple):
    """When the remaining days alarm."""

    warning: Threshold
    critical: Threshold

    def limits(self, lifetime_days: float) -> tuple[Limits, Limits]:
        """Return the warning and the critical limits in force for a certificate, in days."""
        return self.warning.for_lifetime(lifetime_days), self.critical.for_lifetime(lifetime_days)


class MinimumSize(NamedTuple):
    """Bits below which a key warns, and below which it is critical."""

    warning: int
    critical: int


DEFAULT_MIN_RSA_BITS = MinimumSize(2048, 1024)
DEFAULT_MIN_EC_BITS = MinimumSize(256, 192)


class Policy(NamedTuple):
    """By what a certificate is judged."""

    thresholds: Thresholds
    names: tuple[str, ...]
    """Every reference identity; the certificate must cover all."""
    name_is_host: bool = False
    """The user gave no name, so that it is the host."""
    name_check: str = DEFAULT_NAME_CHECK
    ca_file: str | None = None
    ca_dir: str | None = None
    allow_self_signed: bool = False
    states: Mapping[str, State] = {}
    """The state of a question's bad answer, where the user has set it."""
    min_rsa_bits: MinimumSize = DEFAULT_MIN_RSA_BITS
    min_ec_bits: MinimumSize = DEFAULT_MIN_EC_BITS
    min_tls: str | None = None
    """The oldest TLS version that is fine, like ``1.2``."""
    issuers: tuple[str, ...] = ()
    fingerprints: tuple[bytes, ...] = ()
    """SHA-256 digests of the whole certificate."""
    spki_pins: tuple[bytes, ...] = ()
    """SHA-256 digests of the SubjectPublicKeyInfo (RFC 7469 section 2.4)."""
    max_lifetime: float | str | None = None
    """Days, or ``PUBLIC``."""


class Job(NamedTuple):
    """One check: whom to ask, by what to judge, and how to tell."""

    target: Target
    policy: Policy
    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""
    output: str = "nagios"
    verbose: int = 0
    prtg_schema: int = 2
    """Version of the Script v2 document."""
    channel_names: str = "default"
    """Of PRTG's channels: ``default`` or ``ORIGINAL``."""
    marks: Mapping[str, str] = {}
    """What a sweep's deliveries have to know of the target, by ``MARKS`` there; no check makes anything of it."""


@lru_cache(256)
def thresholds(warning: Threshold | None, critical: Threshold | None) -> Thresholds:
    """Return the thresholds in force where either may be left to its default.

    A default critical threshold gives way to a stricter warning threshold: it is then a quarter of that, as
    7 days are of 28, so that ``-w 5`` alone warns at 5 days and does not alarm at 7.
    Raises ``ValueError`` when both are given and contradict each other.
    """
    if warning is not None and critical is not None and critical.alarms_before(warning):
        raise ValueError(
            f"the critical threshold {critical} is reached before the warning threshold {warning}; "
            "allowed are critical thresholds that are reached after the warning"
        )
    if critical is None:
        quarter = tuple((number / 4, unit) for number, unit in warning.bounds) if warning is not None else ()
        critical = Threshold(DEFAULT_CRITICAL.bounds + quarter)
    return Thresholds(warning or DEFAULT_WARNING, critical)
