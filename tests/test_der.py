"""DER, and the BER that OpenSSL takes for it: X.690."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import ber, der
from check_starttls_cert.der import DERError

tags = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)


def one(octets):
    """Return the only element in ``octets``."""
    (element,) = der.elements(memoryview(octets))
    return element


def found(octets):
    """Return tag and contents of each element."""
    return [(element.tag, bytes(element.contents)) for element in der.elements(memoryview(octets))]


def indefinite(tag, contents):
    """Return an element of indefinite length (section 8.1.3.6)."""
    return bytes([tag, 0x80]) + contents + b"\0\0"


# Elements


@given(st.lists(st.tuples(tags, st.binary(max_size=300)), max_size=5))
def test_what_is_encoded_is_read_back(elements):
    octets = [ber.encode(*element) for element in elements]
    assert found(b"".join(octets)) == elements
    assert [bytes(element.whole) for element in der.elements(memoryview(b"".join(octets)))] == octets


@given(tags, st.binary(max_size=300), st.integers(2, 126))
def test_every_form_of_a_definite_length_is_taken(tag, contents, octets):
    element = bytes([tag, 0x80 | octets]) + len(contents).to_bytes(octets, "big") + contents
    assert found(element * 2) == [(tag, contents)] * 2


nested = st.recursive(
    st.binary(max_size=5).map(lambda contents: ber.encode(4, contents)),
    lambda inner: (
        st.lists(inner, max_size=3)
        .map(b"".join)
        .flatmap(lambda contents: st.sampled_from([indefinite(0x30, contents), ber.encode(0x30, contents)]))
    ),
    max_leaves=20,
)


@given(nested, nested)
def test_an_indefinite_length_ends_at_its_own_end_of_contents(inner, after):
    assert found(indefinite(0x30, inner) + after)[0] == (0x30, inner)
    assert bytes(next(der.elements(memoryview(indefinite(0x31, inner) + after))).whole) == indefinite(0x31, inner)


def test_the_search_for_an_end_has_one():
    with pytest.raises(DERError, match="does not end"):
        found(indefinite(0x30, b"\x05\0" * der.MAX_INDEFINITE))


@pytest.mark.parametrize("depth", [1, 40_000])
def test_depth_costs_no_stack(depth):
    octets = b"\x30\x80" * depth + b"\0\0" * depth
    assert len(one(octets).contents) == 4 * (depth - 1)
    with pytest.raises(DERError, match="cut short"):
        list(der.elements(memoryview(octets[:-1])))


def test_a_tag_of_several_octets_is_passed_over():
    assert found(b"\xbf\x81\x01\x01x" + b"\x04\x01y") == [(0xBF, b"x"), (4, b"y")]


@pytest.mark.parametrize("octets", ["04", "0401", "048201", "0484ffffffff", "1f", "1f81", "3080", "308004", "30800401"])
def test_an_element_that_is_cut_short_is_an_error(octets):
    with pytest.raises(DERError, match="cut short"):
        found(bytes.fromhex(octets))


def test_only_what_has_elements_inside_may_have_no_length():
    with pytest.raises(DERError, match="has no length"):
        found(b"\x04\x80\0\0")


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_but_der_error(garbage):
    try:
        elements = list(der.elements(memoryview(garbage)))
    except DERError:
        return
    assert b"".join(bytes(element.whole) for element in elements) == garbage


@given(st.binary(max_size=60), st.integers(0, 5))
def test_readable_elements_are_those_before_a_broken_one(garbage, limit):
    whole = b"\x04\x01a" * 3
    assert len(der.readable(memoryview(whole + garbage), 3)) == 3
    assert len(der.readable(memoryview(whole + b"\x04\x05x"), limit)) == min(limit, 3)


def test_what_is_no_sequence_has_nothing_inside():
    assert [element.tag for element in der.sequence(one(b"\x30\x02\x05\0"))] == [5]
    assert [element.tag for element in der.sequence(one(b"\x31\x02\x05\0"), der.SET)] == [5]
    with pytest.raises(DERError, match="0x31, not 0x30"):
        list(der.sequence(one(b"\x31\x02\x05\0")))


def test_a_single_element_is_the_first_and_there_must_be_one():
    assert der.single(memoryview(b"\x04\x01a\x04")).contents == b"a"
    with pytest.raises(DERError, match="nothing"):
        der.single(memoryview(b""))


@pytest.mark.parametrize("octets", ["30020500", "3000", "310405000500", "3003050005"])
def test_a_pair_is_a_sequence_of_two(octets):
    assert [part.tag for part in der.pair(one(b"\x30\x06\x05\0\x04\0\x04\x05"))] == [5, 4]
    with pytest.raises(DERError, match="two"):
        der.pair(one(bytes.fromhex(octets)))


# Values


def test_a_string_may_be_in_pieces():
    assert der.string(one(b"\x0c\x02ab")) == b"ab"
    assert (
        der.string(one(ber.encode(0x2C, b"\x0c\x02ab", ber.encode(0x2C, b"\x0c\x01c", b"\x0c\0"), b"\x04\x01d")))
        == b"abcd"
    )
    assert der.string(one(indefinite(0x24, b"\x04\x01a\x04\x01b"))) == b"ab"


def test_pieces_of_pieces_have_an_end():
    octets = b"\x04\x01a"
    for _ in range(der.MAX_PIECES_DEPTH):
        octets = ber.encode(0x24, octets)
    assert der.string(one(octets)) == b"a"
    with pytest.raises(DERError, match="pieces"):
        der.string(one(ber.encode(0x24, octets)))


@pytest.mark.parametrize(("octets", "value"), [("0101ff", True), ("010101", True), ("010100", False)])
def test_every_octet_but_zero_is_true(octets, value):
    assert der.boolean(one(bytes.fromhex(octets))) is value


@pytest.mark.parametrize("octets", ["0100", "01020000", "0201ff"])
def test_other_elements_are_no_boolean(octets):
    with pytest.raises(DERError, match="BOOLEAN"):
        der.boolean(one(bytes.fromhex(octets)))


@given(st.integers(), st.integers(0, 5))
def test_integers_are_read_at_any_size_with_padding(number, padding):
    size = number.bit_length() // 8 + 1 + padding
    assert der.integer(one(ber.encode(2, number.to_bytes(size, "big", signed=True)))) == number


@pytest.mark.parametrize("octets", ["0200", "0a0101"])
def test_other_elements_are_no_integer(octets):
    with pytest.raises(DERError, match="INTEGER"):
        der.integer(one(bytes.fromhex(octets)))


@pytest.mark.parametrize(
    ("octets", "value"), [("030100", ""), ("03020780", "80"), ("030207ff", "80"), ("030300ffff", "ffff")]
)
def test_unused_bits_are_clear(octets, value):
    assert der.bits(one(bytes.fromhex(octets))).hex() == value


@pytest.mark.parametrize("octets", ["0300", "03020880", "040200ff"])
def test_other_elements_are_no_bit_string(octets):
    with pytest.raises(DERError, match="BIT STRING"):
        der.bits(one(bytes.fromhex(octets)))


def test_object_identifiers_are_numbers_and_dots():
    # The examples of X.690 section 8.19.5 and RFC 5280; 2.999 is for examples (X.660).
    for octets, text in (
        ("0603883703", "2.999.3"),
        ("0603551d11", "2.5.29.17"),
        ("06052b0e03021a", "1.3.14.3.2.26"),
        ("060100", "0.0"),
    ):
        assert der.object_identifier(one(bytes.fromhex(octets))) == text


@pytest.mark.parametrize("contents", [b"", b"\x55\x80", b"\x55" * (der.MAX_OID + 1), b"\xff" * 100_000])
def test_what_is_no_object_identifier_or_too_long_is_shown_in_hexadecimal(contents):
    shown = der.object_identifier(one(ber.encode(6, contents)))
    assert shown == "#" + contents[: der.MAX_OID].hex()


def test_another_element_is_no_object_identifier():
    with pytest.raises(DERError, match="OBJECT IDENTIFIER"):
        der.object_identifier(one(b"\x05\0"))


# Times


def utc(*numbers):
    """Return a moment."""
    return datetime(*numbers, tzinfo=timezone.utc)


MOMENTS = [
    (0x17, "491231235959Z", utc(2049, 12, 31, 23, 59, 59)),
    (0x17, "500101000000Z", utc(1950, 1, 1)),
    (0x17, "9912312359Z", utc(1999, 12, 31, 23, 59)),
    (0x17, "000101013000+0130", utc(2000, 1, 1)),
    (0x17, "9912312330-0030", utc(2000, 1, 1)),
    (0x18, "20000229000000Z", utc(2000, 2, 29)),
    (0x18, "200002290000Z", utc(2000, 2, 29)),
    (0x18, "20000229000000.5Z", utc(2000, 2, 29)),
    (0x18, "20000229000000.123456789-0100", utc(2000, 2, 29, 1)),
    (0x18, "19491231235960Z", utc(1950, 1, 1)),
    (0x18, "00010101000000Z", utc(1, 1, 1)),
    (0x18, "99991231235959Z", utc(9999, 12, 31, 23, 59, 59)),
    (0x18, "99991231235959-0100", der.LAST),
    (0x18, "00000101000000Z", der.FIRST),
    (0x18, "00000229000000Z", der.FIRST),
    (0x18, "00010101000000+0100", der.FIRST),
]


@pytest.mark.parametrize(("tag", "text", "moment"), MOMENTS, ids=[text for _, text, _ in MOMENTS])
def test_a_time_is_read_in_all_forms_that_exist(tag, text, moment):
    assert der.moment(one(ber.encode(tag, text.encode()))) == moment
    assert der.moment(one(ber.encode(tag | 0x20, ber.encode(tag, text.encode())))) == moment


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x17, ""),
        (0x17, "Z"),
        (0x17, "000101000000"),
        (0x17, "19000101000000Z"),
        (0x17, "000101000000.5Z"),
        (0x17, "001301000000Z"),
        (0x17, "000230000000Z"),
        (0x17, "000101000061Z"),
        (0x17, "000101000000Z0"),
        (0x17, "000101000000+1"),
        (0x17, "000101000000*0100"),
        (0x17, "000101000000+01\u0661".encode().decode("latin-1")),
        (0x18, "000101000000Z"[:11]),
        (0x18, "20000101000000"),
        (0x18, "20000001000000Z"),
        (0x18, "20000101000000.Z5"),
        (0x0C, "20000101000000Z"),
        (0x04, "000101000000Z"),
    ],
)
def test_other_strings_are_no_time(tag, text):
    with pytest.raises(DERError):
        der.moment(one(ber.encode(tag, text.encode("latin-1"))))


@given(st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31, 23, 59, 59)))  # noqa: DTZ001 - of strategies
def test_both_kinds_of_time_are_the_same_moment(moment):
    moment = moment.replace(microsecond=0, tzinfo=timezone.utc)
    assert der.moment(one(ber.encode(0x17, f"{moment:%y%m%d%H%M%SZ}".encode()))) == moment
    assert der.moment(one(ber.encode(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode()))) == moment
    assert der.moment(one(ber.encode(0x18, f"{moment:%Y%m%d%H%M%S}+0015".encode()))) == moment - timedelta(minutes=15)


@given(st.sampled_from([0x17, 0x18]), st.text("0123456789Z+-.", max_size=20) | st.binary(max_size=20))
def test_no_string_makes_reading_a_time_fail_otherwise(tag, text):
    text = text if isinstance(text, bytes) else text.encode()
    with contextlib.suppress(DERError):
        assert der.moment(one(ber.encode(tag, text))).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("tag", "text", "strict"),
    [
        (0x17, b"261124000000Z", True),
        (0x18, b"20261124000000Z", True),
        (0x17, b"2611240000Z", False),
        (0x17, b"261124000000+0000", False),
        (0x18, b"20261124000000.5Z", False),
        (0x17, b"261124000060Z", False),
        (0x04, b"261124000000Z", False),
    ],
)
def test_a_time_is_strict_to_the_second_in_utc(tag, text, strict):
    assert der.is_strict_moment(one(ber.encode(tag, text))) is strict
