"""What OpenSSL reads is judged, and what it refuses is told with its cause: odd certificates over real handshakes.

One documented function a case. The oracle is ``openssl verify`` with what Debian's clients ask for: purpose, security
level 2, the name, and an anchor that need not be a root. Where our verdict is another one, ``differs`` says why.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import ssl
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, NamedTuple

import jsonschema
import pytest
from certificates import (
    AUTHORITY_INFO,
    AUTHORITY_KEY_ID,
    BASIC_CONSTRAINTS,
    BMP,
    CRL_POINTS,
    ECDSA_SHA256,
    EXTENDED_KEY_USAGE,
    IA5,
    KEY_USAGE,
    MTA,
    MTA_SAN,
    NUMERIC,
    ORGANIZATION,
    PRINTABLE,
    SAN,
    SIGNER,
    SUBJECT_KEY_ID,
    T61,
    UNIVERSAL,
    UTF8,
    assemble,
    attribute,
    distinguished,
    extension,
    key_info,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from observations import SCHEMA

from check_starttls_cert import cli, tls
from check_starttls_cert.ber import encode

OPENSSL = shutil.which("openssl")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")]

REFERENCE = "mta.example.com"

TRUE, FALSE = b"\x01\x01\xff", b"\x01\x01\x00"
NULL = b"\x05\x00"
ECDSA_NULL = encode(0x30, ECDSA_SHA256[2:], NULL)
IS_CA = extension(BASIC_CONSTRAINTS, encode(0x30, TRUE), critical=TRUE)
NO_CA = extension(BASIC_CONSTRAINTS, encode(0x30), critical=TRUE)
SERVER_AUTH, CLIENT_AUTH = bytes.fromhex("06082b06010505070301"), bytes.fromhex("06082b06010505070302")
FOR_SERVERS = extension(EXTENDED_KEY_USAGE, encode(0x30, SERVER_AUTH))
FOR_CLIENTS = extension(EXTENDED_KEY_USAGE, encode(0x30, CLIENT_AUTH))
NETSCAPE_TYPE, NAME_CONSTRAINTS, POLICIES = "6086480186f8420101", "551d1e", "551d20"
UNKNOWN_EXTENSION = "2a030405"

ROOT_KEY, ISSUING_KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))


class Case(NamedTuple):
    """What a server sends, what the client knows, and what is true of it."""

    sent: tuple[bytes, ...]
    """DER, the server's own first."""
    anchors: tuple[bytes, ...]
    says: tuple[str, ...] = ("trusted",)
    """Words of the status line."""
    never: tuple[str, ...] = ()
    """Words that would be a lie there; for all cases there are ``LIES``."""
    arguments: tuple[str, ...] = ()
    state: str = "OK"
    self_signed: bool = False
    differs: str = ""
    """Why OpenSSL's verdict is another one."""
    above: bool = False
    """The answer lies above the server's own certificate, where Python 3.9 cannot look."""


LIES = ('""', "ParseError", "internal error", "()", "None")

CASES: dict[str, Callable[[], Case]] = {}


def case(maker: Callable[[], Case]) -> Callable[[], Case]:
    """Put ``maker`` into ``CASES``, under its name."""
    CASES[maker.__name__] = maker
    return maker


def common(text: str) -> bytes:
    """Return a name of one common name."""
    return distinguished(attribute(text.encode()))


def fields(*extensions: bytes) -> bytes:
    """Return the field of the extensions."""
    return encode(0xA3, encode(0x30, *extensions))


def ca(common_name: str, own_key: Any, **parts: Any) -> bytes:
    """Return an authority, its own issuer unless a part says otherwise."""
    name = common(common_name)
    return assemble(**{"subject": name, "issuer": name, "key": key_info(own_key), "extensions": fields(IS_CA), **parts})


def root(**parts: Any) -> bytes:
    """Return the root that the client knows."""
    return ca("Odd Root", ROOT_KEY, **{"signer": ROOT_KEY, **parts})


def issuing(**parts: Any) -> bytes:
    """Return the authority between the two."""
    return ca("Issuing CA", ISSUING_KEY, **{"issuer": common("Odd Root"), "signer": ROOT_KEY, **parts})


def leaf(**parts: Any) -> bytes:
    """Return a server's certificate under the root."""
    return assemble(**{"issuer": common("Odd Root"), "signer": ROOT_KEY, **parts})


def below(**parts: Any) -> bytes:
    """Return a server's certificate under the issuing authority."""
    return leaf(**{"issuer": common("Issuing CA"), "signer": ISSUING_KEY, **parts})


def self_signed(**parts: Any) -> bytes:
    """Return a certificate that vouches for itself."""
    return assemble(**parts)


def own(*, says: tuple[str, ...] = ("trusted",), never: tuple[str, ...] = (), **parts: Any) -> Case:
    """Return the case of one odd certificate under the root, which clients take."""
    return Case((leaf(**parts),), (root(),), says, ("not trusted", *never))


def with_extensions(*extensions: bytes, **expected: Any) -> Case:
    """Return the case of a server's certificate with these extensions, beside its name."""
    return Case((leaf(extensions=fields(*extensions, MTA_SAN)),), (root(),), **expected)


