"""BER as X.690 section 8.1 defines it, less what LDAP and DER rule out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert import ber
from check_starttls_cert.ber import BERError

tags = st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F)


def reader(data):
    """Return a ``read(n)`` over ``data`` that must not be asked for more than there is."""
    rest = bytearray(data)

    def read(size):
        if size > len(rest):
            raise EOFError(size)
        taken = bytes(rest[:size])
        del rest[:size]
        return taken

    return read


def long_form(tag, contents, octets):
    """Return an element with its length in ``octets`` octets (section 8.1.3.5)."""
    return bytes([tag, 0x80 | octets]) + len(contents).to_bytes(octets, "big") + contents


@given(tags, st.lists(st.binary(max_size=30), max_size=4))
def test_what_is_encoded_is_read_back(tag, contents):
    element = ber.encode(tag, *contents)
    assert ber.read_element(reader(element)) == (tag, b"".join(contents))
    assert list(ber.elements(element)) == [(tag, b"".join(contents))]


@given(tags, st.binary(max_size=300), st.integers(2, 126))
def test_every_definite_length_form_is_taken(tag, contents, octets):
    element = long_form(tag, contents, octets)
    assert ber.read_element(reader(element)) == (tag, contents)
    assert list(ber.elements(element * 2)) == [(tag, contents)] * 2


@pytest.mark.parametrize("size", [0, 1, 127])
def test_the_short_form_reaches_to_127(size):
    assert ber.encode(4, b"x" * size) == bytes([4, size]) + b"x" * size


@given(st.lists(st.tuples(tags, st.binary(max_size=127)), max_size=6))
def test_elements_are_read_in_their_order(elements):
    assert list(ber.elements(b"".join(ber.encode(tag, contents) for tag, contents in elements))) == elements


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("30 80 00 00", "indefinite"),
        ("1f 22 01 00", "high tag number"),
        ("7f 78 01 00", "high tag number"),
        ("30 84 ff ff ff ff", "more than 65536"),
        ("30 88 ff ff ff ff ff ff ff ff", "more than 65536"),
        ("30 83 01 00 01", "more than 65536"),
    ],
)
def test_what_ldap_does_not_allow_is_refused_before_its_contents_are_awaited(octets, words):
    with pytest.raises(BERError, match=words):
        ber.read_element(reader(bytes.fromhex(octets)))


def test_an_element_of_just_the_limit_is_read():
    contents = b"x" * ber.MAX_CONTENTS
    assert ber.read_element(reader(long_form(4, contents, 3))) == (4, contents)
    assert ber.read_element(reader(b"\x04\x02ab"), limit=2) == (4, b"ab")
    with pytest.raises(BERError, match="more than 1 octets"):
        ber.read_element(reader(b"\x04\x02ab"), limit=1)


def test_another_tag_than_the_expected_one_is_refused_before_its_length_is_believed():
    assert ber.read_element(reader(b"\x30\x00"), expected=ber.SEQUENCE) == (ber.SEQUENCE, b"")
    with pytest.raises(BERError, match="starts with 0x32, not with 0x30"):
        ber.read_element(reader(b"\x32\x7f"), expected=ber.SEQUENCE)


def test_only_the_element_is_read():
    read = reader(b"\x04\x01a\x04\x01b")
    assert ber.read_element(read) == (4, b"a")
    assert read(3) == b"\x04\x01b"


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_but_ber_error(garbage):
    try:
        found = list(ber.elements(garbage))
    except BERError:
        return
    assert sum(2 + len(contents) for _, contents in found) <= len(garbage)


@given(st.lists(st.tuples(tags, st.binary(max_size=20)), min_size=1, max_size=3), st.data())
def test_elements_cut_short_are_an_error(elements, data):
    whole = b"".join(ber.encode(*element) for element in elements)
    last = len(ber.encode(*elements[-1]))
    cut = data.draw(st.integers(len(whole) - last + 1, len(whole) - 1))
    with pytest.raises(BERError):
        list(ber.elements(whole[:cut]))


def test_what_precedes_a_broken_element_is_still_given():
    elements = ber.elements(b"\x04\x01a\x04\x05b")
    assert next(elements) == (4, b"a")
    with pytest.raises(BERError, match=r"cut short|more than"):
        next(elements)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(4, 20))
def test_integers_are_two_s_complement_of_any_length(number, octets):
    assert ber.integer(number.to_bytes(octets, "big", signed=True)) == number


@pytest.mark.parametrize(("octets", "number"), [("01", 1), ("00 00 01", 1), ("ff", -1), ("00 80", 128), ("80", -128)])
def test_integers_are_those_of_the_standard(octets, number):
    assert ber.integer(bytes.fromhex(octets)) == number


def test_an_integer_has_contents():
    with pytest.raises(BERError, match="INTEGER"):
        ber.integer(b"")
