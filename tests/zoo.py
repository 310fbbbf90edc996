"""A zoo of certificates: one documented function a case, and what a monitor has to say about each.

After C2SP/x509-limbo: a case says what is special about its certificates and which rule decides. The
expectations come from the program's documented contract, never from its output. Every date has an hour to
spare, so that neither midnight nor a slow machine decides a test.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ipaddress
from datetime import datetime, timedelta
from typing import Any, Callable, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

REFERENCE = "mta.example.test"
"""The name under which the tests look for the service, where a case has no other."""

SPARE = timedelta(hours=1)

CA_LIFETIME = timedelta(days=3000)

TRUSTED = "trusted"


class Case(NamedTuple):
    """Certificates, how to ask about them, and the answer that is right."""

    chain: bytes
    """PEM, in the order in which the server sends it."""
    key: bytes
    """PEM."""
    anchors: bytes
    """PEM of what the client trusts."""
    common_name: str
    """What PRTG's message calls the certificate, before it is cleaned."""
    days: int
    """Whole days left; a day that has begun to run out does not count."""
    reference: str = REFERENCE
    arguments: tuple[str, ...] = ()
    state: str = "OK"
    says: tuple[str, ...] = ()
    """Words of the status line."""
    never: tuple[str, ...] = ()
    """Words that would be a lie there."""
    name_check: int = 5
    key_size: tuple[int, str] = (2048, "publickey")
    """Value and lookup."""
    trusted: bool = True
    self_signed: bool = False
    channels: tuple[tuple[str, int], ...] = ()
    """PRTG's channels for questions that the arguments ask, and their values."""
    above: bool = False
    """The answer lies above the server's own certificate, where Python 3.9 cannot look."""


class Issuer(NamedTuple):
    """Who signs: a name, a key, and the certificate, if it has one, that says they belong together."""

    name: x509.Name
    key: Any
    certificate: x509.Certificate


Maker = Callable[[datetime], Case]

CASES: dict[str, Maker] = {}


def case(maker: Maker) -> Maker:
    """Put ``maker`` into ``CASES``, under its name."""
    CASES[maker.__name__] = maker
    return maker


JUDGED: dict[str, Maker] = {}
"""Cases for the judgement: a server written in Python serves them, because they are no question to real ones."""


def judged(maker: Maker) -> Maker:
    """Put ``maker`` into ``JUDGED``, under its name."""
    JUDGED[maker.__name__] = maker
    return maker


