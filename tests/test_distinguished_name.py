"""Distinguished names: RFC 4514 for people, RFC 5280 section 7.1 for comparison, and what is met in the wild."""

from __future__ import annotations

import pytest
from certificates import (
    BMP,
    COMMON_NAME,
    IA5,
    LIBRARY_KEEPS_ORDER,
    NUMERIC,
    ORGANIZATION,
    PRINTABLE,
    SIGNER,
    T61,
    UNIVERSAL,
    UTF8,
    VISIBLE,
    attribute,
    distinguished,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import der
from check_starttls_cert.ber import encode
from check_starttls_cert.distinguished_name import read


def parsed(octets):
    """Return the name in these octets."""
    return read(der.single(memoryview(octets)))


def common(value, tag=UTF8):
    """Return the name that is one common name."""
    return parsed(distinguished(attribute(value, tag)))


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
types = st.sampled_from(
    ["2.5.4.3", "2.5.4.10", "2.5.4.9", "0.9.2342.19200300.100.1.1", "1.2.840.113549.1.9.2", "2.999.7"]
)


parts_of_names = st.lists(st.tuples(types, texts), min_size=1, max_size=3 if LIBRARY_KEEPS_ORDER else 1, unique=True)


@given(st.lists(parts_of_names, max_size=4))
def test_a_name_is_written_as_the_library_writes_it(parts):
    name = x509.Name(
        x509.RelativeDistinguishedName(
            x509.NameAttribute(x509.ObjectIdentifier(kind), text, _validate=False) for kind, text in part
        )
        for part in parts
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    # Out of DER, where the attributes of a part are sorted.
    name = x509.load_der_x509_csr(builder.sign(SIGNER, hashes.SHA256()).public_bytes(Encoding.DER)).subject
    seen = parsed(name.public_bytes())
    assert seen.intact
    assert seen.text == name.rfc4514_string()
    assert [each.value for each in seen.attributes] == [each.value for each in name]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "CN="),
        (" ", "CN=\\ "),
        ("  ", "CN=\\ \\ "),
        ("#a", "CN=\\#a"),
        ('a,b+c"d\\e;f<g>h', 'CN=a\\,b\\+c\\"d\\\\e\\;f\\<g\\>h'),
        ("a\0b", "CN=a\\00b"),
        ("a=b", "CN=a=b"),
    ],
)
def test_special_characters_are_escaped(value, text):
    seen = common(value.encode())
    assert seen.text == text
    assert seen.common_names == (value,)


def test_the_last_part_comes_first_and_parts_of_several_attributes_stay_together():
    both = encode(0x31, attribute(b"b"), attribute(b"a", kind=ORGANIZATION))
    seen = parsed(encode(0x30, encode(0x31, attribute(b"Lab", kind=ORGANIZATION)), both))
    assert seen.text == "CN=b+O=a,O=Lab"
    assert [str(each) for each in seen.attributes] == ["O=Lab", "CN=b", "O=a"]


@pytest.mark.parametrize(
    ("tag", "octets", "text"),
    [
        (UTF8, "mäil".encode(), "mäil"),
        (UTF8, b"m\xe4il", "m\\xe4il"),
        (T61, b"m\xe4il", "mäil"),
        (PRINTABLE, b"m\xe4il", "mäil"),
        (PRINTABLE, b"*.a_b@c&d", "*.a_b@c&d"),
        (IA5, b"m\xe4il", "mäil"),
        (VISIBLE, b"mail", "mail"),
        (NUMERIC, b"mail 7", "mail 7"),
        (BMP, "mäil".encode("utf-16-be"), "mäil"),
        (UNIVERSAL, "mäil".encode("utf-32-be"), "mäil"),
        (UTF8 | 0x20, encode(UTF8, b"ma") + encode(UTF8, b"il"), "mail"),
    ],
)
def test_every_kind_of_string_is_text(tag, octets, text):
    seen = common(octets, tag)
    assert seen.common_names == (text,)
    assert seen.intact


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (BMP, b"\0m\0"),
        (UNIVERSAL, b"\0\0\0"),
        (0x04, b"mail"),
        (0x02, b"\7"),
        (0x30, b"\x0c\1x"),
        (0x03, b"\0\1"),
        (0x2C, b"\x0c\5x"),
    ],
)
def test_what_is_no_string_is_its_octets_in_hexadecimal(tag, octets):
    seen = common(octets, tag)
    assert seen.text == "CN=#" + encode(tag, octets).hex()
    assert seen.intact