def explicit(key: Any) -> bytes:
    """Return the SubjectPublicKeyInfo of a key on P-256 with the curve's parameters instead of its name."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    command = [str(OPENSSL), "ec", "-pubout", "-outform", "DER", "-param_enc", "explicit"]
    return subprocess.run(command, input=private, capture_output=True, check=True).stdout


def refused(*sent: bytes, says: tuple[str, ...], **expected: Any) -> Case:
    """Return the case of a chain that clients refuse."""
    return Case(sent, **{"anchors": (root(),), "state": "CRITICAL", "says": ("not trusted", *says), **expected})


# What OpenSSL's clients take, though it is not DER or not RFC 5280: reported and judged like any other


@case
def false_written_out() -> Case:
    """X.690 section 11.5 leaves a default out; several tools write ``critical FALSE``."""
    return with_extensions(extension(EXTENDED_KEY_USAGE, encode(0x30, SERVER_AUTH), critical=FALSE))


@case
def no_authority_written_out() -> Case:
    """The same inside basicConstraints: ``cA FALSE``."""
    return with_extensions(extension(BASIC_CONSTRAINTS, encode(0x30, FALSE), critical=FALSE))


@case
def true_as_42() -> Case:
    """X.690 section 8.2.2: in BER any octet but 0 is TRUE."""
    return with_extensions(extension(BASIC_CONSTRAINTS, encode(0x30), critical=b"\x01\x01\x42"))


@case
def an_authority_with_true_as_01() -> Case:
    """The same where it says that the issuer may issue."""
    odd = issuing(extensions=fields(extension(BASIC_CONSTRAINTS, encode(0x30, b"\x01\x01\x01"))))
    return Case((below(), odd), (root(),), never=("not trusted",))


@case
def ecdsa_with_null() -> Case:
    """RFC 5758 section 3.2 has no parameters; older Java writes NULL."""
    return own(algorithm=ECDSA_NULL)


@case
def the_whole_chain_with_null() -> Case:
    """The same in every certificate, the root's included."""
    chain = below(algorithm=ECDSA_NULL), issuing(algorithm=ECDSA_NULL)
    return Case(chain, (root(algorithm=ECDSA_NULL),), never=("not trusted",))


@case
def version_written_out() -> Case:
    """Version 1 is the default, and has no extensions; this one has both."""
    return own(version=b"\xa0\x03\x02\x01\x00")


@case
def version_left_out() -> Case:
    """The same, left out."""
    return own(version=b"")


@case
def version_8() -> Case:
    """There is none."""
    return own(version=b"\xa0\x03\x02\x01\x07")


@case
def version_of_three_octets() -> Case:
    """A number that nobody counts to."""
    return own(version=b"\xa0\x05\x02\x03\x7f\xff\xff")


@case
def unsorted_part_of_a_name() -> Case:
    """X.690 section 11.6 sorts the attributes of a part; not all do."""
    part = encode(0x31, attribute(b"Lab", kind=ORGANIZATION), attribute(b"mta.example.com"))
    return own(subject=encode(0x30, part))


@case
def unsorted_part_of_the_issuer() -> Case:
    """The same in the issuer's name, written in another order than the issuer writes it."""
    first, second = attribute(b"Lab", kind=ORGANIZATION), attribute(b"Odd Root")
    here, there = (encode(0x30, encode(0x31, *pair)) for pair in ((first, second), (second, first)))
    return Case((leaf(issuer=here),), (root(subject=there, issuer=there),), never=("not trusted",))


@case
def since_the_year_0() -> Case:
    """There was none, and OpenSSL compares it all the same."""
    return own(not_before=encode(0x18, b"00000101000000Z"))


@case
def until_9999() -> Case:
    """RFC 5280 section 4.1.2.5: no well-defined expiration date."""
    return own(not_after=encode(0x18, b"99991231235959Z"), says=("trusted", "9999-12-31"))


@case
def lengths_in_more_octets() -> Case:
    """X.690 section 10.1 has the shortest form."""
    return own(subject=b"\x30\x83\x00\x00" + MTA[1:])


@case
def name_without_a_definite_length() -> Case:
    """X.690 section 8.1.3.6: the end is marked instead."""
    return own(subject=b"\x30\x80" + MTA[2:] + b"\0\0")


@case
def negative_serial() -> Case:
    """RFC 5280 section 4.1.2.2 forbids it; old authorities have it."""
    return own(serial=b"\x02\x02\x80\x01")


@case
def serial_of_40_octets() -> Case:
    """Twice as long as allowed."""
    return own(serial=encode(2, b"\x11" * 40))


@case
def broken_policies() -> Case:
    """Nobody asks for policies unless told to."""
    return with_extensions(extension(POLICIES, b"\x30\x05\x01"), never=("not trusted",))


@case
def broken_addresses_of_revocation() -> Case:
    """Who does not ask for revocation does not read where to."""
    return with_extensions(extension(AUTHORITY_INFO, b"\x04\x01"), never=("not trusted",))


@case
def unknown_extension_twice() -> Case:
    """OpenSSL looks for doubles only of what it knows."""
    odd = extension(UNKNOWN_EXTENSION, b"\x01"), extension(UNKNOWN_EXTENSION, b"\x02")
    return with_extensions(*odd, never=("not trusted",))