def name(common_name: str | None = REFERENCE, *more: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a distinguished name."""
    attributes = [x509.NameAttribute(oid, text) for oid, text in more]
    if common_name is not None:
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(attributes)


@functools.cache
def key(kind: str = "rsa2048", use: str = "leaf") -> Any:
    """Return the session's key of this kind for this use."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[3:]))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind])


def certificate(  # noqa: PLR0913 - a certificate has that many fields
    now: datetime,
    subject: x509.Name,
    subject_key: Any,
    issuer: x509.Name,
    issuer_key: Any,
    *,
    remaining: timedelta,
    lifetime: timedelta = timedelta(days=365),
    names: tuple[x509.GeneralName, ...] = (),
    is_ca: bool = False,
    path_length: int | None = None,
    key_identifiers: bool = True,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> x509.Certificate:
    """Return one certificate that ends ``remaining`` from ``now``, with an hour to spare."""
    # A past end is an hour further in the past: "40 days ago" stays true for the next 23 hours.
    end = now + remaining + (SPARE if remaining > timedelta(0) else -SPARE)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(subject_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - lifetime)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
    )
    if key_identifiers:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(subject_key.public_key()), critical=False
        ).add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    edwards = isinstance(issuer_key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(issuer_key, None if edwards else hashes.SHA256())


@functools.cache
def root(now: datetime, common_name: str = "Lab root") -> Issuer:
    """Return a root: the lab's own, which the tests trust, or another."""
    subject, own_key = name(common_name), key("p256", common_name)
    made = certificate(
        now, subject, own_key, subject, own_key, remaining=timedelta(days=2000), lifetime=CA_LIFETIME, is_ca=True
    )
    return Issuer(subject, own_key, made)


@functools.cache
def intermediate(now: datetime, under: str = "Lab root") -> Issuer:
    """Return an intermediate under the root of that name."""
    parent = root(now, under)
    subject, own_key = name(f"{under}'s intermediate"), key("p256", f"{under}'s intermediate")
    made = certificate(
        now, subject, own_key, parent.name, parent.key, remaining=timedelta(days=2000), lifetime=CA_LIFETIME, is_ca=True
    )
    return Issuer(subject, own_key, made)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return the certificates as one PEM file."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def private(own_key: Any) -> bytes:
    """Return the private key as a PEM file."""
    return own_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def dns(*texts: str) -> tuple[x509.GeneralName, ...]:
    """Return dNSName entries."""
    return tuple(x509.DNSName(text) for text in texts)


def leaf(  # noqa: PLR0913 - each argument is one way to be special
    now: datetime,
    *,
    kind: str = "rsa2048",
    subject: x509.Name | None = None,
    names: tuple[x509.GeneralName, ...] | None = None,
    remaining: timedelta = timedelta(days=200),
    lifetime: timedelta = timedelta(days=365),
    under: str = "Lab root",
    sends_intermediate: bool = True,
    sends_root: bool = False,
    **expected: Any,
) -> Case:
    """Return the case of a certificate below an intermediate; without arguments a good one."""
    issuer = intermediate(now, under)
    subject = name() if subject is None else subject
    names = dns(REFERENCE) if names is None else names
    made = certificate(
        now, subject, key(kind), issuer.name, issuer.key, remaining=remaining, lifetime=lifetime, names=names
    )
    chain = [made]
    if sends_intermediate:
        chain.append(issuer.certificate)
    if sends_root:
        chain.append(root(now, under).certificate)
    common_names = [str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    facts = {
        "chain": pem(*chain),
        "key": private(key(kind)),
        "anchors": pem(root(now).certificate),
        "common_name": ", ".join(common_names) or "none",
        "days": remaining.days if remaining > timedelta(0) else remaining.days - 1,
    }
    return Case(**{**facts, **expected})


# Keys


@case
def good_rsa_2048(now: datetime) -> Case:
    """Nothing is special: chain complete, name covered, 200 days left."""
    return leaf(now, says=("200 days", TRUSTED, "RSA 2048", REFERENCE), never=("not trusted", "self-signed"))


@case
def rsa_4096(now: datetime) -> Case:
    """A long RSA key."""
    return leaf(now, kind="rsa4096", key_size=(4096, "publickey"), says=("RSA 4096", TRUSTED))


@case
def rsa_1024(now: datetime) -> Case:
    """NIST SP 800-131A disallows RSA below 2048 bits: a warning.

    It is no reason to distrust the chain (the client reads at OpenSSL's security level 0 on purpose).
    """
    return leaf(
        now,
        kind="rsa1024",
        state="WARNING",
        key_size=(1024, "publickey"),
        says=("RSA 1024", "2048"),
        never=("not trusted", "expired"),
    )


@case
def ec_p256(now: datetime) -> Case:
    """256 bits of elliptic curve are as strong as RSA 3072 (NIST SP 800-57): judged by the lookup for curves."""
    return leaf(now, kind="p256", key_size=(256, "publickeyecc"), says=("EC 256", TRUSTED), never=("short",))


@case
def ec_p384(now: datetime) -> Case:
    """A longer curve."""
    return leaf(now, kind="p384", key_size=(384, "publickeyecc"), says=("EC 384", TRUSTED))


@case
def ed25519_key(now: datetime) -> Case:
    """RFC 8410: no separate signature hash, a key without a choice of size."""
    return leaf(now, kind="ed25519", key_size=(256, "publickeyecc"), says=("Ed25519", TRUSTED))


@case
def ed448_key(now: datetime) -> Case:
    """RFC 8410, the other curve: 456 bits."""
    return leaf(now, kind="ed448", key_size=(456, "publickeyecc"), says=("Ed448", TRUSTED))


# Validity


@case
def expired_40_days(now: datetime) -> Case:
    """RFC 5280 section 4.1.2.5; long expired, which check_smtp 3.0 takes for four billion days left."""
    return leaf(
        now,
        remaining=timedelta(days=-40),
        state="CRITICAL",
        says=("expired 40 days ago", f"{now - timedelta(days=40) - SPARE:%Y-%m-%d}"),
        never=("name:", "too short", "expires"),
        trusted=False,
    )


@case
def expired_1_hour(now: datetime) -> Case:
    """Just expired: rounds to 0 days, but 0 days left would be a lie."""
    return leaf(
        now,
        remaining=timedelta(seconds=-1),
        state="CRITICAL",
        says=("expired 1 hour ago",),
        never=("expires",),
        days=-1,
        trusted=False,
    )


@case
def not_yet_valid(now: datetime) -> Case:
    """RFC 5280 section 4.1.2.5: clients refuse it until notBefore has come."""
    begins = now + timedelta(days=5) + SPARE
    return leaf(
        now,
        remaining=timedelta(days=370),
        state="CRITICAL",
        says=("not valid before", f"{begins:%Y-%m-%d}"),
        never=("expired",),
        trusted=False,
    )


@case
def expires_in_10_days(now: datetime) -> Case:
    """Below 28 days, above 7."""
    return leaf(now, remaining=timedelta(days=10), state="WARNING", says=("10 days",), never=("not trusted",))


@case
def expires_in_30_days(now: datetime) -> Case:
    """Above 28 days."""
    return leaf(now, remaining=timedelta(days=30), says=("30 days", TRUSTED))


@case
def expires_in_5_days(now: datetime) -> Case:
    """Below 7 days."""
    return leaf(now, remaining=timedelta(days=5), state="CRITICAL", says=("5 days",), never=("not trusted",))


@case
def short_lived(now: datetime) -> Case:
    """160 hours of life, as the CA/Browser Forum's short-lived certificates have: 4 days left are plenty.

    30 % of the lifetime are 2 days, and smaller than 28.
    """
    return leaf(now, remaining=timedelta(days=4), lifetime=timedelta(hours=160), says=("4 days", TRUSTED))


@case
def short_lived_and_due(now: datetime) -> Case:
    """The same with one day left: below 30 % of the lifetime (2 days), above 10 % (16 hours)."""
    return leaf(now, remaining=timedelta(days=1), lifetime=timedelta(hours=160), state="WARNING", says=("1 day",))


# Names


@case
def wildcard(now: datetime) -> Case:
    """RFC 9525 section 6.3: a wildcard stands for the whole left-most label."""
    return leaf(now, subject=name("*.example.test"), names=dns("*.example.test"), never=("not covered",))


@case
def wildcard_of_another_level(now: datetime) -> Case:
    """RFC 9525 section 6.3: a wildcard stands for one label only."""
    return leaf(
        now,
        subject=name("*.example.test"),
        names=dns("*.example.test"),
        reference="mta.dc1.example.test",
        state="CRITICAL",
        name_check=6,
        says=("mta.dc1.example.test", '"*.example.test"'),
        never=("not trusted",),
    )


@case
def common_name_only(now: datetime) -> Case:
    """No subjectAltName at all. RFC 9525 has no use for it, but ``cn_san`` asks for the common name too."""
    return leaf(now, names=(), says=(REFERENCE, TRUSTED))


@case
def no_common_name(now: datetime) -> Case:
    """An empty subject is allowed beside a subjectAltName (RFC 5280 section 4.1.2.6)."""
    return leaf(now, subject=name(None), says=(REFERENCE, TRUSTED))


@case
def mixed_case_name(now: datetime) -> Case:
    """DNS names are compared without regard to case (RFC 4343; RFC 9525 section 6.3)."""
    return leaf(now, subject=name("Lab server"), names=dns("Mta.EXAMPLE.Test"), never=("not covered",))


@case
def another_name(now: datetime) -> Case:
    """A valid certificate for somebody else: the name is wrong, the chain is not."""
    return leaf(
        now,
        subject=name("other.example.test"),
        names=dns("other.example.test"),
        state="CRITICAL",
        name_check=6,
        says=(REFERENCE, '"other.example.test"'),
        never=("not trusted", "expired"),
    )


@case
def common_name_that_only_ends_alike(now: datetime) -> Case:
    """``evilmta.example.test`` ends in the reference and is not it."""
    return leaf(
        now,
        subject=name(f"evil{REFERENCE}"),
        names=dns(f"evil{REFERENCE}"),
        state="CRITICAL",
        name_check=6,
        says=(f'"evil{REFERENCE}"',),
    )


@case
def ip_address_name(now: datetime) -> Case:
    """RFC 9525 section 6.4: an address is looked for among the iPAddress entries, octet by octet."""
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return leaf(now, subject=name("Lab server"), names=(address,), reference="127.0.0.1", never=("not covered",))


@case
def ip_address_of_another_host(now: datetime) -> Case:
    """The same with another address: no match."""
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    return leaf(
        now,
        subject=name("Lab server"),
        names=(address,),
        reference="127.0.0.1",
        state="CRITICAL",
        name_check=6,
        says=("127.0.0.1", "192.0.2.1"),
        never=("not trusted",),
    )


@case
def international_name(now: datetime) -> Case:
    """RFC 5890: the certificate carries the A-label, the administrator writes the U-label."""
    a_label = "xn--bcher-kva.example.test"
    return leaf(now, subject=name(a_label), names=dns(a_label), reference="Bücher.example.test", never=("not covered",))


@case
def odd_subject(now: datetime) -> Case:
    """A subject is text by whoever asked for the certificate: it must not break lines, columns or terminals."""
    odd = 'Ünïcode, "quoted"|pipe=1;2;3\nsecond line\x1b[31m red'
    return leaf(
        now,
        subject=name(odd, (NameOID.ORGANIZATION_NAME, "O'Brien, Söhne + Co. | \r\n\u202eevil")),
        says=("quoted", "200 days"),
    )


# Trust


@case
def missing_intermediate(now: datetime) -> Case:
    """RFC 8446 section 4.4.2: the server sends the certificates between its own and the root. This one does not."""
    return leaf(
        now,
        sends_intermediate=False,
        state="CRITICAL",
        trusted=False,
        says=("not trusted",),
        never=("self-signed", "expired", "not covered"),
    )


@case
def unknown_root(now: datetime) -> Case:
    """A complete chain that ends at a root which the client does not know."""
    return leaf(
        now,
        under="Another root",
        state="CRITICAL",
        trusted=False,
        says=("not trusted",),
        never=("self-signed", "expired", "not covered"),
    )


@case
def unknown_root_sent(now: datetime) -> Case:
    """The same, and the server sends the root too: the root is self-signed, the server's certificate is not."""
    return leaf(
        now,
        under="Another root",
        sends_root=True,
        state="CRITICAL",
        trusted=False,
        says=("not trusted",),
        never=("; self-signed", "expired"),
    )


@case
def known_root_sent(now: datetime) -> Case:
    """RFC 8446 section 4.4.2: the root may be omitted, so it may be sent."""
    return leaf(now, sends_root=True, says=(TRUSTED,), never=("self-signed",))


@case
def no_anchors(now: datetime) -> Case:
    """The client trusts nobody: this system has no store of trust anchors."""
    return leaf(now, anchors=b"", state="CRITICAL", trusted=False, says=("not trusted",), never=("UNKNOWN", "expired"))


def alone(now: datetime, **expected: Any) -> Case:
    """Return the case of a certificate signed with its own key."""
    made = certificate(now, name(), key(), name(), key(), remaining=timedelta(days=200), names=dns(REFERENCE))
    return Case(
        chain=pem(made),
        key=private(key()),
        anchors=pem(made) if expected.get("trusted", True) else pem(root(now).certificate),
        common_name=REFERENCE,
        days=200,
        self_signed=True,
        **expected,
    )


@case
def self_signed(now: datetime) -> Case:
    """RFC 5280 section 3.2: its own key verifies its signature, so nobody vouches for it."""
    return alone(
        now,
        state="CRITICAL",
        trusted=False,
        says=("self-signed", "not trusted"),
        never=("not covered", "expired"),
    )


@case
def self_signed_and_allowed(now: datetime) -> Case:
    """The same where the administrator says that it is fine."""
    return alone(now, trusted=False, arguments=("--allow-self-signed",), says=("200 days",))


@case
def self_signed_anchor(now: datetime) -> Case:
    """The same where the administrator trusts this very certificate: RFC 5280 section 6.1 starts from anchors."""
    return alone(now, says=(TRUSTED,), never=("not trusted",))


def self_issued_only(now: datetime, *, key_identifiers: bool, **expected: Any) -> Case:
    """Return the case of a certificate whose issuer has the subject's name and another key."""
    ca_key = key("rsa2048", "namesake")
    ca = certificate(
        now, name(), ca_key, name(), ca_key, remaining=timedelta(days=2000), lifetime=CA_LIFETIME, is_ca=True
    )
    made = certificate(
        now,
        name(),
        key(),
        name(),
        ca_key,
        remaining=timedelta(days=200),
        names=dns(REFERENCE),
        key_identifiers=key_identifiers,
    )
    return Case(chain=pem(made), key=private(key()), anchors=pem(ca), common_name=REFERENCE, days=200, **expected)


@case
def self_issued(now: datetime) -> Case:
    """RFC 5280 section 3.2: self-issued (issuer and subject are the same name) is not self-signed.

    The key identifiers that section 4.2.1.1 asks for lead to the issuer, which is trusted.
    """
    return self_issued_only(now, key_identifiers=True, says=(TRUSTED,), never=("self-signed", "not trusted"))


@case
def self_issued_without_key_identifiers(now: datetime) -> Case:
    """The same without the identifiers, which section 4.2.1.1 excuses only where a certificate is self-signed.

    OpenSSL then takes the certificate for its own issuer and trusts nothing. Its signature still says otherwise.
    """
    return self_issued_only(
        now,
        key_identifiers=False,
        state="CRITICAL",
        trusted=False,
        says=("not trusted",),
        never=("self-signed",),
    )


# The chain. Its authorities are made for each case; below them is always the same good certificate.


@functools.cache
def authority(  # noqa: PLR0913 - each argument is one way to be special
    now: datetime,
    common_name: str,
    parent: Issuer | None = None,
    *,
    kind: str = "p256",
    remaining: timedelta = timedelta(days=2000),
    is_ca: bool = True,
    path_length: int | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
    signed_with: type[hashes.HashAlgorithm] | None = None,
) -> Issuer:
    """Return an authority under ``parent``, or a root; the same name has the same key."""
    subject, own_key = name(common_name), key(kind, common_name)
    above = parent or Issuer(subject, own_key, None)
    made = certificate(
        now,
        subject,
        own_key,
        above.name,
        above.key,
        remaining=remaining,
        lifetime=CA_LIFETIME,
        is_ca=is_ca,
        path_length=path_length,
        extensions=extensions,
    )
    return Issuer(subject, own_key, made if signed_with is None else resigned(made, above.key, signed_with))


SIGNED_WITH = {
    "md5": bytes.fromhex("2a864886f70d010104"),
    "sha1": bytes.fromhex("2a864886f70d010105"),
    "sha256": bytes.fromhex("2a864886f70d01010b"),
}
"""Contents of the object identifiers of RSA signatures: RFC 8017 appendix A.2.4. All have the same length."""


def resigned(made: x509.Certificate, issuer_key: Any, algorithm: type[hashes.HashAlgorithm]) -> x509.Certificate:
    """Return the certificate signed with a hash that ``cryptography`` refuses for new ones. RSA only."""
    before, after = SIGNED_WITH["sha256"], SIGNED_WITH[algorithm.name]
    signature = issuer_key.sign(made.tbs_certificate_bytes.replace(before, after), padding.PKCS1v15(), algorithm())
    der = made.public_bytes(serialization.Encoding.DER).replace(before, after)
    return x509.load_der_x509_certificate(der[: -len(signature)] + signature)


def under(  # noqa: PLR0913 - each argument is one way to be special
    now: datetime,
    issuer: Issuer,
    *above: Issuer,
    anchors: tuple[Issuer, ...] | None = None,
    lifetime: timedelta = timedelta(days=365),
    extensions: tuple[x509.ExtensionType, ...] = (),
    signed_with: type[hashes.HashAlgorithm] | None = None,
    **expected: Any,
) -> Case:
    """Return the case of a good certificate by ``issuer``; ``above`` is what the server sends with it, in order."""
    made = certificate(
        now,
        name(),
        key(),
        issuer.name,
        issuer.key,
        remaining=timedelta(days=200),
        lifetime=lifetime,
        names=dns(REFERENCE),
        extensions=extensions,
    )
    if signed_with is not None:
        made = resigned(made, issuer.key, signed_with)
    trusted = (root(now),) if anchors is None else anchors
    return Case(
        chain=pem(made, *(each.certificate for each in above)),
        key=private(key()),
        anchors=pem(*(each.certificate for each in trusted)),
        common_name=REFERENCE,
        days=200,
        **expected,
    )


def refused(now: datetime, issuer: Issuer, *above: Issuer, **expected: Any) -> Case:
    """Return the case of a chain that leads to the root and that OpenSSL does not accept."""
    return under(now, issuer, *above, **{"state": "CRITICAL", "trusted": False, "never": ("expires",), **expected})


RAISED: dict[str, Any] = {
    "arguments": ("--state", "chain=warning"),
    "state": "WARNING",
    "channels": (("Chain", 2),),
    "above": True,
}
"""Expectations of an oddity that the administrator wants to hear of."""


@judged
def intermediate_expires_first(now: datetime) -> Case:
    """RFC 5280 section 6.1.3: every certificate of the path must be valid. This one's intermediate is, for 5 days."""
    issuing = authority(now, "Lab issuing CA 2", root(now), remaining=timedelta(days=5))
    return under(
        now,
        issuing,
        issuing,
        state="CRITICAL",
        above=True,
        says=('chain: "Lab issuing CA 2"',),
        never=("not trusted", "incomplete", "; expires"),
    )


@judged
def intermediate_expires_first_though_later(now: datetime) -> Case:
    """The same with 100 days: beyond the thresholds, so nothing to say."""
    issuing = authority(now, "Lab issuing CA 3", root(now), remaining=timedelta(days=100))
    return under(now, issuing, issuing, says=(TRUSTED,), never=("chain",))


@judged
def expired_intermediate(now: datetime) -> Case:
    """The same where the intermediate has expired: clients refuse the chain at depth 1."""
    issuing = authority(now, "Lab issuing CA 4", root(now), remaining=timedelta(days=-5))
    return refused(
        now,
        issuing,
        issuing,
        above=True,
        says=('chain: "Lab issuing CA 4" expired 5 days ago', "not trusted", '"Lab issuing CA 4" at depth 1'),
        never=("expires", "incomplete", "unknown root"),
    )


@judged
def expired_cross_certificate(now: datetime) -> Case:
    """A root certified by an older root too, by a certificate that is sent and has expired: Let's Encrypt in 2021.

    RFC 5280 section 6.1 needs one valid path, and the root that the client knows ends one.
    """
    lab, old = root(now), root(now, "Another root")
    crossed = certificate(
        now, lab.name, lab.key, old.name, old.key, remaining=timedelta(days=-5), lifetime=CA_LIFETIME, is_ca=True
    )
    issuing = intermediate(now)
    return under(
        now, issuing, issuing, Issuer(lab.name, lab.key, crossed), says=(TRUSTED,), never=("chain", "expired", "sent")
    )


@judged
def missing_intermediate_known_otherwise(now: datetime) -> Case:
    """RFC 8446 section 4.4.2 asks the server for the intermediate, whatever this client happens to have.

    Here it has the intermediate in its file of anchors, others have not.
    """
    issuing = intermediate(now)
    return under(
        now,
        issuing,
        anchors=(root(now), issuing),
        state="WARNING",
        above=True,
        says=(f'chain incomplete: the server does not send "Lab root\'s intermediate", issuer of "{REFERENCE}"',),
        never=("not trusted",),
    )


@judged
def directly_under_a_known_root(now: datetime) -> Case:
    """A private authority without intermediates: the root may be omitted (RFC 8446 section 4.4.2)."""
    return under(now, root(now), says=(TRUSTED,), never=("chain",))


@judged
def directly_under_an_unknown_root(now: datetime) -> Case:
    """The same with a root that the client does not know: it may be an intermediate, for all that can be seen."""
    return under(
        now,
        root(now, "Another root"),
        state="CRITICAL",
        trusted=False,
        above=True,
        says=('does not send "Another root"', 'if "Another root" is your own root, add it to '),
        never=("unknown root", "self-signed", "name it with"),
    )


@judged
def directly_under_an_unknown_root_and_tolerated(now: datetime) -> Case:
    """The same where the administrator does not ask for trust: the gap below the anchor does not matter either."""
    return under(
        now,
        root(now, "Another root"),
        arguments=("--untrusted", "ok"),
        trusted=False,
        above=True,
        says=("not trusted", 'does not send "Another root"'),
    )


def in_wrong_order(now: datetime, **expected: Any) -> Case:
    """Return the case of two intermediates, the upper one sent before the lower one."""
    upper = authority(now, "Lab upper CA", root(now))
    lower = authority(now, "Lab lower CA", upper)
    return under(now, lower, upper, lower, **expected)


@judged
def wrong_order(now: datetime) -> Case:
    """RFC 8446 section 4.4.2: "Each following certificate SHOULD directly certify the one immediately preceding it".

    Clients cope, and many servers have it: nothing to alarm about.
    """
    return in_wrong_order(now, says=(TRUSTED,), never=("chain", "order"))


@judged
def wrong_order_raised(now: datetime) -> Case:
    """The same where the administrator wants to hear of it."""
    return in_wrong_order(now, **RAISED, says=("wrong order",), never=("more than once", "not needed", "the root"))


@judged
def duplicate(now: datetime) -> Case:
    """The intermediate twice: it costs every client a kilobyte."""
    issuing = intermediate(now)
    return under(now, issuing, issuing, issuing, says=(TRUSTED,), never=("chain",))


@judged
def duplicate_raised(now: datetime) -> Case:
    """The same where the administrator wants to hear of it."""
    issuing = intermediate(now)
    return under(now, issuing, issuing, issuing, **RAISED, says=('"Lab root\'s intermediate" is sent more than once',))


@judged
def known_root_sent_raised(now: datetime) -> Case:
    """RFC 8446 section 4.4.2: the root may be omitted, and no client believes it because it was sent."""
    issuing = intermediate(now)
    return under(
        now, issuing, issuing, root(now), **RAISED, says=('the root "Lab root" is sent',), never=("not needed", "order")
    )


@judged
def stray_raised(now: datetime) -> Case:
    """A certificate that leads nowhere is sent along."""
    issuing = intermediate(now)
    return under(
        now,
        issuing,
        issuing,
        intermediate(now, "Another root"),
        **RAISED,
        says=('"Another root\'s intermediate" is sent and not needed',),
        never=("the root",),
    )


@judged
def good_chain_raised(now: datetime) -> Case:
    """A chain without oddities, where the administrator would want to hear of one."""
    issuing = intermediate(now)
    return under(
        now,
        issuing,
        issuing,
        arguments=("--state", "chain=critical"),
        channels=(("Chain", 0),),
        says=(TRUSTED,),
        never=("chain",),
    )


# What OpenSSL refuses, and what to do about it


@judged
def name_constraints_violated(now: datetime) -> Case:
    """RFC 5280 section 4.2.1.10: the intermediate may certify names below ``corp.test`` only."""
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DNSName("corp.test")], excluded_subtrees=None)
    issuing = authority(now, "Lab constrained CA", root(now), extensions=(constraints,))
    return refused(now, issuing, issuing, says=("not trusted: permitted subtree violation", "not allowed to certify"))