CN = attribute(b"mta.example.com")


@pytest.mark.parametrize(
    "odd",
    [
        encode(0x31, encode(0x30)),
        encode(0x31, encode(0x30, COMMON_NAME)),
        encode(0x31, encode(0x30, encode(UTF8, b"x"), encode(UTF8, b"x"))),
        encode(0x31, encode(UTF8, b"x")),
        encode(0x31, b"\x30\x05"),
        encode(0x30, CN),
        encode(0x05),
    ],
)
def test_one_odd_attribute_costs_itself_and_not_the_name(odd):
    good = encode(0x31, CN)
    for octets in (encode(0x30, good, odd), encode(0x30, odd, good)):
        seen = parsed(octets)
        assert seen.text == "CN=mta.example.com"
        assert not seen.intact
        # A name of which a part cannot be read is the same as itself only.
        assert seen.canonical == parsed(octets).canonical != parsed(encode(0x30, good)).canonical


@pytest.mark.parametrize("octets", [b"\x05\0", b"\x31\0", b"\x30\x02\x31\x05"])
def test_what_is_no_name_at_all_is_empty_and_not_intact(octets):
    seen = parsed(octets)
    assert (seen.text, seen.intact) == ("", False)
    assert seen.canonical


def test_the_empty_name_is_one():
    assert parsed(b"\x30\0") == ((), b"", True)


# Comparison


SAME = [
    (b"issuing ca", UTF8),
    (b"ISSUING ca", PRINTABLE),
    (b"  Issuing \t CA\n", IA5),
    (b"Issuing CA", T61),
    (b"Issuing CA", VISIBLE),
    ("Issuing CA".encode("utf-16-be"), BMP),
    ("Issuing CA".encode("utf-32-be"), UNIVERSAL),
]


@pytest.mark.parametrize(("value", "tag"), SAME)
def test_case_spaces_and_the_kind_of_string_make_no_other_name(value, tag):
    assert common(value, tag).canonical == common(b"Issuing CA").canonical


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (b"IssuingCA", UTF8),
        (b"Issuing C\xc3\xa4", UTF8),
        (b"Issuing CA", NUMERIC),
        (b"Issuing CA", 0x04),
        ("Issuing\u00a0CA".encode(), UTF8),
        ("I\u017f\u017fuing CA".encode(), UTF8),
    ],
)
def test_another_name_is_another(value, tag):
    assert common(value, tag).canonical != common(b"Issuing CA").canonical


def test_only_ascii_has_no_case():
    assert common("Ä".encode()).canonical != common("ä".encode()).canonical
    assert common(b"\xc4", T61).canonical == common("Ä".encode()).canonical


def test_the_order_within_a_part_and_empty_parts_make_no_other_name():
    one, two = attribute(b"a"), attribute(b"b", kind=ORGANIZATION)
    name = parsed(encode(0x30, encode(0x31, one, two)))
    assert parsed(encode(0x30, encode(0x31), encode(0x31, two, one))).canonical == name.canonical
    assert parsed(distinguished(one, two)).canonical != name.canonical
    assert parsed(distinguished(one, two)).canonical != parsed(distinguished(two, one)).canonical


@given(st.binary(max_size=60))
def test_no_octets_make_reading_a_name_fail(garbage):
    seen = parsed(encode(0x30, garbage))
    assert isinstance(seen.text, str)
    assert isinstance(seen.canonical, bytes)