@case
def server_gated_cryptography() -> Case:
    """Netscape's and Microsoft's old purposes for servers that were allowed strong ciphers: OpenSSL takes them."""
    return with_extensions(
        extension(EXTENDED_KEY_USAGE, encode(0x30, bytes.fromhex("06096086480186f8420401"))), never=("not trusted",)
    )


@case
def unique_identifiers() -> Case:
    """RFC 5280 section 4.1.2.8: should not be there."""
    return own(unique_ids=encode(0x81, b"\0\x01") + encode(0x82, b"\0\x02"))


def named(value: bytes, tag: int, kind: bytes = ORGANIZATION) -> Case:
    """Return the case of one odd attribute beside a common name."""
    odd = distinguished(attribute(value, tag, kind), attribute(b"mta.example.com"))
    return own(subject=odd, says=("trusted", "mta.example.com expires"))


@case
def latin_1_in_t61() -> Case:
    """T61String has a code of its own, and Latin-1 is in it."""
    return named(b"Universit\xe4t", T61)


@case
def latin_1_in_printable() -> Case:
    """X.680 has neither umlaut nor asterisk there."""
    return named(b"Universit\xe4t *", PRINTABLE)


@case
def latin_1_in_ia5() -> Case:
    """IA5String is ASCII."""
    return named(b"Universit\xe4t", IA5)


@case
def letters_in_numeric() -> Case:
    """NumericString has digits and spaces."""
    return named(b"Lab", NUMERIC)


@case
def sequence_as_value() -> Case:
    """An attribute may be of any type, and OpenSSL keeps what is no string as it is."""
    return named(encode(UTF8, b"Lab"), 0x30)


@case
def bits_as_value() -> Case:
    """RFC 4519 section 2.40: uniqueIdentifier is a BIT STRING."""
    return named(b"\0\x01", 0x03, bytes.fromhex("060355042d"))


@case
def issuer_with_a_sequence() -> Case:
    """The issuer's name is compared all the same: RFC 5280 section 7.1."""
    odd = distinguished(attribute(encode(UTF8, b"Lab"), 0x30, ORGANIZATION), attribute(b"Odd Root"))
    return Case((leaf(issuer=odd),), (root(subject=odd, issuer=odd),), never=("not trusted",))


def alike(value: bytes, tag: int = UTF8) -> Case:
    """Return the case of a certificate that writes its issuer's name in another way, and of an unknown root."""
    return refused(
        below(issuer=distinguished(attribute(value, tag))),
        issuing(),
        anchors=(ca("Another Root", OTHER_KEY, signer=OTHER_KEY),),
        says=('"Odd Root"',),
        never=("does not send", "incomplete"),
        above=True,
    )


@case
def issuer_in_capitals() -> Case:
    """RFC 5280 section 7.1: the same name, so nothing is missing."""
    return alike(b"ISSUING ca")


@case
def issuer_with_spaces() -> Case:
    """The same for spaces."""
    return alike(b"  Issuing    CA ")


@case
def issuer_in_utf_16() -> Case:
    """The same in another alphabet of ASN.1."""
    return alike("Issuing CA".encode("utf-16-be"), BMP)


@case
def issuer_in_utf_32() -> Case:
    """And in the widest."""
    return alike("Issuing CA".encode("utf-32-be"), UNIVERSAL)


# The way up: what is odd above the server's own certificate is judged as well


def ending(**parts: Any) -> Case:
    """Return the case of an odd intermediate that ends in three days."""
    soon = datetime.now(timezone.utc) + timedelta(days=3, hours=1)
    odd = issuing(not_after=encode(0x17, soon.strftime("%y%m%d%H%M%SZ").encode()), **parts)
    return Case(
        (below(), odd),
        (root(),),
        ('chain: "Issuing CA" expires in 3 days',),
        ("not trusted",),
        state="CRITICAL",
        differs="it is valid today: that it soon is not is what a monitor is for",
        above=True,
    )


@case
def odd_intermediate_ends() -> Case:
    """NULL parameters and a written default cost nobody the date."""
    return ending(algorithm=ECDSA_NULL, extensions=fields(extension(SUBJECT_KEY_ID, b"\4\1\7", critical=FALSE), IS_CA))


@case
def odd_version_of_an_intermediate_that_ends() -> Case:
    """A version that does not exist does not either."""
    return ending(version=b"\xa0\x03\x02\x01\x09")


@case
def odd_intermediate_under_an_unknown_root() -> Case:
    """It is sent, so nobody may say that it is not."""
    return refused(
        below(),
        issuing(algorithm=ECDSA_NULL, version=b"\xa0\x03\x02\x01\x07"),
        anchors=(ca("Another Root", OTHER_KEY, signer=OTHER_KEY),),
        says=('"Odd Root"',),
        never=("does not send", "incomplete"),
        above=True,
    )


@case
def odd_intermediate_that_has_expired() -> Case:
    """It is the server's to send another: it is in nobody's trust store."""
    return refused(
        below(),
        issuing(algorithm=ECDSA_NULL, not_after=encode(0x17, b"100101000000Z")),
        says=('"Issuing CA" expired', "certificate has expired"),
        never=("trust store",),
        above=True,
    )