@judged
def meant_for_clients_only(now: datetime) -> Case:
    """RFC 5280 section 4.2.1.12: with an extended key usage, the certificate is for the listed purposes only."""
    issuing = intermediate(now)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return refused(now, issuing, issuing, extensions=(usage,), says=("not trusted", "serverAuth"))


@judged
def issued_by_no_authority(now: datetime) -> Case:
    """RFC 5280 section 4.2.1.9: a certificate without ``cA`` certifies nobody."""
    issuing = authority(now, "Not a CA", root(now), is_ca=False)
    return refused(now, issuing, issuing, says=("not trusted: invalid CA certificate", "certification authority"))


@judged
def path_too_long(now: datetime) -> Case:
    """RFC 5280 section 4.2.1.9: an authority with ``pathLenConstraint`` 0 has no authorities below it."""
    upper = authority(now, "Lab last CA", root(now), path_length=0)
    lower = authority(now, "Lab one too many", upper)
    said = '"Lab last CA" allows 0 authorities below it and has 1'
    says = ("not trusted: path length constraint exceeded", said)
    return refused(now, lower, lower, upper, above=True, says=says)


# Signatures


@functools.cache
def rsa_root(now: datetime, signed_with: type[hashes.HashAlgorithm] | None = None) -> Issuer:
    """Return a root that signs with RSA, for hashes that are older than elliptic curves."""
    return authority(now, "Lab RSA root", kind="rsa2048", signed_with=signed_with)


