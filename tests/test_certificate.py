"""A certificate's facts, however odd it is: RFC 5280, and what is met in the wild."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from certificates import (
    ECDSA_SHA256,
    END,
    FUTURE,
    IA5,
    KEY_USAGE,
    MTA,
    ORGANIZATION,
    PAST,
    PRINTABLE,
    SIGNER,
    START,
    T61,
    alternative_names,
    assemble,
    attribute,
    authority,
    distinguished,
    extension,
    key_info,
    make,
    name,
    with_extensions,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from check_starttls_cert import certificate
from check_starttls_cert import der as x690
from check_starttls_cert.ber import encode
from check_starttls_cert.certificate import Key, canonical_subject, public_key_info, read, signed
from check_starttls_cert.errors import CertificateError

NAMES = ("mta.example.com", "*.example.net")
GOOD = make(extensions=(alternative_names(*NAMES),))
ODD = assemble()


def patched(der, *changes):
    """Return ``der`` with octets replaced by as many others, each of which must be there exactly once."""
    for old, new in changes:
        assert der.count(old) == 1
        assert len(old) == len(new)
        der = der.replace(old, new)
    return der


def test_reading_imports_no_library():
    script = """
import sys
from check_starttls_cert import certificate, chain, signature
certificate.read(sys.stdin.buffer.read())
print([name for name in sys.modules if name.startswith("cryptography")])
"""
    run = subprocess.run([sys.executable, "-c", script], input=GOOD.der, capture_output=True, check=True, timeout=60)
    assert run.stdout.strip() == b"[]"


# Each oddity that OpenSSL takes


@pytest.mark.parametrize(
    "der",
    [
        assemble(version=b""),
        assemble(version=b"\xa0\x03\x02\x01\x00"),
        assemble(version=b"\xa0\x03\x02\x01\x01"),
        assemble(version=b"\xa0\x03\x02\x01\x07"),
        assemble(version=b"\xa0\x00"),
        assemble(algorithm=encode(0x30, ECDSA_SHA256[2:], b"\5\0")),
        assemble(subject=b"\x30\x81" + MTA[1:]),
        assemble(subject=b"\x30\x84\0\0\0" + MTA[1:]),
        assemble(subject=b"\x30\x80" + MTA[2:] + b"\0\0"),
        assemble(unique_ids=b"\x81\x02\0\1\x82\x02\0\1"),
        assemble(unique_ids=b"\xa1\x04\x03\x02\0\1"),
        with_extensions(
            extension("551d11", encode(0x30, encode(0x82, b"mta.example.com")), critical=b"\1\1\0"),
            extension("551d13", b"\x30\x03\1\1\0", critical=b"\1\1\1"),
        ),
    ],
    ids=[
        "version 1 with extensions",
        "version 1 written out",
        "version 2",
        "version 8",
        "no version in the version",
        "NULL parameters",
        "a length of two octets",
        "a length of five octets",
        "an indefinite length",
        "unique identifiers",
        "constructed unique identifier",
        "defaults written out",
    ],
)
def test_an_oddity_of_the_encoding_costs_nothing(der):
    seen = read(der)
    plain = read(ODD)
    assert seen.malformed == ()
    assert seen._replace(der=b"", is_ca=None) == plain._replace(der=b"")


@pytest.mark.parametrize(
    ("serial", "value", "malformed"),
    [
        (b"\x02\x01\x87", -0x79, ()),
        (b"\x02\x01\0", 0, ()),
        (b"\x02\x03\0\0\7", 7, ()),
        (encode(2, b"\1" * 30_000), int("01" * 30_000, 16), ()),
        (b"\x02\0", 0, ("serialNumber",)),
        (b"\x05\0", 0, ("serialNumber",)),
    ],
    ids=["negative", "zero", "padded", "30,000 octets", "empty", "NULL"],
)
def test_a_serial_number_of_any_sort_is_no_reason_to_stop(serial, value, malformed):
    # RFC 5280 section 4.1.2.2: "Certificate users should be prepared to gracefully handle such certificates."
    seen = read(assemble(serial=serial))
    assert (seen.serial, seen.malformed) == (value, malformed)
    assert seen.dns_names == ("mta.example.com",)


@pytest.mark.parametrize("tag", [T61, PRINTABLE, IA5])
def test_latin_1_in_one_attribute_costs_nothing(tag):
    subject = distinguished(attribute(b"M\xfcller", tag, ORGANIZATION), attribute(b"mta.example.com"))
    seen = read(assemble(issuer=subject, subject=subject))
    assert seen.subject == seen.issuer == "CN=mta.example.com,O=Müller"
    assert seen.issuer_attributes == ("O=Müller", "CN=mta.example.com")
    assert seen.common_names == ("mta.example.com",)
    assert seen.self_issued


def test_a_sequence_as_attribute_costs_nothing_but_its_characters():
    subject = distinguished(attribute(b"\x0c\x01x", 0x30, ORGANIZATION), attribute(b"mta.example.com"))
    seen = read(assemble(issuer=subject, subject=subject))
    assert seen.subject == "CN=mta.example.com,O=#30030c0178"
    assert seen.self_issued


def test_one_broken_extension_costs_itself():
    seen = read(with_extensions(extension(KEY_USAGE, b"junk"), extension("551d11", encode(0x30, encode(0x82, b"a")))))
    assert seen.dns_names == ("a",)
    assert seen.key_usage is None
    assert seen.malformed == ("keyUsage",)


@pytest.mark.parametrize(
    ("parts", "malformed"),
    [
        ({"subject": b"\5\0"}, ("subject",)),
        ({"issuer": b"\x31\0"}, ("issuer",)),
        ({"key": b"\5\0"}, ("public key",)),
        ({"extensions": b"\xa3\0"}, ("extensions",)),
        ({"extensions": encode(0xA3, encode(0x30, encode(0x30, encode(4, bytes(600_000)))))}, ("extensions",)),
        ({"subject": encode(0x30, bytes(600_000))}, ("subject",)),
        ({"subject": b"\x30\x05", "extensions": None}, ("public key", "subject")),
    ],
    ids=["subject", "issuer", "key", "extensions", "long extensions", "long subject", "broken subject"],
)
def test_what_cannot_be_read_is_said_and_costs_itself(parts, malformed):
    seen = read(assemble(**parts))
    assert set(malformed) <= set(seen.malformed)
    assert (seen.not_before, seen.not_after) == (START, END)


# Names


def test_self_issued_is_a_name_and_not_a_key():
    root = authority()
    assert read(root.der).self_issued
    assert read(root.der).self_signed is None  # nobody asked
    assert read(make(name("Test root"), issuer=root).der).self_issued
    other = read(make(issuer=root).der)
    assert (other.self_issued, other.self_signed) == (False, False)


def test_a_name_that_differs_in_case_and_spaces_only_is_the_same():
    # RFC 5280 section 7.1
    issuer = distinguished(attribute(b" MTA.example.com ", PRINTABLE))
    seen = read(assemble(issuer=issuer))
    assert seen.self_issued
    assert seen.canonical_issuer == seen.canonical_subject
    assert seen.issuer == "CN=\\ MTA.example.com\\ "


def test_two_empty_names_are_not_self_issued():
    seen = read(make(x509.Name([])).der)
    assert (seen.self_issued, seen.self_signed) == (False, False)
    assert seen.canonical_subject == seen.canonical_issuer == b""
    assert seen.display_name == seen.issuer_name == ""


@pytest.mark.parametrize(
    ("subject", "common_names", "text"),
    [
        (name("one.example"), ("one.example",), "CN=one.example"),
        (name("one.example", "two.example"), ("one.example", "two.example"), "CN=two.example,CN=one.example"),
        (x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")]), (), "O=Example"),
        (x509.Name([]), (), ""),
        (name("a,b+c=d"), ("a,b+c=d",), r"CN=a\,b\+c=d"),
        (name("müller.example"), ("müller.example",), "CN=müller.example"),
    ],
    ids=["one", "two", "none", "empty", "commas", "umlaut"],
)
def test_all_common_names_are_found_whatever_the_subject(subject, common_names, text):
    seen = read(make(subject).der)
    assert seen.common_names == common_names
    assert seen.subject == seen.issuer == text


def test_hostile_characters_in_a_name_are_kept_as_they_are():
    hostile = "a|b\r\nc\x1b[31m\x00"
    assert read(make(name(hostile)).der).common_names == (hostile,)


def test_a_person_knows_a_certificate_by_its_common_name_or_else_its_first_alternative_name():
    alternatives = (alternative_names("san.example", "other.example"),)
    assert read(make("cn.example", extensions=alternatives).der).display_name == "cn.example"
    assert read(make(x509.Name([]), extensions=alternatives).der).display_name == "san.example"
    assert read(make(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab")])).der).display_name == "O=Lab"


def test_a_person_knows_an_issuer_by_its_common_name_or_else_its_name():
    assert read(make(issuer=authority("Root")).der).issuer_name == "Root"
    organization = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab")])
    assert read(make(issuer_name=organization).der).issuer_name == "O=Lab"


def test_without_extensions_there_are_none_of_their_facts():
    seen = read(make().der)
    assert (seen.dns_names, seen.ip_addresses, seen.ocsp_urls, seen.issuer_urls, seen.crl_urls) == ((),) * 5
    facts = (seen.is_ca, seen.path_length, seen.key_usage, seen.extended_key_usage)
    assert (*facts, seen.subject_key_id, seen.authority_key_id) == (None,) * 6


def test_the_subject_alone_can_be_asked_for():
    assert canonical_subject(GOOD.der) == read(GOOD.der).canonical_subject != b""
    assert canonical_subject(b"garbage") == b""


# Keys and signatures


def test_key_and_signature_are_named():
    seen = read(GOOD.der)
    assert seen.key == Key("EC", 256)
    assert (seen.signature_algorithm, seen.signature_hash) == ("ECDSA with SHA-256", "sha256")


def test_what_is_signed_is_known():
    parts = signed(read(GOOD.der))
    assert parts.octets == GOOD.certificate.tbs_certificate_bytes
    assert parts.signature == GOOD.certificate.signature
    assert (parts.algorithm, parts.parameters) == ("1.2.840.10045.4.3.2", b"")
    null = encode(0x30, ECDSA_SHA256[2:], b"\5\0")
    assert signed(read(assemble(algorithm=null))).parameters == b"\5\0"
    assert signed(read(assemble(outer=null))).parameters == b"\5\0"


def test_two_signature_algorithms_are_malformed():
    # RFC 5280 section 4.1.1.2: it "MUST contain the same algorithm identifier"
    seen = read(assemble(outer=encode(0x30, ECDSA_SHA256[2:], b"\5\0")))
    assert seen.malformed == ("the signature algorithm inside is not the one outside",)
    assert seen.signature_algorithm == "ECDSA with SHA-256"


@pytest.mark.parametrize("rest", [b"", ECDSA_SHA256, ECDSA_SHA256 + b"\4\2\0x", b"\5\0\3\2\0x", b"\x30\x05"])
def test_a_certificate_without_a_signature_is_read_and_not_signed(rest):
    tbs = signed(read(ODD)).octets
    seen = read(encode(0x30, tbs, rest))
    assert seen.dns_names == ("mta.example.com",)
    assert signed(seen) is None


def test_the_public_key_can_be_taken_out():
    assert public_key_info(read(ODD)) == key_info(SIGNER)
    assert hashlib.sha256(key_info(SIGNER)).digest() == read(ODD).spki_sha256


def test_a_key_for_pss_alone_is_taken_out_as_one_for_rsa():
    key = key_info(rsa.generate_private_key(65537, 1024))
    pss = patched(key, (bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01010a")))
    assert public_key_info(read(assemble(key=pss))) == key
    assert read(assemble(key=pss)).key == Key("RSA", 1024)


def test_without_a_public_key_there_is_none():
    der = encode(0x30, encode(0x30, b"\2\1\7", ECDSA_SHA256, MTA, validity(b"000101000000Z", b"490101000000Z")))
    seen = read(der)
    assert public_key_info(seen) == seen.spki_sha256 == b""
    assert seen.key == Key("unknown key type", -1)
    assert set(seen.malformed) == {"subject", "public key", "signature"}


# Times


def validity(*times):
    """Return a validity period of UTCTimes."""
    return encode(0x30, *(encode(0x17, time) for time in times))


@pytest.mark.parametrize(("start", "end"), [(START, END), (START, PAST), (FUTURE, END)])
def test_dates_are_mere_facts_in_utc(start, end):
    seen = read(make(start=start, end=end).der)
    assert (seen.not_before, seen.not_after) == (start, end)
    assert seen.not_after.utcoffset() == timedelta(0)
    assert seen.lifetime == end - start


def test_years_that_python_does_not_know_are_its_first_and_last():
    seen = read(assemble(not_before=encode(0x18, b"00000101000000Z"), not_after=encode(0x18, b"99991231235959-0100")))
    assert seen.not_before.replace(tzinfo=None).isoformat() == "0001-01-01T00:00:00"
    assert seen.not_after.replace(tzinfo=None).isoformat() == "9999-12-31T23:59:59.999999"
    assert seen.lifetime == x690.LAST - x690.FIRST


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"not_after": encode(0x17, b"20\x1b\nX")}, 'its notAfter is no time: "20\\x1b\\nX"'),
        ({"not_before": encode(0x17, b"019901000000Z")}, 'its notBefore is no time: "019901000000Z"'),
        ({"not_after": encode(0x18, b"9" * 100_000)}, "its notAfter is no time: "),
        ({"validity": b"\5\0"}, "its validity period is missing"),
        ({"validity": b"\x30\0"}, "its validity period is missing"),
        ({"validity": encode(0x30, encode(0x17, b"000101000000Z"))}, "its validity period is missing"),
    ],
)
def test_without_a_validity_period_there_is_nothing_to_judge(parts, words):
    with pytest.raises(CertificateError) as error:
        read(assemble(**parts))
    assert str(error.value).startswith(f"the server's certificate cannot be read: {words}")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


# Fingerprints


def test_fingerprints_are_upper_case_hexadecimal():
    seen = read(GOOD.der)
    assert re.fullmatch("[0-9A-F]{40}", seen.sha1)
    assert seen.sha256 == hashlib.sha256(GOOD.der).hexdigest().upper()


# Beyond reading


@pytest.mark.parametrize(
    ("garbage", "words"),
    [
        (b"", "it is no X.509 certificate"),
        (b"\x00", "it is no X.509 certificate"),
        (b"garbage", "it is no X.509 certificate"),
        (GOOD.der[:-1], "it is cut short"),
        (GOOD.der[:100], "it is cut short"),
        (b"\x30", "it is cut short"),
        (b"\x30\x00", "it is no X.509 certificate"),
        (b"\x30\x02\x31\x00", "it is no X.509 certificate"),
        (b"\x30\x02\x30\x00", "its validity period is missing"),
        (GOOD.pem, "it is no X.509 certificate"),
        (bytes(1000), "it is no X.509 certificate"),
    ],
    ids=[
        "empty",
        "NUL",
        "text",
        "cut short",
        "cut at 100",
        "one octet",
        "empty sequence",
        "a SET",
        "nothing signed",
        "PEM",
        "NULs",
    ],
)
def test_garbage_is_a_certificate_error_in_plain_words(garbage, words):
    with pytest.raises(CertificateError) as error:
        read(garbage)
    assert str(error.value) == f"the server's certificate cannot be read: {words} (have it issued again)"


def facts_or_error(der):
    """Return the facts, or the one error that there may be."""
    try:
        return read(der)
    except CertificateError as error:
        return error


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(GOOD.der) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example([(GOOD.der.index(b"\xa0\x03\x02\x01\x02") + 4, 7)])
@example([(GOOD.der.index(b"\x0c\x0fmta"), 0)])
def test_wrong_octets_give_facts_or_a_certificate_error_and_nothing_else(changes):
    der = bytearray(GOOD.der)
    for position, octet in changes:
        der[position] = octet
    seen = facts_or_error(bytes(der))
    if isinstance(seen, CertificateError):
        assert str(seen).isprintable()
    else:
        assert seen.sha256 == hashlib.sha256(der).hexdigest().upper()
        assert signed(seen) is None or isinstance(public_key_info(seen), bytes)


@pytest.mark.slow
@pytest.mark.parametrize("der", [GOOD.der, ODD], ids=["made", "assembled"])
def test_no_single_octet_makes_reading_fail_otherwise(der):
    for position in range(len(der)):
        for octet in (0, 0x30, 0x7F, 0x80, 0xFF, der[position] ^ 0x20, der[position] ^ 1):
            facts_or_error(der[:position] + bytes([octet]) + der[position + 1 :])


@given(st.binary(max_size=200))
def test_random_octets_are_a_certificate_error(garbage):
    with pytest.raises(CertificateError):
        read(garbage)


def test_a_certificate_with_many_names_is_read_in_full():
    names = tuple(f"host{number}.example.com" for number in range(10_000))
    assert read(make(extensions=(alternative_names(*names),)).der).dns_names == names


LONG = 2**24
"""The longest certificate that TLS can carry: RFC 8446 section 4.4.2."""


@pytest.mark.parametrize(
    "parts",
    [
        {"serial": encode(2, b"\1" * LONG)},
        {"issuer": encode(0x30, b"\x31\0" * (LONG // 2))},
        {"issuer": encode(0x30, b"\x31\0" * (certificate.MAX_FIELD // 2 - 10))},
        {"issuer": b"\x30\x80" + b"\x31\0" * (LONG // 2) + b"\0\0"},
        {"issuer": b"\x30\x80" * (LONG // 2)},
        {"subject": encode(0x30, b"\x31\x80" * 100_000 + b"\0\0" * 100_000)},
        {"key": encode(0x30, encode(0x30, bytes.fromhex("06072a8648ce3d0201"), b"\5\0" * (LONG // 2)))},
        {"unique_ids": b"\5\0" * (LONG // 2)},
        {"extensions": encode(0xA3, encode(0x30, extension("551d11", encode(0x30, b"\x82\0" * (LONG // 2)))))},
        {"issuer": distinguished(encode(0x30, encode(6, b"\xff" * 500_000), encode(12, b"x")))},
    ],
    ids=[
        "serial",
        "parts",
        "just as many parts as are read",
        "indefinite",
        "open",
        "nested",
        "key",
        "unique identifiers",
        "extensions",
        "object identifier",
    ],
)
def test_only_a_bounded_number_of_elements_is_looked_at(parts, monkeypatch):
    headers = 0
    header = x690._header

    def counting(octets, position):
        nonlocal headers
        headers += 1
        return header(octets, position)

    # Elements are counted, because time depends on the machine.
    monkeypatch.setattr(x690, "_header", counting)
    facts_or_error(assemble(**parts))
    assert headers < 4 * x690.MAX_INDEFINITE