@case
def second_intermediate_is_missing() -> Case:
    """Two authorities between server and root, one of them sent: nobody knows that what is above it is a root."""
    upper = common("Upper CA")
    return refused(
        below(),
        issuing(issuer=upper, signer=OTHER_KEY),
        says=('"Upper CA", issuer of "Issuing CA", is neither sent nor known',),
        never=("unknown root",),
        above=True,
    )


@case
def old_intermediate_of_the_same_name() -> Case:
    """The authority has a new key, and the server still sends the old certificate."""
    return refused(
        below(),
        issuing(key=key_info(OTHER_KEY)),
        says=('the "Issuing CA" that the server sends has another key',),
        never=("does not send",),
        above=True,
    )


@case
def old_root_of_the_same_name() -> Case:
    """The root has a new key, and the client still knows the old one."""
    return refused(
        leaf(),
        anchors=(root(key=key_info(OTHER_KEY), signer=OTHER_KEY),),
        says=('the "Odd Root" in ', "has another key than the one that signed"),
        never=("does not send", "own root"),
    )


@case
def old_root_of_the_same_name_with_key_identifiers() -> Case:
    """The same, and OpenSSL does not even try it (RFC 5280 section 4.2.1.1)."""
    identifier = extension(AUTHORITY_KEY_ID, encode(0x30, encode(0x80, b"new")))
    old = root(
        key=key_info(OTHER_KEY), signer=OTHER_KEY, extensions=fields(IS_CA, extension(SUBJECT_KEY_ID, b"\4\3old"))
    )
    return refused(
        leaf(extensions=fields(identifier, MTA_SAN)),
        anchors=(old,),
        says=('the "Odd Root" in ', "has another key than the one that signed"),
        never=("does not send", "own root"),
    )


@case
def issuing_authority_as_anchor() -> Case:
    """RFC 5280 section 6.1.1 (d): an anchor is a name and a key."""
    made = issuing()
    return Case((below(), made), (made,), never=("not trusted",), arguments=("--state", "chain=warning"))


@case
def renewed_issuing_authority_as_anchor() -> Case:
    """The same, and the anchor is a newer certificate of the authority than the one that the server sends."""
    return Case((below(), issuing()), (issuing(serial=b"\2\1\x09"),), arguments=("--state", "chain=warning"))


@case
def issuing_authority_as_anchor_and_not_sent() -> Case:
    """Trusted here; clients that know the root only need it to be sent."""
    return Case(
        (below(),),
        (issuing(),),
        ('chain incomplete: the server does not send "Issuing CA"',),
        ("not trusted",),
        state="WARNING",
        differs="OpenSSL judges for this client; the question chain asks for the others",
        above=True,
    )


@case
def own_certificate_as_anchor() -> Case:
    """Who names this very certificate trusts it, whoever signed it."""
    made = below()
    return Case((made,), (made,), never=("not trusted",))


@case
def own_malformed_certificate_as_anchor() -> Case:
    """Who names this very certificate has looked at it: OpenSSL asks for no issuer, so nothing is in the way."""
    made = below(extensions=fields(MTA_SAN, MTA_SAN))
    return Case((made,), (made,), never=("not trusted",))


@case
def own_certificate_for_clients_as_anchor() -> Case:
    """Its purposes count all the same: RFC 5280 section 4.2.1.12."""
    made = below(extensions=fields(FOR_CLIENTS, MTA_SAN))
    return refused(
        made, anchors=(made,), says=("the extendedKeyUsage of", "clientAuth"), never=("--ca-file", "own root")
    )


@case
def issuer_without_the_right_as_anchor() -> Case:
    """An anchor that says of itself that it is no authority has issued nothing, to OpenSSL."""
    made = issuing(extensions=fields(NO_CA))
    return refused(
        below(),
        anchors=(made,),
        says=('"Issuing CA" is no certification authority by its basicConstraints',),
        never=("own root",),
    )


# Why a chain is refused: which certificate, and what of it


@case
def no_issuing_by_key_usage() -> Case:
    """RFC 5280 section 4.2.1.3: who signs certificates has keyCertSign."""
    odd = issuing(extensions=fields(IS_CA, extension(KEY_USAGE, encode(3, b"\x07\x80"))))
    return refused(below(), odd, says=("keyUsage", '"Issuing CA"', "keyCertSign"), above=True)


@case
def no_issuing_without_basic_constraints() -> Case:
    """RFC 5280 section 6.1.4 (k)."""
    odd = issuing(extensions=fields(extension(SUBJECT_KEY_ID, b"\4\1\7")))
    return refused(below(), odd, says=('"Issuing CA"', "basicConstraints"), above=True)


@case
def intermediate_of_version_1() -> Case:
    """The same: version 1 has no extensions, so nothing says that it may issue."""
    odd = issuing(version=b"", extensions=None)
    return refused(below(), odd, says=('"Issuing CA"', "basicConstraints"), above=True)


@case
def root_of_version_1() -> Case:
    """A root of version 1 may issue: OpenSSL and RFC 5280 section 6.1.4 (k) leave it to who trusts it."""
    return Case((leaf(),), (root(version=b"", extensions=None),), never=("not trusted",))