def directly_signed(now: datetime, algorithm: type[hashes.HashAlgorithm], **expected: Any) -> Case:
    """Return the case of a certificate directly under a known root, signed with that hash."""
    lab = rsa_root(now)
    return under(now, lab, anchors=(lab,), signed_with=algorithm, **expected)


@judged
def md5_signature(now: datetime) -> Case:
    """RFC 6151 section 2: MD5 must not be used for digital signatures; a forged authority was shown in 2008."""
    return directly_signed(
        now,
        hashes.MD5,
        state="CRITICAL",
        says=(f'signature: "{REFERENCE}" is signed with MD5',),
        never=("not trusted",),
    )


@judged
def sha1_signature(now: datetime) -> Case:
    """RFC 9155: SHA-1 signatures are deprecated; shattered.io and "SHA-1 is a Shambles" show collisions."""
    return directly_signed(
        now,
        hashes.SHA1,
        state="CRITICAL",
        says=(f'signature: "{REFERENCE}" is signed with SHA-1',),
        never=("not trusted",),
    )


@judged
def sha1_signature_of_the_intermediate(now: datetime) -> Case:
    """The same one step higher: whoever forges an intermediate forges everything below it."""
    lab = rsa_root(now)
    issuing = authority(now, "Lab SHA-1 CA", lab, kind="rsa2048", signed_with=hashes.SHA1)
    return under(
        now,
        issuing,
        issuing,
        anchors=(lab,),
        state="CRITICAL",
        above=True,
        says=('signature: "Lab SHA-1 CA" is signed with SHA-1',),
        never=("not trusted", f'"{REFERENCE}" is signed'),
    )


