"""The extensions of a certificate: RFC 5280 section 4.2, each read alone."""

from __future__ import annotations

import ipaddress

import pytest
from certificates import (
    AUTHORITY_INFO,
    AUTHORITY_KEY_ID,
    BASIC_CONSTRAINTS,
    CRL_POINTS,
    EXTENDED_KEY_USAGE,
    KEY_USAGE,
    MTA_SAN,
    SAN,
    SUBJECT_KEY_ID,
    extension,
    make,
    name,
)
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import der, extensions, oids
from check_starttls_cert.ber import encode
from check_starttls_cert.certificate import Facts


def read(*octets):
    """Return the facts in these extensions, and what is malformed."""
    return extensions.read(der.single(memoryview(encode(0xA3, encode(0x30, *octets)))))


def of_library(*values):
    """Return the facts in extensions that the library has made."""
    made = make(extensions=values).der
    fields = list(der.sequence(next(der.sequence(der.single(memoryview(made))))))
    found, malformed = extensions.read(fields[-1])
    assert malformed == []
    return found


def alternative(*names):
    """Return a subjectAltName of these tags and octets."""
    return extension(SAN, encode(0x30, *(encode(tag, value) for tag, value in names)))


GOOD = ((0x82, b"mta.example.com"), (0x87, bytes([192, 0, 2, 1])))


# subjectAltName


def test_only_dns_names_and_addresses_are_taken_from_the_alternative_names():
    found = of_library(
        x509.SubjectAlternativeName(
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
    )
    addresses = tuple(ipaddress.ip_address(text).packed for text in ("192.0.2.1", "2001:db8::1"))
    assert found == {"dns_names": ("mta.example.com", "*.example.com"), "ip_addresses": addresses}


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
        (((0xA2, encode(0x16, b"in.") + encode(0x16, b"pieces")),), ("in.pieces",), ()),
        (((0x81, b"\xff@example.com"),), (), ()),
    ],
    ids=["empty", "empty name", "5 octets", "0 octets", "Latin-1", "UTF-8", "NUL", "pieces", "e-mail"],
)
def test_an_odd_alternative_name_does_not_hide_the_others(odd, dns_names, addresses):
    for entries in ((*odd, *GOOD), (GOOD[0], *odd, GOOD[1])):
        found, malformed = read(alternative(*entries))
        assert set(found["dns_names"]) == {"mta.example.com", *dns_names}
        assert set(found["ip_addresses"]) == {bytes([192, 0, 2, 1]), *addresses}
        assert malformed == []


@pytest.mark.parametrize("tag", [0x89, 0x9E, 0x16, 0x42])
def test_what_is_no_general_name_hides_no_other_and_is_malformed(tag):
    found, malformed = read(alternative(GOOD[0], (tag, b"x"), GOOD[1]))
    assert found == {"dns_names": ("mta.example.com",), "ip_addresses": (bytes([192, 0, 2, 1]),)}
    assert malformed == ["subjectAltName"]


@pytest.mark.parametrize("size", [8, 32])
def test_a_network_is_no_address(size):
    # RFC 5280 section 4.2.1.10: networks belong into name constraints
    network = bytes([192, 0, 2, 0, 255, 255, 255, 0]) if size == 8 else bytes([32]) + bytes(31)
    found, _ = read(alternative((0x87, network), GOOD[1]))
    assert network[: size // 2] not in found["ip_addresses"]
    assert GOOD[1][1] in found["ip_addresses"]


@pytest.mark.parametrize(
    "contents", [b"", b"\x05\x00", b"\x30\x80\x04\x00", b"\x30\x05\x82\x01a", b"\x30\x84\xff", b"\x30\x01\x82"]
)
def test_alternative_names_that_are_no_names_are_none(contents):
    found, malformed = read(extension(SAN, contents))
    assert not found.get("dns_names")
    assert malformed == ["subjectAltName"]


def test_what_comes_before_a_broken_name_is_kept():
    found, malformed = read(extension(SAN, b"\x30\x08\x82\x03abc\x82\x09x"))
    assert found["dns_names"] == ("abc",)
    assert malformed == ["subjectAltName"]


# What it may be used for


@pytest.mark.parametrize(
    ("value", "is_ca", "path_length"),
    [
        ("3000", False, None),
        ("3003010100", False, None),
        ("30030101ff", True, None),
        ("3003010101", True, None),
        ("30060101ff020100", True, 0),
        ("30060101ff020103", True, 3),
        ("3003020103", False, 3),
    ],
)
def test_basic_constraints_are_read_with_their_defaults_written_or_not(value, is_ca, path_length):
    found, malformed = read(extension(BASIC_CONSTRAINTS, bytes.fromhex(value)))
    assert (found["is_ca"], found.get("path_length")) == (is_ca, path_length)
    assert malformed == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("30060101ff0201ff", "basicConstraints has a negative path length"),
        ("3004010200ff", "basicConstraints"),
        ("0500", "basicConstraints"),
    ],
)
def test_broken_basic_constraints_are_malformed(value, words):
    assert read(extension(BASIC_CONSTRAINTS, bytes.fromhex(value)))[1] == [words]