@case
def key_only_for_certificates() -> Case:
    """The purpose serverAuth does not help a key that may sign certificates only."""
    return with_extensions(
        extension(KEY_USAGE, encode(3, b"\x02\x04")),
        FOR_SERVERS,
        state="CRITICAL",
        says=("not trusted", "the keyUsage of", "keyCertSign"),
        never=("serverAuth",),
    )


@case
def intermediate_for_clients() -> Case:
    """The purposes of an authority are those of all below it, to OpenSSL and to browsers."""
    odd = issuing(extensions=fields(IS_CA, FOR_CLIENTS))
    return refused(
        below(extensions=fields(FOR_SERVERS, MTA_SAN)),
        odd,
        says=('the extendedKeyUsage of its issuer "Issuing CA" is clientAuth',),
        above=True,
    )


@case
def netscapes_type_for_clients() -> Case:
    """Netscape's certificate type: nobody writes it any more, and OpenSSL obeys it."""
    return with_extensions(
        extension(NETSCAPE_TYPE, encode(3, b"\x07\x80")),
        state="CRITICAL",
        says=("not trusted", "unsuitable certificate purpose", "nsCertType"),
    )


@case
def unknown_critical_extension() -> Case:
    """RFC 5280 section 4.2: refused, whatever it says."""
    return with_extensions(
        extension(UNKNOWN_EXTENSION, NULL, critical=TRUE),
        state="CRITICAL",
        says=("not trusted", "unhandled critical extension", f'"{REFERENCE}"', "1.2.3.4.5"),
    )


@case
def unknown_critical_extension_above() -> Case:
    """The same in the issuer: its certificate has to be replaced, not the server's."""
    odd = issuing(extensions=fields(IS_CA, extension(UNKNOWN_EXTENSION, NULL, critical=TRUE)))
    return refused(below(), odd, says=("unhandled critical extension", '"Issuing CA"', "1.2.3.4.5"), above=True)


@case
def path_longer_than_allowed() -> Case:
    """RFC 5280 section 4.2.1.9."""
    upper = ca(
        "Upper CA",
        OTHER_KEY,
        issuer=common("Odd Root"),
        signer=ROOT_KEY,
        extensions=fields(extension(BASIC_CONSTRAINTS, encode(0x30, TRUE, b"\x02\x01\x00"), critical=TRUE)),
    )
    lower = issuing(issuer=common("Upper CA"), signer=OTHER_KEY)
    return refused(below(), lower, upper, says=('"Upper CA" allows 0 authorities below it and has 1',), above=True)


@case
def two_statements_of_the_algorithm() -> Case:
    """RFC 5280 section 4.1.1.2: inside and outside must be the same."""
    return refused(
        leaf(outer=ECDSA_NULL),
        says=("certificate signature failure", "the signature algorithm inside is not the one outside"),
        never=("was altered", "another key now"),
    )


@case
def altered() -> Case:
    """One bit of the signature is another one."""
    made = bytearray(leaf())
    made[-1] ^= 1
    return refused(bytes(made), says=("certificate signature failure", f'"{REFERENCE}"'))


@case
def altered_under_the_key_that_it_names() -> Case:
    """The same, where key identifiers say that no other key is meant."""
    identifier = extension(AUTHORITY_KEY_ID, encode(0x30, encode(0x80, b"key")))
    made = bytearray(leaf(extensions=fields(identifier, MTA_SAN)))
    made[-1] ^= 1
    known = root(extensions=fields(IS_CA, extension(SUBJECT_KEY_ID, b"\4\3key")))
    return refused(bytes(made), anchors=(known,), says=("was altered",), never=("has another key than",))


@case
def altered_intermediate() -> Case:
    """The same above: which one it is can be told."""
    made = bytearray(issuing())
    made[-1] ^= 1
    return refused(below(), bytes(made), says=("certificate signature failure", '"Issuing CA"'), above=True)


def malformed(*extensions: bytes, says: tuple[str, ...]) -> Case:
    """Return the case of a server's certificate that OpenSSL does not look for an issuer of."""
    return with_extensions(
        *extensions,
        state="CRITICAL",
        says=("not trusted", "malformed", *says),
        never=("incomplete", "does not send", "--ca-file", "own root", "it to"),
    )


@case
def no_key_usage_at_all() -> Case:
    """RFC 5280 section 4.2.1.3: one bit at least must be set."""
    return malformed(extension(KEY_USAGE, b"\x03\x01\x00"), says=("keyUsage is empty",))


@case
def names_twice() -> Case:
    """RFC 5280 section 4.2: an extension is there once."""
    return malformed(MTA_SAN, says=("subjectAltName is there twice",))


@case
def broken_key_identifier() -> Case:
    """What OpenSSL cannot decode it refuses, and says that it knows no issuer."""
    return malformed(extension(SUBJECT_KEY_ID, b"\x30\x00"), says=("subjectKeyIdentifier",))


@case
def broken_authority_key_identifier() -> Case:
    """The same."""
    return malformed(extension(AUTHORITY_KEY_ID, b"\x04\x01\x07"), says=("authorityKeyIdentifier",))


@case
def broken_purposes() -> Case:
    """The same."""
    return malformed(extension(EXTENDED_KEY_USAGE, b"\x30\x03\x02\x01\x07"), says=("extendedKeyUsage",))