@judged
def sha1_signature_of_the_root(now: datetime) -> Case:
    """RFC 5280 section 6.1.1 (d): a trust anchor is a name and a key; nobody verifies its signature."""
    lab = rsa_root(now, hashes.SHA1)
    issuing = authority(now, "Lab CA below SHA-1", lab, kind="rsa2048")
    return under(now, issuing, issuing, anchors=(lab,), says=(TRUSTED,), never=("signature",))


@judged
def sha1_signature_of_a_sent_root(now: datetime) -> Case:
    """The same where the server sends the root."""
    lab = rsa_root(now, hashes.SHA1)
    return under(now, lab, lab, anchors=(lab,), says=(TRUSTED,), never=("signature",))


@judged
def sha1_signature_tolerated(now: datetime) -> Case:
    """The user decides how bad it is."""
    return directly_signed(
        now,
        hashes.SHA1,
        arguments=("--state", "signature=warning"),
        channels=(("Signature", 2),),
        state="WARNING",
        says=("SHA-1",),
    )


# Strength as the user wants it


@judged
def rsa_2048_where_3072_are_wanted(now: datetime) -> Case:
    """BSI TR-02102-1: RSA keys of 3000 bits since 2024."""
    return leaf(now, arguments=("--min-rsa-bits", "3000"), state="WARNING", says=("RSA 2048", "3000 bits"))