USAGES = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
USAGES += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]


@given(st.sets(st.sampled_from(USAGES), min_size=1))
def test_key_usages_are_those_that_the_library_sees(chosen):
    if {"encipher_only", "decipher_only"} & chosen:
        chosen |= {"key_agreement"}
    usage = x509.KeyUsage(**{each: each in chosen for each in USAGES})
    seen = {oids.KEY_USAGES[USAGES.index(each)] for each in chosen}
    assert of_library(usage) == {"key_usage": seen}


def test_unused_bits_are_no_usage_and_no_usage_at_all_is_malformed():
    assert read(extension(KEY_USAGE, b"\x03\x02\x07\x81")) == ({"key_usage": {"digitalSignature"}}, [])
    for empty in (b"\x03\x01\0", b"\x03\x02\0\0", b"\x03\x02\x07\x7f"):
        assert read(extension(KEY_USAGE, empty)) == ({"key_usage": frozenset()}, ["keyUsage is empty"])
    assert read(extension(KEY_USAGE, b"\x05\0")) == ({}, ["keyUsage"])


def test_extended_key_usages_are_names_and_unknown_ones_numbers():
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("2.999.3")]
    found = of_library(x509.ExtendedKeyUsage(usages))
    assert found == {"extended_key_usage": ("serverAuth", "clientAuth", "2.999.3")}
    assert read(extension(EXTENDED_KEY_USAGE, b"\x30\0")) == ({"extended_key_usage": ()}, [])
    assert read(extension(EXTENDED_KEY_USAGE, b"\x05\0")) == ({}, ["extendedKeyUsage"])


# Identifiers and addresses


def test_key_identifiers_are_octets():
    found = of_library(x509.SubjectKeyIdentifier(b"own"), x509.AuthorityKeyIdentifier(b"issuer's", None, None))
    assert found == {"subject_key_id": b"own", "authority_key_id": b"issuer's"}


def test_an_authority_may_be_known_by_its_serial_number_alone():
    identifier = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(name("Root"))], 7)
    assert of_library(identifier) == {}


def test_broken_key_identifiers_are_malformed():
    assert read(extension(SUBJECT_KEY_ID, b"\x05\0"), extension(AUTHORITY_KEY_ID, b"\x05\0")) == (
        {},
        ["subjectKeyIdentifier", "authorityKeyIdentifier"],
    )


def url(text):
    """Return a URL as a general name."""
    return x509.UniformResourceIdentifier(text)


def test_addresses_of_ocsp_issuers_and_lists_are_found():
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url("http://ocsp.example/")),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, url("http://ca.example/ca.crt")),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.DirectoryName(name("ldap"))),
            x509.AccessDescription(x509.ObjectIdentifier("2.999.3"), url("http://other.example/")),
        ]
    )
    points = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [url("http://a.example/"), x509.DirectoryName(name("x")), url("ldap:///")], None, None, None
            ),
            x509.DistributionPoint(None, x509.RelativeDistinguishedName(list(name("x"))), None, None),
            x509.DistributionPoint(None, None, None, [x509.DirectoryName(name("x"))]),
        ]
    )
    assert of_library(access, points) == {
        "ocsp_urls": ("http://ocsp.example/",),
        "issuer_urls": ("http://ca.example/ca.crt",),
        "crl_urls": ("http://a.example/", "ldap:///"),
    }


def test_addresses_before_a_broken_one_are_kept():
    ocsp = encode(0x30, encode(6, bytes.fromhex("2b06010505073001")), encode(0x86, b"http://ocsp.example/"))
    point = encode(0x30, encode(0xA0, encode(0xA0, encode(0x86, b"http://crl.example/"))))
    found, malformed = read(
        extension(AUTHORITY_INFO, encode(0x30, ocsp, b"\x05\0")), extension(CRL_POINTS, encode(0x30, point, b"\x05\0"))
    )
    assert found["ocsp_urls"] == ("http://ocsp.example/",)
    assert found["crl_urls"] == ("http://crl.example/",)
    assert malformed == ["authorityInfoAccess", "cRLDistributionPoints"]