@case
def broken_basic_constraints() -> Case:
    """The same."""
    return malformed(extension(BASIC_CONSTRAINTS, b"\x02\x01\x07"), says=("basicConstraints",))


@case
def broken_revocation_lists() -> Case:
    """The same."""
    return malformed(extension(CRL_POINTS, b"\x04\x01\x07"), says=("cRLDistributionPoints",))


@case
def broken_name_constraints() -> Case:
    """The same: they make no sense in a server's certificate, and OpenSSL decodes them."""
    return malformed(extension(NAME_CONSTRAINTS, b"\x04\x01\x07"), says=("nameConstraints",))


@case
def malformed_intermediate() -> Case:
    """The same above the server's own: OpenSSL does not take it for an issuer, though it is sent."""
    odd = issuing(extensions=fields(IS_CA, extension(KEY_USAGE, b"\x03\x01\x00")))
    return refused(
        below(),
        odd,
        says=('"Issuing CA" is malformed (keyUsage is empty)',),
        never=("does not send", "own root", "incomplete"),
        above=True,
    )


@case
def malformed_root() -> Case:
    """And in the trust store: it is there, and OpenSSL does not take it."""
    odd = root(extensions=fields(IS_CA, IS_CA))
    return refused(
        leaf(),
        anchors=(odd,),
        says=('"Odd Root" is malformed (basicConstraints is there twice)',),
        never=("does not send", "own root", "incomplete"),
    )


@case
def malformed_and_of_an_unknown_root() -> Case:
    """Two things to do, both told."""
    return refused(
        leaf(extensions=fields(MTA_SAN, MTA_SAN)),
        anchors=(ca("Another Root", OTHER_KEY, signer=OTHER_KEY),),
        says=('"Odd Root"', "subjectAltName is there twice"),
    )


@case
def names_that_the_issuer_may_not_have() -> Case:
    """RFC 5280 section 4.2.1.10: the authority that has the constraint is named."""
    only = extension(NAME_CONSTRAINTS, encode(0x30, encode(0xA0, encode(0x30, encode(0x82, b"example.org")))))
    return refused(
        below(),
        issuing(extensions=fields(IS_CA, only)),
        says=("permitted subtree violation", '"Issuing CA"'),
        above=True,
    )


@case
def constraint_of_an_unknown_type() -> Case:
    """Registered identifiers cannot be constrained, to OpenSSL."""
    odd = encode(0x30, encode(0xA0, encode(0x30, encode(0x88, b"\x2a\x03"))))
    number = extension(SAN, encode(0x30, encode(0x88, b"\x2a\x03"), encode(0x82, b"mta.example.com")))
    return refused(
        below(extensions=fields(number)),
        issuing(extensions=fields(IS_CA, extension(NAME_CONSTRAINTS, odd))),
        says=("name constraint",),
        above=True,
    )


@case
def issuers_in_a_circle() -> Case:
    """Two authorities that vouch for each other, and no root."""
    one = ca("Issuing CA", ISSUING_KEY, issuer=common("Upper CA"), signer=OTHER_KEY)
    other = ca("Upper CA", OTHER_KEY, issuer=common("Issuing CA"), signer=ISSUING_KEY)
    return refused(below(), one, other, says=('"Issuing CA"',), never=("does not send", "incomplete"), above=True)


@case
def server_that_issues() -> Case:
    """A server's certificate signed another one: it is sent, and it is no authority."""
    lower = leaf(issuer=common("Issuing CA"), signer=ISSUING_KEY)
    odd = issuing(extensions=fields(NO_CA, FOR_SERVERS))
    return refused(lower, odd, says=('"Issuing CA" is no certification authority by its basicConstraints',), above=True)


@case
def purpose_that_is_any() -> Case:
    """RFC 5280 section 4.2.1.12 leaves it to applications whether any purpose is theirs: to OpenSSL it is not."""
    return with_extensions(
        extension(EXTENDED_KEY_USAGE, encode(0x30, bytes.fromhex("0604551d2500"))),
        state="CRITICAL",
        says=("the extendedKeyUsage of", "anyExtendedKeyUsage", "serverAuth"),
    )


@case
def root_for_clients() -> Case:
    """The purposes of the root count as well."""
    return refused(
        leaf(),
        anchors=(root(extensions=fields(IS_CA, FOR_CLIENTS)),),
        says=('the extendedKeyUsage of its issuer "Odd Root" is clientAuth',),
    )


@case
def expired_root() -> Case:
    """It is in the store that it has to be renewed."""
    return refused(
        leaf(),
        anchors=(root(not_after=encode(0x17, b"100101000000Z")),),
        says=('"Odd Root" expired', "renew it in the trust store"),
        above=True,
    )


@case
def expired_and_malformed_times_of_the_root() -> Case:
    """A time without seconds in the store: which certificate, and what of it."""
    return refused(
        leaf(),
        anchors=(root(not_before=encode(0x17, b"0001010000Z")),),
        says=('"Odd Root" is malformed (notBefore)',),
    )


