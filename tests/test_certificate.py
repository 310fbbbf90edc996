"""A certificate's facts, however odd it is: RFC 5280, and what is met in the wild."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import shutil
import subprocess
from datetime import timedelta

import pytest
from certificates import END, FUTURE, PAST, START, alternative_names, authority, make, name
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from check_starttls_cert.certificate import Key, facts, issued_by
from check_starttls_cert.errors import CertificateError

NAMES = ("mta.example.com", "*.example.net")
GOOD = make(extensions=(alternative_names(*NAMES),))

# openssl req -x509 -newkey rsa:1024 -sigopt rsa_padding_mode:pss -subj /CN=pss.example.com -days 36500
RSA_PSS = base64.b64decode(
    """
MIICejCCAa+gAwIBAgIUbJcnkvEFo5WbAnmCjLZy4Cr/j3owQQYJKoZIhvcNAQEKMDSgDzANBglg
hkgBZQMEAgEFAKEcMBoGCSqGSIb3DQEBCDANBglghkgBZQMEAgEFAKIDAgFeMBoxGDAWBgNVBAMM
D3Bzcy5leGFtcGxlLmNvbTAgFw0yNjExMjMxMDAwMDJaGA8yMTI2MTAzMDEwMDAwMlowGjEYMBYG
A1UEAwwPcHNzLmV4YW1wbGUuY29tMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQD1/CLrK+AE
fWyT0y80awf342cJRMc/g2hD1hckkzK2v/nnZa0rCqbeKJPLdlKAtgoQeZq0yQPKJG7LfFbYzUoQ
A6iRioBoV9nE2UPeXIvzq+ivLn5/lwG3Vvdd8SZ/eudWL4PIMUz2OGTVnOJqOnk9QhCX0ZyatF7U
JFWBbUpYCQIDAQABo1MwUTAdBgNVHQ4EFgQUyrzFsuaWXedsNaZihiE9E6UTMEEwHwYDVR0jBBgw
FoAUyrzFsuaWXedsNaZihiE9E6UTMEEwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAP
MA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCAV4DgYEAiZVR
+rNj5QGSv0zkde1RQ/3AVe8aZhcGXxA3VjjOBCglZV5vSPatchcmK+x4U58g3u1XpJ9YvbQEWb68
s+GRKkFH1lKBmMS4aBPlvidjxRO77oNV7QCJUfZyIU9eUGgOxsbyJRN0vO+Km78BakMp3zDGE1tM
zuAhlanL5AY2hdc=
"""
)


def patched(der, *changes):
    """Return ``der`` with octets replaced by as many others, each of which must be there exactly once."""
    for old, new in changes:
        assert der.count(old) == 1
        assert len(old) == len(new)
        der = der.replace(old, new)
    return der


# Keys and signatures


@pytest.mark.parametrize(
    ("generate", "key", "text"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), Key("RSA", 1024), "RSA 1024"),
        (lambda: rsa.generate_private_key(65537, 2048), Key("RSA", 2048), "RSA 2048"),
        (lambda: dsa.generate_private_key(1024), Key("DSA", 1024), "DSA 1024"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), Key("EC", 256), "EC 256"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), Key("EC", 384), "EC 384"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), Key("EC", 521), "EC 521"),
        (ed25519.Ed25519PrivateKey.generate, Key("Ed25519", 256), "Ed25519 256"),
        (ed448.Ed448PrivateKey.generate, Key("Ed448", 456), "Ed448 456"),
    ],
    ids=["RSA 1024", "RSA 2048", "DSA", "P-256", "P-384", "P-521", "Ed25519", "Ed448"],
)
def test_every_kind_of_key_has_its_size_and_signs_itself(generate, key, text):
    seen = facts(make(key=generate()).der)
    assert seen.key == key
    assert str(seen.key) == text
    assert seen.self_signed
    assert seen.signature_hash == ("" if key.algorithm.startswith("Ed") else "sha256")


def test_a_key_of_an_unknown_kind_is_a_fact_without_a_size():
    # 1.2.840.10045.2.1 is id-ecPublicKey; nothing is 1.2.840.10045.2.127
    der = patched(GOOD.der, (bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d027f")))
    seen = facts(der)
    assert seen.key.bits == -1
    assert str(seen.key) == "unknown key type"
    assert seen.dns_names == NAMES
    assert not seen.self_signed


def test_a_key_on_a_curve_that_is_not_known_is_one_too():
    # 1.2.840.10045.3.1.7 is prime256v1
    der = patched(GOOD.der, (bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")))
    assert facts(der).key.bits == -1


def test_a_key_that_cannot_sign_is_not_self_signed():
    key = x25519.X25519PrivateKey.generate()
    signer = authority()
    builder = x509.CertificateBuilder(name("x.example"), name("x.example"), key.public_key(), 1, START, END)
    try:
        certificate = builder.sign(signer.key, hashes.SHA256())
    except (TypeError, AttributeError, ValueError):
        pytest.skip("this cryptography does not make certificates for X25519 keys")
    seen = facts(certificate.public_bytes(serialization.Encoding.DER))
    assert seen.self_issued
    assert not seen.self_signed


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda a: a.name)
def test_the_signature_s_hash_is_named(algorithm):
    assert facts(make(algorithm=algorithm).der).signature_hash == algorithm.name


def test_an_unknown_signature_algorithm_has_no_hash():
    # 1.2.840.10045.4.3.2 is ecdsa-with-SHA256; it stands in the certificate twice
    old, new = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04037f")
    assert GOOD.der.count(old) == 2
    seen = facts(GOOD.der.replace(old, new))
    assert seen.signature_hash == ""
    assert seen.self_issued
    assert not seen.self_signed
    assert seen.dns_names == NAMES


def test_an_rsa_pss_signature_is_verified():
    seen = facts(RSA_PSS)
    assert seen.key == Key("RSA", 1024)
    assert seen.common_names == ("pss.example.com",)
    assert seen.self_issued
    if hasattr(x509.Certificate, "signature_algorithm_parameters"):  # cryptography 41 and newer can
        assert seen.self_signed
        assert seen.signature_hash == "sha256"


def test_a_key_verifies_its_own_signatures_and_no_others():
    root, other = authority(), authority("Test root")
    for key in (None, rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()):
        leaf = make("leaf.example", issuer=root, key=key)
        assert issued_by(facts(leaf.der), facts(root.der))
        assert not issued_by(facts(leaf.der), facts(other.der))
        assert not issued_by(facts(leaf.der), facts(leaf.der))


# Names


def test_self_signed_means_its_own_name_and_its_own_key():
    root = authority()
    own = facts(root.der)
    issued = facts(make(issuer=root).der)
    namesake = facts(make(name("Test root"), issuer=root).der)
    assert (own.self_issued, own.self_signed) == (True, True)
    assert (issued.self_issued, issued.self_signed) == (False, False)
    assert (namesake.self_issued, namesake.self_signed) == (True, False)


def test_its_own_key_under_another_issuer_s_name_is_not_self_signed():
    seen = facts(make(issuer_name=name("Somebody else")).der)
    assert (seen.self_issued, seen.self_signed) == (False, False)


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
    seen = facts(make(subject).der)
    assert seen.common_names == common_names
    assert seen.subject == seen.issuer == text


def test_hostile_characters_in_a_name_are_kept_as_they_are():
    hostile = "a|b\r\nc\x1b[31m\x00"
    assert facts(make(name(hostile)).der).common_names == (hostile,)


def test_nobody_is_called_nothing():
    seen = facts(make(x509.Name([])).der)
    assert (seen.self_issued, seen.self_signed) == (False, False)
    assert seen.display_name == ""


def test_a_person_knows_a_certificate_by_its_common_name_or_else_its_first_alternative_name():
    alternatives = (alternative_names("san.example", "other.example"),)
    assert facts(make("cn.example", extensions=alternatives).der).display_name == "cn.example"
    assert facts(make(x509.Name([]), extensions=alternatives).der).display_name == "san.example"


def test_only_dns_names_and_addresses_are_taken_from_the_alternative_names():
    extension = x509.SubjectAlternativeName(
        [
            x509.RFC822Name("postmaster@example.com"),
            x509.DNSName("mta.example.com"),
            x509.UniformResourceIdentifier("https://example.com/"),
            x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
            x509.DirectoryName(name("dir.example")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x03upn"),
            x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
            x509.DNSName("*.example.com"),
        ]
    )
    seen = facts(make(extensions=(extension,)).der)
    assert seen.dns_names == ("mta.example.com", "*.example.com")
    assert seen.ip_addresses == (ipaddress.ip_address("192.0.2.1").packed, ipaddress.ip_address("2001:db8::1").packed)


def test_without_alternative_names_there_are_none():
    for extensions in ((), (x509.BasicConstraints(ca=False, path_length=None),)):
        seen = facts(make(extensions=extensions).der)
        assert (seen.dns_names, seen.ip_addresses) == ((), ())


def alternative_names_der(*general_names):
    """Return a certificate whose subjectAltName has these octets, which nobody checked."""
    names = b"".join(bytes([tag, len(value)]) + value for tag, value in general_names)
    oid = x509.ObjectIdentifier("2.5.29.17")
    return make(extensions=(x509.UnrecognizedExtension(oid, bytes([0x30, len(names)]) + names),)).der


@pytest.mark.parametrize(
    ("odd", "dns_names", "addresses"),
    [
        ((), (), ()),
        (((0x82, b""),), ("",), ()),
        (((0x87, bytes(5)),), (), (bytes(5),)),
        (((0x87, b""),), (), (b"",)),
        (((0x82, b"b\xfccher.example"),), (r"b\xfccher.example",), ()),
        (((0x82, "bücher.example".encode()),), ("bücher.example",), ()),
        (((0x82, b"nul.example\0.evil.test"),), ("nul.example\0.evil.test",), ()),
        (((0x81, b"\xff@example.com"),), (), ()),
        (((0x89, b"unknown choice"),), (), ()),
    ],
    ids=["empty", "empty name", "5 octets", "0 octets", "Latin-1", "UTF-8", "NUL", "e-mail", "unknown"],
)
def test_an_odd_alternative_name_does_not_hide_the_others(odd, dns_names, addresses):
    good = ((0x82, b"mta.example.com"), (0x87, bytes([192, 0, 2, 1])))
    for entries in ((*odd, *good), (good[0], *odd, good[1])):
        seen = facts(alternative_names_der(*entries))
        assert set(seen.dns_names) == {"mta.example.com", *dns_names}
        assert set(seen.ip_addresses) == {bytes([192, 0, 2, 1]), *addresses}


@pytest.mark.parametrize("size", [8, 32])
def test_a_network_is_no_address(size):
    # RFC 5280 section 4.2.1.10: networks belong into name constraints
    network = bytes([192, 0, 2, 0, 255, 255, 255, 0]) if size == 8 else bytes([32]) + bytes(31)
    seen = facts(alternative_names_der((0x87, network), (0x87, bytes([192, 0, 2, 1]))))
    assert bytes([192, 0, 2, 1]) in seen.ip_addresses
    assert network[: size // 2] not in seen.ip_addresses


def test_a_duplicate_extension_does_not_hide_the_names():
    one = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.120"), b"\x05\x00")
    other = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.121"), b"\x05\x00")
    der = patched(make(extensions=(one, other, alternative_names(*NAMES))).der, (b"\x55\x1d\x79", b"\x55\x1d\x78"))
    with pytest.raises(x509.DuplicateExtension):
        _ = x509.load_der_x509_certificate(der).extensions
    assert facts(der).dns_names == NAMES


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\x05\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x05\x82\x01a",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x04\x00\x04\x00",
        b"\x30\x01\x82",
    ],
)
def test_alternative_names_that_are_no_names_are_none(contents):
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), contents)
    seen = facts(make(extensions=(extension,)).der)
    assert (seen.dns_names, seen.ip_addresses) == ((), ())
    assert seen.common_names == ("mta.example.com",)


def test_what_comes_before_a_broken_name_is_kept():
    contents = b"\x30\x08\x82\x03abc\x82\x09x"
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), contents)
    assert facts(make(extensions=(extension,)).der).dns_names == ("abc",)


def renamed(string):
    """Return a certificate whose subject is a common name of this tag and these octets."""
    return patched(make(name("oddname"), issuer=authority()).der, (b"\x0c\x07oddname", string))


def test_a_subject_that_cannot_be_parsed_is_empty():
    # an IA5String that is not ASCII
    seen = facts(renamed(b"\x16\x07odd\xff\xfe\xfd*"))
    assert seen.common_names == ()
    assert seen.issuer == "CN=Test root"
    assert not seen.self_issued


@pytest.mark.parametrize("common_name", [b"*.a.com", b"a_b.com", b"AT&T Ab", b"a@b.com"])
def test_a_printable_string_with_characters_of_no_printable_string_is_read(common_name):
    # X.680 section 41.4 allows none of * _ & @; certificates have them, and OpenSSL reads them.
    seen = facts(renamed(b"\x13\x07" + common_name))
    assert seen.not_after == END
    assert seen.common_names == (common_name.decode(),)


def test_a_printable_string_that_is_none_does_not_hide_that_a_certificate_is_self_signed():
    unsigned = make(name("oddname"))
    tbs = unsigned.certificate.tbs_certificate_bytes.replace(b"\x0c\x07oddname", b"\x13\x07*.a.com")
    signature = unsigned.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    contents = tbs + algorithm + bytes([3, len(signature) + 1, 0]) + signature
    der = b"\x30\x82" + len(contents).to_bytes(2, "big") + contents
    seen = facts(der)
    assert seen.common_names == ("*.a.com",)
    assert seen.self_signed


def test_a_string_type_that_does_not_exist_is_no_reason_to_stop():
    # 0x0f is not assigned (X.680 table 1)
    assert facts(renamed(b"\x0f\x07oddname")).not_after == END


# Times, numbers, fingerprints


@pytest.mark.parametrize(("start", "end"), [(START, END), (START, PAST), (FUTURE, END)])
def test_dates_are_mere_facts_in_utc(start, end):
    seen = facts(make(start=start, end=end).der)
    assert (seen.not_before, seen.not_after) == (start, end)
    assert seen.not_after.utcoffset() == timedelta(0)
    assert seen.lifetime == end - start


def test_the_serial_number_is_a_fact():
    assert facts(GOOD.der).serial == 0x1234


def test_a_serial_number_that_is_not_positive_is_no_reason_to_stop():
    # RFC 5280 section 4.1.2.2: "Certificate users should be prepared to gracefully handle such certificates."
    der = patched(make().der, (b"\x02\x02\x12\x34", b"\x02\x02\xed\xcc"))
    assert facts(der).serial == -0x1234


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_fingerprints_are_those_of_openssl(digest):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command")
    command = [openssl, "x509", "-inform", "DER", "-noout", "-fingerprint", f"-{digest}"]
    output = subprocess.run(command, input=GOOD.der, capture_output=True, check=True, timeout=60).stdout
    fingerprint = output.decode().strip().partition("=")[2].replace(":", "")
    assert getattr(facts(GOOD.der), digest) == fingerprint


def test_fingerprints_are_upper_case_hexadecimal():
    seen = facts(GOOD.der)
    assert re.fullmatch("[0-9A-F]{40}", seen.sha1)
    assert re.fullmatch("[0-9A-F]{64}", seen.sha256)


# Beyond reading


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"garbage", GOOD.der[:-1], GOOD.der[:100], GOOD.der + b"\x00", b"\x30\x00", GOOD.pem, bytes(1000)],
    ids=["empty", "NUL", "text", "cut short", "cut at 100", "too long", "empty sequence", "PEM", "NULs"],
)
def test_garbage_is_a_certificate_error(garbage):
    with pytest.raises(CertificateError, match="the server's certificate cannot be parsed"):
        facts(garbage)


def test_dates_that_are_none_leave_nothing_to_judge():
    der = patched(make(end=PAST).der, (b"010101000000Z", b"019901000000Z"))
    with pytest.raises(CertificateError):
        facts(der)


def facts_or_error(der):
    """Return the facts, or the one error that there may be."""
    try:
        return facts(der)
    except CertificateError as error:
        return error


@pytest.mark.parametrize("version", [1, 3, 127])
def test_a_version_that_cryptography_does_not_know_is_a_certificate_error_at_worst(version):
    # RFC 5280 section 4.1.2.1: v2 is 1, v3 is 2
    der = patched(GOOD.der, (b"\xa0\x03\x02\x01\x02", bytes([0xA0, 3, 2, 1, version])))
    seen = facts_or_error(der)
    assert "version" in str(seen) or seen.dns_names == NAMES


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


@given(st.binary(max_size=200))
def test_random_octets_are_a_certificate_error(garbage):
    with pytest.raises(CertificateError):
        facts(garbage)


def test_a_certificate_with_many_names_is_read_in_full():
    names = tuple(f"host{number}.example.com" for number in range(2000))
    seen = facts(make(extensions=(alternative_names(*names),)).der)
    assert seen.dns_names == names


def test_many_names_are_read_by_the_fallback_too():
    names = tuple(f"host{number}.example.com" for number in range(5000))
    der = make(extensions=(alternative_names(*names),)).der
    der = patched(der, (b"host0.example.com", b"host\xff.example.com"))
    assert facts(der).dns_names == (r"host\xff.example.com", *names[1:])