@judged
def rsa_2048_where_3072_are_demanded(now: datetime) -> Case:
    """The same as an alarm."""
    return leaf(now, arguments=("--min-rsa-bits", "4096,3072"), state="CRITICAL", says=("RSA 2048", "4096 bits"))


@judged
def rsa_1024_tolerated(now: datetime) -> Case:
    """An old appliance that cannot do better: a lower minimum takes the critical one with it."""
    return leaf(
        now,
        kind="rsa1024",
        arguments=("--min-rsa-bits", "1000"),
        key_size=(1024, "publickey"),
        says=("RSA 1024",),
        never=("short",),
    )


@judged
def ec_p256_where_384_are_wanted(now: datetime) -> Case:
    """CNSA 2.0's predecessor asked for P-384."""
    return leaf(
        now,
        kind="p256",
        arguments=("--min-ec-bits", "384"),
        key_size=(256, "publickeyecc"),
        state="WARNING",
        says=("EC 256", "384 bits"),
    )


@judged
def rsa_minimum_and_an_elliptic_curve(now: datetime) -> Case:
    """Bits of one algorithm say nothing about another's (NIST SP 800-57 part 1, table 2)."""
    return leaf(
        now, kind="p256", arguments=("--min-rsa-bits", "4096"), key_size=(256, "publickeyecc"), says=("EC 256", TRUSTED)
    )