@case
def key_on_a_curve_written_out() -> Case:
    """RFC 5480 section 2.1.1 wants a name; OpenSSL refuses the rest, of an issuer too."""
    return refused(
        leaf(),
        anchors=(root(key=explicit(ROOT_KEY)),),
        says=("explicit", "a named curve"),
    )


@case
def time_without_seconds() -> Case:
    """RFC 5280 section 4.1.2.5.1: UTCTime has seconds. OpenSSL prints it and does not compare it."""
    return refused(
        leaf(not_before=encode(0x17, b"0001010000Z")),
        says=("notBefore", f'"{REFERENCE}"', "have it issued again"),
    )


@case
def time_with_a_zone_above() -> Case:
    """The same for the zone, in the issuer: it says which certificate."""
    odd = issuing(not_after=encode(0x17, b"400101000000+0100"))
    return refused(below(), odd, says=("notAfter", '"Issuing CA"'), above=True)


UNKNOWN_ALGORITHM = encode(0x30, bytes.fromhex("06042a030405"))


@case
def unknown_signature_algorithm() -> Case:
    """Whether the known root made the signature cannot be told, so nothing is said of its key, or to be missing."""
    return refused(
        leaf(algorithm=UNKNOWN_ALGORITHM),
        says=(f'"{REFERENCE}", signed with 1.2.3.4.5',),
        never=("another key", "does not send", "own root"),
    )


@case
def unknown_signature_algorithm_above() -> Case:
    """The same in the issuer: it is the one to be replaced."""
    return refused(
        below(),
        issuing(algorithm=UNKNOWN_ALGORITHM),
        says=('"Issuing CA", signed with 1.2.3.4.5',),
        never=("another key", "does not send", "own root"),
        above=True,
    )


@case
def no_name_at_all() -> Case:
    """No subject and no alternative name: words without empty quotes."""
    return Case(
        (leaf(subject=encode(0x30), extensions=fields(NO_CA)),),
        (root(),),
        ("name: mta.example.com not covered, there is no name",),
        state="CRITICAL",
    )


@case
def no_issuer_at_all() -> Case:
    """Nobody is named who could be missing."""
    return refused(leaf(issuer=encode(0x30)), says=(), never=("does not send", "own root"))


# Self-signed, in odd ways


@case
def self_signed_with_odd_attributes() -> Case:
    """What cannot be read of a name is compared all the same: both are the same octets."""
    odd = distinguished(
        attribute(b"Universit\xe4t", T61, ORGANIZATION), attribute(NULL, 0x30, ORGANIZATION), attribute(b"mta")
    )
    return Case(
        (self_signed(subject=odd, issuer=odd),),
        (root(),),
        ("self-signed: add it to the anchors",),
        ("there is no name",),
        state="CRITICAL",
        self_signed=True,
    )


@case
def self_signed_with_odd_attributes_and_allowed() -> Case:
    """The same, allowed."""
    odd = distinguished(attribute(b"Universit\xe4t", PRINTABLE, ORGANIZATION), attribute(b"mta"))
    return Case(
        (self_signed(subject=odd, issuer=odd),),
        (root(),),
        ("self-signed",),
        arguments=("--allow-self-signed",),
        self_signed=True,
        differs="--allow-self-signed says that it is fine",
    )


@case
def self_signed_in_two_alphabets() -> Case:
    """Subject and issuer are one name to OpenSSL, though not the same octets."""
    return Case(
        (self_signed(issuer=distinguished(attribute(b"MTA.example.com", T61))),),
        (root(),),
        ("self-signed",),
        state="CRITICAL",
        self_signed=True,
    )


@case
def self_signed_and_malformed() -> Case:
    """Allowed is what is self-signed, however malformed: OpenSSL looks for no other issuer."""
    return Case(
        (self_signed(extensions=fields(MTA_SAN, MTA_SAN)),),
        (root(),),
        ("self-signed",),
        arguments=("--allow-self-signed",),
        self_signed=True,
        differs="--allow-self-signed says that it is fine",
    )


@case
def self_signed_with_an_unknown_algorithm() -> Case:
    """Whether its own key made the signature cannot be told: it is not told that another one did."""
    return Case(
        (self_signed(algorithm=UNKNOWN_ALGORITHM),),
        (root(),),
        ("self-signed by its names",),
        ("another key",),
        state="CRITICAL",
        self_signed=True,
    )


@case
def self_signed_with_an_unknown_algorithm_and_allowed() -> Case:
    """And whoever allows it has meant this."""
    return Case(
        (self_signed(algorithm=UNKNOWN_ALGORITHM),),
        (root(),),
        ("self-signed by its names",),
        ("another key",),
        arguments=("--allow-self-signed",),
        self_signed=True,
        differs="--allow-self-signed says that it is fine",
    )


@case
def expired_anchor_of_its_own() -> Case:
    """It is known and has expired: one thing to do, told once."""
    made = self_signed(not_after=encode(0x17, b"200101000000Z"))
    return Case(
        (made,), (made,), ("expired",), ("--ca-file", "not trusted", "anchors"), state="CRITICAL", self_signed=True
    )


# Names


@case
def common_name_beside_another() -> Case:
    """RFC 9525 section 2 knows no common name, and OpenSSL and curl none beside a dNSName."""
    other = extension(SAN, encode(0x30, encode(0x82, b"old.example.com")))
    return Case(
        (leaf(extensions=fields(other)),),
        (root(),),
        ('not covered by "old.example.com"', "its common name is"),
        state="CRITICAL",
    )


