"""The judgement: one nagiosplugin Context a question.

Each context answers with a state and with words that stand alone in the status line. Words of a good
answer may be empty: then the question is not worth mentioning. A new question is one class here and one
line in ``contexts``; ``settings.QUESTIONS`` lists those whose state the user may set.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Iterable, Iterator

from nagiosplugin import Context, Critical, Metric, Ok, Performance, Result, Unknown, Warn
from nagiosplugin.state import ServiceState

from check_starttls_cert.certificate import Facts
from check_starttls_cert.chain import Chain
from check_starttls_cert.names import covers, ip_address
from check_starttls_cert.resource import SECONDS_PER_DAY, StarttlsCertificate
from check_starttls_cert.settings import PUBLIC, Settings
from check_starttls_cert.text import counted, printable
from check_starttls_cert.thresholds import Limits, plain
from check_starttls_cert.tls import ISSUER_UNKNOWN

STATES = {"ok": Ok, "warning": Warn, "critical": Critical}

SEVERITY = {Ok: 0, Unknown: 1, Warn: 2, Critical: 3}
"""Critical outranks all: what is known to be broken must not hide behind what is not known."""

MAX_NAMES = 5
"""Names of a certificate that a mismatch lists."""

BROKEN_HASHES = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}
"""Collisions are known: RFC 6151 for MD5, RFC 9155 and shattered.io for SHA-1."""

PUBLIC_LIFETIMES = (
    (datetime(2029, 3, 15, tzinfo=timezone.utc), 47.0),
    (datetime(2027, 3, 15, tzinfo=timezone.utc), 100.0),
    (datetime(2026, 3, 15, tzinfo=timezone.utc), 200.0),
    (datetime.min.replace(tzinfo=timezone.utc), 398.0),
)
"""First day of issue and days: CA/Browser Forum Baseline Requirements section 6.3.2, ballot SC-081v3."""


def contexts(settings: Settings) -> list[Question]:
    """Return the questions in the order in which the status line answers them."""
    classes = (
        Connection,
        Expiry,
        Name,
        ChainSent,
        SelfSigned,
        Trust,
        KeySize,
        Signature,
        Pin,
        Lifetime,
        TlsVersion,
        Time,
    )
    return [question(settings) for question in classes]


class Question(Context):
    """What all contexts share: the user's say in the state of a bad answer."""

    key = ""
    """The name of the context, and of the question in ``--state``."""
    metric = ""
    """The name of the performance data; the key where there is none."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(self.key)
        self.settings = settings
        self.severity = STATES.get(settings.states.get(self.key, ""))

    judges = True
    """Whether there is a good and a bad answer."""

    @property
    def asked(self) -> bool:
        """Whether the user asked this question with an option of its own."""
        return self.severity is not None

    def measure(self, resource: StarttlsCertificate) -> float | None:
        """Return the number that the question is about, if it is about one."""
        return None

    def bad(self, metric: Metric, words: str, state: ServiceState = Critical) -> Result:
        """Return the result of a bad answer, in ``state`` unless the user has set another."""
        return Result(state if self.severity is None else self.severity, words, metric)

    def good(self, metric: Metric, words: str = "") -> Result:
        """Return the result of a good answer."""
        return Result(Ok, words, metric)


class Connection(Question):
    """Did the service let us read its certificate?"""

    key = "connection"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Judge the failure, if any: a result, not UNKNOWN (Monitoring Plugins guidelines)."""
        error = resource.observation.error
        return self.bad(metric, str(error)) if error else self.good(metric)