# Names as the user wants them


@judged
def several_names(now: datetime) -> Case:
    """Every ``-n`` must be covered, by whatever entry."""
    return leaf(
        now,
        names=dns(REFERENCE, "*.lab.test"),
        arguments=("-n", "smtp.lab.test", "-n", "imap.lab.test"),
        never=("not covered",),
    )


@judged
def several_names_one_missing(now: datetime) -> Case:
    """One of them is not, and it alone is named."""
    return leaf(
        now,
        names=dns(REFERENCE, "*.lab.test"),
        arguments=("-n", "smtp.lab.test", "-n", "lab.test"),
        state="CRITICAL",
        name_check=6,
        says=(f'name: lab.test not covered by "{REFERENCE}", "*.lab.test"',),
    )


@judged
def common_name_only_where_browsers_look(now: datetime) -> Case:
    """RFC 9525 section 2: the common name is no longer a place for the server's name."""
    return leaf(
        now,
        names=(),
        arguments=("--name-check", "san"),
        state="CRITICAL",
        name_check=6,
        says=(f"name: {REFERENCE} not covered, there is no subject alternative name",),
    )


@judged
def alternative_name_where_browsers_look(now: datetime) -> Case:
    """The same with a subjectAltName."""
    return leaf(now, subject=name("Lab server"), arguments=("--name-check", "san"), never=("not covered",))


@judged
def common_name_beside_alternative_names(now: datetime) -> Case:
    """RFC 9525 section 6.3: clients look at the alternative names where there are any, and so does the default."""
    return leaf(
        now,
        names=dns("other.example.test"),
        state="CRITICAL",
        name_check=6,
        says=(f'name: {REFERENCE} not covered by "other.example.test" (its common name is; ',),
    )


@judged
def common_name_beside_alternative_names_where_the_original_sensor_looks(now: datetime) -> Case:
    """``cn_san`` asks both, as PRTG's sensor did, and says that clients do not."""
    return leaf(
        now,
        names=dns("other.example.test"),
        arguments=("--name-check", "cn_san"),
        says=(TRUSTED, f"{REFERENCE} is the common name only, which clients ignore"),
        never=("not covered",),
    )


@judged
def common_name_alone(now: datetime) -> Case:
    """OpenSSL, curl and their like take the common name of a certificate that has no other identity."""
    return leaf(now, names=(), says=(TRUSTED,), never=("not covered",))


@judged
def common_name_beside_alternative_names_where_browsers_look(now: datetime) -> Case:
    """The same where the administrator does want to know."""
    return leaf(
        now,
        names=dns("other.example.test"),
        arguments=("--name-check", "san"),
        state="CRITICAL",
        name_check=6,
        says=(f'name: {REFERENCE} not covered by "other.example.test"',),
    )


@judged
def ip_address_as_a_dns_name(now: datetime) -> Case:
    """RFC 9525 section 6.4: an address is compared with iPAddress entries, and this is none."""
    return leaf(
        now,
        subject=name("Lab server"),
        names=dns("127.0.0.1"),
        reference="127.0.0.1",
        state="CRITICAL",
        name_check=6,
        says=('name: 127.0.0.1 not covered by "127.0.0.1" (', "an address takes an iPAddress entry"),
    )


@judged
def ip_address_in_the_common_name(now: datetime) -> Case:
    """RFC 9525 section 6.4: a common name is no address to any client."""
    return leaf(
        now,
        subject=name("127.0.0.1"),
        names=(),
        reference="127.0.0.1",
        state="CRITICAL",
        name_check=6,
        says=("name: 127.0.0.1 not covered", "an address takes an iPAddress entry"),
    )


@judged
def ip_address_in_the_common_name_where_the_original_sensor_looks(now: datetime) -> Case:
    """A common name is free text, in which an address may be written: to ``cn_san``, not to clients."""
    return leaf(
        now,
        subject=name("127.0.0.1"),
        names=(),
        reference="127.0.0.1",
        arguments=("--name-check", "cn_san"),
        never=("not covered",),
    )


@judged
def many_names(now: datetime) -> Case:
    """A hosting provider's certificate: a hundred names, none of which is the right one."""
    return leaf(
        now,
        names=dns(*(f"customer{number}.test" for number in range(100))),
        subject=name("customer0.test"),
        state="CRITICAL",
        name_check=6,
        says=('"customer4.test" and 95 more',),
        never=("customer5.test",),
    )


# Pins. RFC 7469 section 2.4: the digest of the SubjectPublicKeyInfo outlives the certificate.


def pin(case_: Case) -> bytes:
    """Return the digest of the public key."""
    public = x509.load_pem_x509_certificate(case_.chain).public_key()
    return hashlib.sha256(
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).digest()


def fingerprint(case_: Case) -> bytes:
    """Return the digest of the certificate."""
    return x509.load_pem_x509_certificate(case_.chain).fingerprint(hashes.SHA256())


def colons(digest: bytes) -> str:
    """Return a digest as OpenSSL prints it."""
    return ":".join(f"{octet:02X}" for octet in digest)


OTHER = hashlib.sha256(b"another certificate").digest()


def pinned(now: datetime, arguments: Callable[[Case], tuple[str, ...]], **expected: Any) -> Case:
    """Return a good case with arguments that depend on its certificate."""
    good = leaf(now, **{"channels": (("Pin", 0),), "says": (TRUSTED,), "never": ("pin",), **expected})
    return good._replace(arguments=arguments(good))