# Extensions as such


@pytest.mark.parametrize("critical", [b"", b"\1\1\0", b"\1\1\xff", b"\1\1\1"])
def test_an_extension_is_read_however_it_is_called_critical(critical):
    assert read(extension(SAN, encode(0x30, encode(0x82, b"a")), critical=critical))[0]["dns_names"] == ("a",)


def test_of_an_extension_that_is_there_twice_the_first_counts():
    found, malformed = read(MTA_SAN, alternative((0x82, b"other")), alternative((0x82, b"third")))
    assert found["dns_names"] == ("mta.example.com",)
    assert set(malformed) == {"subjectAltName is there twice"}


def test_an_unknown_extension_is_passed_over_even_twice():
    unknown = extension("883703", b"\x05\0")
    assert read(unknown, MTA_SAN, unknown) == read(MTA_SAN)


@pytest.mark.parametrize(
    "odd",
    [
        b"\x05\0",
        b"\x30\0",
        b"\x30\x02\x05\0",
        b"\x30\x03\x06\x02\x55",
        encode(0x30, encode(6, bytes.fromhex(BASIC_CONSTRAINTS))),
    ],
)
def test_an_odd_extension_costs_itself(odd):
    for octets in ((odd, MTA_SAN), (MTA_SAN, odd)):
        assert read(*octets)[0]["dns_names"] == ("mta.example.com",)


NETSCAPE_TYPE, NAME_CONSTRAINTS = "6086480186f8420101", "551d1e"


def test_netscapes_types_are_names():
    assert read(extension(NETSCAPE_TYPE, encode(3, b"\x06\x40"))) == ({"netscape_types": {"sslServer"}}, [])


@pytest.mark.parametrize("broken", [b"\x04\x00", b"\x30\x02\x05\x01", b"\x30\x04\xa0\x02\x05\x00"])
def test_name_constraints_are_only_asked_whether_they_can_be_read(broken):
    good = encode(0x30, encode(0xA0, encode(0x30, encode(0x82, b"example.com"))))
    assert read(extension(NAME_CONSTRAINTS, good)) == ({"constrains_names": True}, [])
    assert read(extension(NAME_CONSTRAINTS, broken)) == ({"constrains_names": True}, ["nameConstraints"])


@pytest.mark.parametrize("true", [b"\x01\x01\xff", b"\x01\x01\x01"])
def test_critical_extensions_that_openssl_does_not_know_are_numbers_each_once(true):
    odd = extension("2a0304", b"\x05\x00", critical=true)
    assert read(odd, odd)[0] == {"unknown_critical": ("1.2.3.4",)}
    assert read(extension("2a0304", b"\x05\x00", critical=b"\x01\x01\x00")) == ({}, [])
    assert "unknown_critical" not in read(extension(KEY_USAGE, encode(3, b"\x07\x80"), critical=true))[0]


def test_extensions_that_are_none_are_malformed():
    assert extensions.read(der.single(memoryview(b"\xa3\0"))) == ({}, ["extensions"])
    assert extensions.read(der.single(memoryview(b"\xa3\x02\x05\0"))) == ({}, ["extensions"])
    assert read(MTA_SAN, b"\x30\x05")[1] == ["extensions"]
    assert extensions.read(der.single(memoryview(b"\xa3\x02\x30\0"))) == ({}, [])


ALL = (
    SAN,
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    EXTENDED_KEY_USAGE,
    SUBJECT_KEY_ID,
    AUTHORITY_KEY_ID,
    CRL_POINTS,
    AUTHORITY_INFO,
    NETSCAPE_TYPE,
    NAME_CONSTRAINTS,
)


@given(st.sampled_from(ALL), st.binary(max_size=60))
def test_no_octets_make_it_fail(oid, garbage):
    found, malformed = read(extension(oid, garbage), extension(oid, encode(0x30, garbage)), MTA_SAN)
    assert malformed  # it is there twice
    assert set(found) <= set(Facts._fields)


def test_every_extension_that_is_read_is_among_the_tests():
    numbers = {der.object_identifier(der.single(memoryview(encode(6, bytes.fromhex(oid))))) for oid in ALL}
    assert numbers == set(extensions.READERS)