class Expiry(Question):
    """Is the certificate valid now, and for how much longer?"""

    key = "expiry"
    metric = "days_until_expiration"

    def measure(self, resource: StarttlsCertificate) -> float:
        """Return the remaining days."""
        return days_left(resource.facts, resource.now)

    def limits(self, facts: Facts) -> tuple[Limits, Limits]:
        """Return the warning and the critical limits in force for a certificate, in days."""
        lifetime = facts.lifetime.total_seconds() / SECONDS_PER_DAY
        warning, critical = self.settings.thresholds
        return warning.for_lifetime(lifetime), critical.for_lifetime(lifetime)

    def verdict(self, facts: Facts, now: datetime) -> tuple[ServiceState, str]:
        """Return state and words; expired and not yet valid are critical whatever the thresholds."""
        remaining = facts.not_after - now
        if remaining < timedelta(0):
            return Critical, f"expired {span(-remaining)} ago ({date(facts.not_after, remaining)})"
        if facts.not_before > now:
            ahead = facts.not_before - now
            return Critical, f"not valid before {date(facts.not_before, ahead)}, in {span(ahead)}"
        warning, critical = self.limits(facts)
        days = days_left(facts, now)
        state = Ok
        if critical.breached_by(days):
            state = Critical
        elif warning.breached_by(days):
            state = Warn
        return state, f"expires in {span(remaining)} ({date(facts.not_after, remaining)})"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Judge the server's own certificate."""
        return Result(*self.verdict(resource.facts, resource.now), metric)

    def performance(self, metric: Metric, resource: StarttlsCertificate) -> Performance:
        """Return days without a unit: Icinga would turn ``d`` into seconds."""
        return Performance(metric.name, plain(shown_days(metric.value)), "", *map(str, self.limits(resource.facts)))


class Name(Question):
    """Does the certificate cover every reference name?"""

    key = "name"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Compare with the common names, the alternative names, or both."""
        if self.settings.name_check == "none":
            return self.good(metric, "name not checked")
        failed = self.uncovered(resource.facts)
        if not failed:
            return self.good(metric)
        common, alternative, addresses = self.presented(resource.facts)
        presented = dict.fromkeys((*alternative, *map(address_text, addresses), *common))
        where = {"cn": "common name", "san": "subject alternative name", "cn_san": "name"}[self.settings.name_check]
        words = f"not covered by {enumerated(presented)}" if presented else f"not covered, there is no {where}"
        if any(name in presented for name in failed):
            # Only an address can be listed and not covered (RFC 9525 section 6.4).
            words += " (an address takes an iPAddress entry, a dNSName is none)"
        return self.bad(metric, f"name: {', '.join(failed)} {words}")

    def presented(self, facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...], tuple[bytes, ...]]:
        """Return the common names, dNSNames and iPAddresses that are asked."""
        check = self.settings.name_check
        return (
            facts.common_names if check in ("cn", "cn_san") else (),
            facts.dns_names if check in ("san", "cn_san") else (),
            facts.ip_addresses if check in ("san", "cn_san") else (),
        )

    def uncovered(self, facts: Facts) -> list[str]:
        """Return the reference names that the certificate does not cover."""
        if self.settings.name_check == "none":
            return []
        common, alternative, addresses = self.presented(facts)

        def covered(reference: str) -> bool:
            wanted = ip_address(reference)
            if wanted is None:
                return any(covers(name, reference) for name in (*alternative, *common))
            # RFC 9525 section 6.4: octet by octet. A dNSName that looks like an address is not one;
            # a common name is free text, in which the address may be written.
            return wanted in addresses or wanted in map(ip_address, common)

        return [name for name in self.settings.names if not covered(name)]


class ChainSent(Question):
    """Is the chain above the certificate complete, in order, and valid for as long?"""

    key = "chain"
    metric = "days_until_chain_expiration"

    def measure(self, resource: StarttlsCertificate) -> float | None:
        """Return the remaining days of the certificate above the server's own that expires first."""
        above = resource.chain.path[1:]
        return min((days_left(facts, resource.now) for facts in above), default=None)

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Judge with the same thresholds what ends before the server's own certificate; then completeness."""
        problems = list(self.problems(resource))
        if not problems:
            return self.good(metric)
        state = max((state for state, _ in problems), key=SEVERITY.__getitem__)
        return self.bad(metric, "; ".join(words for _, words in problems), state)

    def problems(self, resource: StarttlsCertificate) -> Iterator[tuple[ServiceState, str]]:
        """Yield state and words of everything that is wrong with the chain."""
        chain, now = resource.chain, resource.now
        expiry = Expiry(self.settings)
        for facts in chain.path[1:]:
            state, words = expiry.verdict(facts, now)
            if state != Ok and (facts.not_after < chain.path[0].not_after or facts.not_before > now):
                yield state, f"chain: {quoted(facts.display_name)} {words}"
        below = chain.missing
        if below is not None and chain.readable:
            issuer, subject = quoted(below.issuer_name), quoted(below.display_name)
            words = f"chain incomplete: the server does not send {issuer}, issuer of {subject}"
            # Where the way up is not needed for trust, the gap in it is as harmless as the user says distrust is.
            yield Warn if chain.verified else Trust(self.settings).severity or Critical, words
        if self.asked:
            for oddity in chain.oddities:
                yield Warn, f"chain: {printable(oddity)}"

    def performance(self, metric: Metric, resource: StarttlsCertificate) -> Performance | None:
        """Return days without a unit."""
        if metric.value is None:
            return None
        first = min(resource.chain.path[1:], key=lambda facts: facts.not_after)
        limits = Expiry(self.settings).limits(first)
        return Performance(metric.name, plain(shown_days(metric.value)), "", *map(str, limits))