WRONG_PIN: dict[str, Any] = {"state": "CRITICAL", "channels": (("Pin", 3),), "never": ("not trusted",)}


@judged
def fingerprint_with_colons(now: datetime) -> Case:
    """As ``openssl x509 -fingerprint -sha256`` prints it."""
    return pinned(now, lambda made: ("--fingerprint", colons(fingerprint(made))))


@judged
def fingerprint_of_the_next_certificate_too(now: datetime) -> Case:
    """Before a rollover two certificates are right; lower case, without colons, in one list."""
    return pinned(now, lambda made: ("--fingerprint", f"{OTHER.hex()},{fingerprint(made).hex()}"))


@judged
def fingerprint_in_base64(now: datetime) -> Case:
    """Another way to write 32 octets, and each alternative with an option of its own."""
    return pinned(
        now,
        lambda made: (
            "--fingerprint",
            OTHER.hex(),
            "--fingerprint",
            base64.b64encode(fingerprint(made)).decode("ascii"),
        ),
    )


@judged
def fingerprint_of_another_certificate(now: datetime) -> Case:
    """The chain is trusted, and the certificate is another."""
    return pinned(
        now, lambda _: ("--fingerprint", colons(OTHER)), **{**WRONG_PIN, "says": ("pin: fingerprint", "not one of")}
    )


@judged
def spki_pin(now: datetime) -> Case:
    """As RFC 7469 appendix A computes it."""
    return pinned(now, lambda made: ("--spki-pin", base64.b64encode(pin(made)).decode("ascii")))


@judged
def spki_pin_in_hexadecimal_of_two(now: datetime) -> Case:
    """The backup key's pin stands first."""
    return pinned(now, lambda made: ("--spki-pin", f"{OTHER.hex()},{colons(pin(made))}"))


@judged
def spki_pin_as_curl_writes_it(now: datetime) -> Case:
    """``curl --pinnedpubkey`` has a prefix."""
    return pinned(now, lambda made: ("--spki-pin", "sha256//" + base64.b64encode(pin(made)).decode("ascii")))


@judged
def spki_pin_of_another_key(now: datetime) -> Case:
    """The certificate's fingerprint is no pin of its key."""
    return pinned(
        now,
        lambda made: ("--spki-pin", fingerprint(made).hex()),
        **{**WRONG_PIN, "says": ("pin: public key", "not one of")},
    )


@judged
def issuer_expected(now: datetime) -> Case:
    """A part of an attribute of the issuer's name, in any case; one of several is enough."""
    return pinned(now, lambda _: ("--issuer", "DigiCert", "--issuer", "lab ROOT"))


@judged
def issuer_unexpected(now: datetime) -> Case:
    """A valid certificate from an authority that nobody here uses may be a sign of mis-issuance (RFC 8659)."""
    return pinned(
        now,
        lambda _: ("--issuer", "DigiCert"),
        **{**WRONG_PIN, "says": ("pin: issuer", "Lab root's intermediate", "not one of")},
    )


@judged
def one_right_pin_and_one_wrong(now: datetime) -> Case:
    """Each kind of pin is a demand of its own."""
    return pinned(
        now,
        lambda made: ("--spki-pin", pin(made).hex(), "--fingerprint", OTHER.hex()),
        **{**WRONG_PIN, "says": ("pin: fingerprint",), "never": ("public key",)},
    )


# Lifetime


@judged
def in_the_day_of_its_threshold(now: datetime) -> Case:
    """26.9 of 89.25 days left: in the 27th day from the end, of which 30 % of the lifetime are 26.8."""
    left = timedelta(days=26.86)
    return leaf(now, remaining=left, lifetime=timedelta(days=89.25), days=27, says=("26 days", TRUSTED))


@judged
def lifetime_allowed(now: datetime) -> Case:
    """365 days where 365 are allowed."""
    return leaf(now, arguments=("--max-lifetime", "365"), channels=(("Lifetime", 0),), says=(TRUSTED,))


@judged
def lifetime_too_long(now: datetime) -> Case:
    """365 days where 364 are allowed."""
    return leaf(
        now,
        arguments=("--max-lifetime", "364"),
        channels=(("Lifetime", 2),),
        state="WARNING",
        says=("lifetime: 365 days, 364 are allowed",),
    )


@judged
def lifetime_of_a_private_authority(now: datetime) -> Case:
    """The CA/Browser Forum's limits bind public authorities, not one that is named with ``--ca-file``."""
    return leaf(
        now,
        lifetime=timedelta(days=1000),
        arguments=("--max-lifetime", "public"),
        channels=(("Lifetime", 0),),
        says=(TRUSTED,),
        never=("lifetime",),
    )


# Severity is the user's


@judged
def every_answer_bad_and_every_state_set(now: datetime) -> Case:
    """The user says how bad each answer is; the worst counts and each is still told."""
    return leaf(
        now,
        names=dns("other.example.test"),
        subject=name("other.example.test"),
        under="Another root",
        kind="rsa1024",
        key_size=(1024, "publickey"),
        arguments=(
            *("--state", "name=warning,trust=ok", "--state", "key-size=critical"),
            *("--max-lifetime", "90", "--state", "lifetime=ok"),
            *("--issuer", "DigiCert", "--state", "pin=warning"),
        ),
        channels=(("Pin", 2), ("Lifetime", 0)),
        state="CRITICAL",
        trusted=False,
        name_check=6,
        says=("RSA 1024 is too short, 2048 bits are the minimum / name: ", " / pin: issuer"),
        never=("not trusted", "lifetime"),
    )