@case
def common_name_beside_an_address() -> Case:
    """RFC 6125 section 6.4.4 and curl: no common name beside any identifier that is one."""
    address = extension(SAN, encode(0x30, encode(0x87, b"\xc0\0\2\1")))
    return Case(
        (leaf(extensions=fields(address)),),
        (root(),),
        ('not covered by "192.0.2.1"',),
        state="CRITICAL",
        differs="OpenSSL takes the common name beside an iPAddress; curl, Go and browsers do not",
    )


@case
def common_name_beside_a_mail_address() -> Case:
    """A certificate without a dNSName and without an iPAddress: clients look at the common name."""
    mail = extension(SAN, encode(0x30, encode(0x81, b"root@example.com")))
    return Case((leaf(extensions=fields(mail)),), (root(),), never=("not covered",))


@case
def trailing_dot() -> Case:
    """RFC 5280 section 4.2.1.6 and RFC 1034 section 3.5: a presented name has none."""
    return Case(
        (leaf(extensions=fields(extension(SAN, encode(0x30, encode(0x82, b"mta.example.com."))))),),
        (root(),),
        ('not covered by "mta.example.com."',),
        state="CRITICAL",
    )


@case
def fullwidth_letters() -> Case:
    """A presented name is not normalised: clients compare octets."""
    wide = "\uff4dta.example.com".encode()
    return Case(
        (leaf(extensions=fields(extension(SAN, encode(0x30, encode(0x82, wide))))),),
        (root(),),
        ("not covered by",),
        state="CRITICAL",
    )


@case
def capitals() -> Case:
    """RFC 4343: the case of ASCII does not count."""
    return Case((leaf(extensions=fields(extension(SAN, encode(0x30, encode(0x82, b"MTA.Example.COM"))))),), (root(),))


@pytest.fixture(params=CASES)
def odd(request) -> Case:
    return CASES[request.param]()


def pem(*ders: bytes) -> str:
    """Return certificates as a file has them."""
    return "".join(map(ssl.DER_cert_to_PEM_cert, ders))


def openssl_verifies(folder, made: Case) -> bool:
    """Return the oracle's verdict."""
    (folder / "leaf.pem").write_text(pem(made.sent[0]))
    (folder / "sent.pem").write_text(pem(*made.sent))
    command = [str(OPENSSL), "verify", "-purpose", "sslserver", "-auth_level", "2", "-partial_chain"]
    command += ["-verify_hostname", REFERENCE, "-CAfile", str(folder / "anchors.pem"), "-no-CApath", "-no-CAstore"]
    command += ["-untrusted", str(folder / "sent.pem"), str(folder / "leaf.pem")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def served(own, *above):
    """Yield the port of OpenSSL's server, which loads what Python's refuses."""
    command = [str(OPENSSL), "s_server", "-accept", "127.0.0.1:0", "-cert", str(own), "-key", str(own)]
    command += ["-cipher", "ALL:@SECLEVEL=0", *(each for file in above for each in ("-cert_chain", str(file)))]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = b""
        for line in server.stdout:
            said += line
            if found := re.match(rb"ACCEPT .*:(\d+)$", line.strip()):
                yield int(found[1])
                return
        pytest.fail(said.decode())
    finally:
        server.kill()
        server.communicate()


def test_an_odd_chain_is_judged_as_clients_judge_it_and_told_as_it_is(odd, tmp_path):
    chain, anchors = tmp_path / "chain.pem", tmp_path / "anchors.pem"
    own_key = SIGNER.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(own_key + pem(odd.sent[0]).encode())
    (tmp_path / "above.pem").write_text(pem(*odd.sent[1:]))
    anchors.write_text(pem(*odd.anchors))
    with served(chain, *([tmp_path / "above.pem"] if odd.sent[1:] else [])) as port:
        command = ["-H", "127.0.0.1", "-P", "tls", "-p", str(port), "-n", REFERENCE, "--ca-file", str(anchors)]
        command += odd.arguments
        text, exit_code = cli.answer(command)
        document = json.loads(cli.answer([*command, "-o", "json"])[0])
        sensor = json.loads(cli.answer([*command, "-o", "prtg"])[0])
    line = text.partition(" | ")[0]
    if odd.above and not tls.CHAIN_IS_READABLE:
        assert "does not send" not in line
        return
    assert [word for word in odd.says if word not in line] == [], line
    assert [word for word in (*odd.never, *LIES) if word in line] == [], line
    assert document["state"] == odd.state, line
    assert (exit_code == 0) == (openssl_verifies(tmp_path, odd) != bool(odd.differs)), line
    jsonschema.validate(document, SCHEMA)
    channels = {channel["channel"]: channel["value"] for channel in sensor["prtg"]["result"]}
    assert channels["Self-Signed"] == odd.self_signed
    # JSON has null where it cannot be told; PRTG's lookup has no such value.
    assert document["certificate"]["self_signed"] in {odd.self_signed, None if odd.self_signed else False}
    assert channels["Root Authority Trusted"] == (not document["trust"]["verified"])