class Trust(Question):
    """Does the chain lead to a trust anchor?"""

    key = "trust"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Return OpenSSL's verdict, unless it only repeats another question's."""
        trust, facts = resource.observation.trust, resource.facts
        assert trust is not None
        if trust.verified:
            return self.good(metric, "trusted")
        if facts.self_signed and self.settings.allow_self_signed:
            return self.good(metric)
        if trust.code in (NOT_YET_VALID, EXPIRED) and not facts.not_before <= resource.now <= facts.not_after:
            # OpenSSL checks dates after it has found the anchor and verified the signature:
            # the certificate's own dates are all that is wrong, and expiry says so.
            return self.good(metric)
        return self.bad(metric, f"not trusted: {trust_sentence(trust.code, trust.reason, resource)}")


class SelfSigned(Question):
    """Is the certificate signed by nobody but itself?"""

    key = "self-signed"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Judge; a self-signed certificate that is itself a trust anchor is what its administrator wanted."""
        trust = resource.observation.trust
        if not resource.facts.self_signed:
            return self.good(metric)
        if self.settings.allow_self_signed or (trust is not None and trust.verified):
            return self.good(metric, "self-signed")
        return self.bad(metric, "self-signed: name it with --ca-file, or allow it with --allow-self-signed")


class KeySize(Question):
    """Is the public key long enough?"""

    key = "key-size"
    metric = "public_key_size"

    def measure(self, resource: StarttlsCertificate) -> float | None:
        """Return the size in bits."""
        bits = resource.facts.key.bits
        return bits if bits > 0 else None

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Compare with the minimum of the key's own algorithm. EdDSA has no weak sizes."""
        key = resource.facts.key
        if key.bits < 0:
            return self.bad(metric, f"{key}: its size cannot be judged", Unknown)
        minimum = {
            "RSA": self.settings.min_rsa_bits,
            "DSA": self.settings.min_rsa_bits,
            "EC": self.settings.min_ec_bits,
        }.get(key.algorithm)
        if minimum is None or key.bits >= minimum.warning:
            return self.good(metric, str(key))
        state = Critical if key.bits < minimum.critical else Warn
        return self.bad(metric, f"{key} is too short, {minimum.warning} bits are the minimum", state)

    def performance(self, metric: Metric, resource: StarttlsCertificate) -> Performance | None:
        """Return the size in bits, without a unit."""
        return None if metric.value is None else Performance(metric.name, metric.value)


