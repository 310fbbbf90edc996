"""Literals: octets that are no lines, wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts import BYTEWISE, WHOLE, Babbler, wire_to

from check_starttls_cert.errors import ProtocolError
from check_starttls_cert.starttls.literal import read_line


def reading(octets, chunk=WHOLE):
    return wire_to(Babbler(octets, "close", chunk))


@given(st.lists(st.binary(max_size=30), max_size=4), st.sampled_from([WHOLE, BYTEWISE]))
def test_a_line_ends_after_its_literals_whatever_they_hold(literals, chunk):
    line = b"".join(b"* {%d}\r\n%s" % (len(literal), literal) for literal in literals) + b" end"
    wire = reading(line + b"\r\nnext\r\n", chunk)
    assert read_line(wire) == line
    assert read_line(wire) == b"next"


@pytest.mark.parametrize("line", [b"{3} is not last", b"{}", b"{-1}", b"{x}", b"{3", b"3}", b"{0x3}"])
def test_what_only_looks_like_an_announcement_is_none(line):
    assert read_line(reading(line + b"\r\nnext\r\n")) == line


@pytest.mark.parametrize("size", [b"131073", b"99999999999999999999"])
def test_more_than_is_ever_read_is_refused_before_it_comes(size):
    with pytest.raises(ProtocolError, match=f"announces {size.decode()} bytes"):
        read_line(reading(b"{%s}\r\n" % size))