class Signature(Question):
    """Is every signature below the root made with a hash that still holds?"""

    key = "signature"

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Judge each certificate but the root, which is trusted for itself and not for its signature."""
        broken = [
            f"{quoted(facts.display_name)} is signed with {BROKEN_HASHES[facts.signature_hash]}"
            for facts in resource.chain.path
            if facts.signature_hash in BROKEN_HASHES and not facts.self_signed
        ]
        return self.bad(metric, f"signature: {', '.join(broken)}") if broken else self.good(metric)


class Pin(Question):
    """Is it the certificate, key or issuer that the user expects?"""

    key = "pin"

    @property
    def asked(self) -> bool:
        """Whether there is anything to compare with."""
        return bool(self.settings.issuers or self.settings.fingerprints or self.settings.spki_pins)

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Each kind of pin must hold; of several of a kind, one."""
        facts, settings = resource.facts, self.settings
        wrong = []
        if settings.fingerprints and bytes.fromhex(facts.sha256) not in settings.fingerprints:
            wrong.append(f"pin: fingerprint {facts.sha256} is not one of the expected")
        if settings.spki_pins and facts.spki_sha256 not in settings.spki_pins:
            wrong.append(f"pin: public key {base64_text(facts.spki_sha256)} is not one of the expected")
        if settings.issuers and not any(
            wanted.lower() in attribute.lower() for wanted in settings.issuers for attribute in facts.issuer_attributes
        ):
            wrong.append(f"pin: issuer {quoted(facts.issuer)} is not one of the expected")
        return self.bad(metric, "; ".join(wrong)) if wrong else self.good(metric)


class Lifetime(Question):
    """Is the whole validity period as short as it has to be?"""

    key = "lifetime"

    @property
    def asked(self) -> bool:
        """Whether there is a limit."""
        return self.settings.max_lifetime is not None

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Compare with the limit, or with the one for public certificates on the day of issue."""
        limit, facts = self.settings.max_lifetime, resource.facts
        if limit is None:
            return self.good(metric)
        rule = "allowed"
        if limit == PUBLIC:
            trust = resource.observation.trust
            if trust is None or not trust.verified or resource.store.private:
                return self.good(metric)  # private authorities are not bound by the CA/Browser Forum
            limit = next(days for first, days in PUBLIC_LIFETIMES if facts.not_before >= first)
            rule = f"allowed for public certificates issued on {facts.not_before.date()}"
        days = facts.lifetime.total_seconds() / SECONDS_PER_DAY
        if days <= limit:
            return self.good(metric)
        return self.bad(metric, f"lifetime: {plain(days)} days, {plain(limit)} are {rule}", Warn)


class TlsVersion(Question):
    """Is the negotiated TLS version new enough?"""

    key = "tls"

    @property
    def asked(self) -> bool:
        """Whether there is a minimum."""
        return self.settings.min_tls is not None

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Compare what was negotiated; the handshake itself takes any version."""
        session, minimum = resource.observation.session, self.settings.min_tls
        assert session is not None
        if minimum is None or version_number(session.version) >= version_number(minimum):
            return self.good(metric)
        return self.bad(metric, f"tls: {session.version} was negotiated, {minimum} is the minimum")


class Time(Question):
    """How long did the probe take? Shown, not judged."""

    key = "time"
    judges = False

    def evaluate(self, metric: Metric, resource: StarttlsCertificate) -> Result:
        """Return no words."""
        return self.good(metric)

    def performance(self, metric: Metric, resource: StarttlsCertificate) -> Performance:
        """Return seconds."""
        return Performance(metric.name, f"{resource.observation.elapsed:.3f}", "s", min=0)


# X509_V_ERR_*: openssl/x509_vfy.h
SIGNATURE_FAILURE = 7
NOT_YET_VALID, EXPIRED = 9, 10
SELF_SIGNED_LEAF = 18

TRUST_ADVICE = {
    SIGNATURE_FAILURE: "the server sends certificates that do not belong together",
    23: "replace it",
    24: "have the certificate issued by a real certification authority",
    79: "have the certificate issued by a real certification authority",
    25: "an issuer does not allow a chain this long; have the certificate issued by another",
    26: "it is not meant for TLS servers; have it issued with the extended key usage serverAuth",
    47: "an issuer is not allowed to certify a name that it has; have it issued without that name",
    48: "an issuer is not allowed to certify a name that it has; have it issued without that name",
    66: "have it issued for a longer key",
    67: "have the certificate issued by another authority",
    68: "have the certificate issued anew",
}
"""What to do about an OpenSSL verdict, where that does not depend on the chain at hand."""


def trust_sentence(code: int, reason: str, resource: StarttlsCertificate) -> str:
    """Return OpenSSL's verdict as a sentence that says what to do."""
    chain = resource.chain
    advice = TRUST_ADVICE.get(code, "")
    if code == SELF_SIGNED_LEAF and not resource.facts.self_signed:
        # OpenSSL goes by the names; the signature tells that another key made it.
        reason = "issued by another key under its own name"
    if resource.facts.self_signed:
        advice = ""  # the question self-signed says what to do
    elif code in (NOT_YET_VALID, EXPIRED):
        advice = out_of_date(chain, resource.now)
    elif code in ISSUER_UNKNOWN:
        top = chain.path[-1]
        root = quoted(top.display_name if top.self_signed else top.issuer_name)
        advice = f"unknown root {root}, name it with --ca-file if it is yours"
        if not chain.readable:
            advice = f"{root} is not sent, or the root above it is unknown; name that with --ca-file if it is yours"
        elif chain.missing is not None:
            # That the server should send it is the question chain's to say.
            advice = f"if {root} is your own root, name it with --ca-file"
    return f"{reason}: {advice}" if advice else reason


def out_of_date(chain: Chain, now: datetime) -> str:
    """Return which certificate of the path is not valid now, and since when or until when."""
    for depth, facts in enumerate(chain.path):
        if facts.not_after < now:
            return f"{quoted(facts.display_name)} at depth {depth}, {span(now - facts.not_after)} ago"
        if facts.not_before > now:
            return f"{quoted(facts.display_name)} at depth {depth}, for {span(facts.not_before - now)}"
    if not chain.readable:
        return "one above the server's own"
    return "one above those that the server sends; renew it in the trust store"


def days_left(facts: Facts, now: datetime) -> float:
    """Return the days until the certificate expires, negative when it has."""
    return (facts.not_after - now).total_seconds() / SECONDS_PER_DAY


def shown_days(days: float) -> float:
    """Return ``days`` as every output shows them: two decimals, and below zero once expired."""
    return min(round(days, 2), -0.01) if days < 0 else round(days, 2)


def span(duration: timedelta) -> str:
    """Return a positive duration in its largest unit: ``59 days``, ``5 hours``, ``1 minute``."""
    days = math.floor(round(duration.total_seconds() / SECONDS_PER_DAY, 2))
    if days >= 1:
        return counted(days, "day")
    minutes = max(1, round(duration.total_seconds() / 60))
    return counted(minutes // 60, "hour") if minutes >= 60 else counted(minutes, "minute")


def date(moment: datetime, distance: timedelta) -> str:
    """Return the day of ``moment`` in UTC, with its time when that is less than two days away."""
    return str(moment.date()) if abs(distance) >= timedelta(days=2) else f"{moment:%Y-%m-%d %H:%M} UTC"


def version_number(version: str) -> tuple[int, ...]:
    """Return ``TLSv1.2`` or ``1.2`` as numbers that compare; OpenSSL calls 1.0 ``TLSv1``, and SSL is older."""
    digits = version.replace("TLSv", "")
    return (0,) if "SSL" in version else tuple(map(int, digits.split("."))) + (0,) * (1 - digits.count("."))


def address_text(packed: bytes) -> str:
    """Return an iPAddress as text; one of a wrong length in hexadecimal."""
    import ipaddress

    return str(ipaddress.ip_address(packed)) if len(packed) in (4, 16) else packed.hex()


def base64_text(digest: bytes) -> str:
    """Return a digest as pins are usually written."""
    import base64

    return base64.b64encode(digest).decode("ascii")


def quoted(name: str) -> str:
    """Return a name out of a certificate, cleaned and in quotes."""
    return f'"{printable(name, 80)}"'


def enumerated(names: Iterable[str]) -> str:
    """Return the first names, quoted and cleaned, and how many more there are."""
    all_quoted = [quoted(name) for name in names]
    more = len(all_quoted) - MAX_NAMES
    return ", ".join(all_quoted[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
