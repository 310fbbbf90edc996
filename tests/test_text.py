"""Foreign text is one printable, bounded line, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_starttls_cert.text import MAX_LENGTH, counted, printable


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("", ""),
        ("454 TLS not available", "454 TLS not available"),
        ("Müller & Söhne", "Müller & Söhne"),
        (b"gr\xc3\xbcn", "grün"),
        (b"gr\xfcn", r"gr\xfcn"),
        ("a|b", r"a\x7cb"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("nul\x00", r"nul\x00"),
        ("csi\x9b", r"csi\x9b"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_cannot_do_harm_stays_and_the_rest_becomes_escapes(foreign, shown):
    assert printable(foreign) == shown


@given(st.one_of(st.text(), st.binary()), st.integers(min_value=3, max_value=50))
def test_nothing_gets_through(foreign, limit):
    shown = printable(foreign, limit)
    assert shown.isprintable()
    assert "|" not in shown
    assert len(shown) <= limit


@pytest.mark.parametrize("foreign", ["x" * 201, b"x" * 201, "x" * 10**6, b"\xff" * 10**6, "\U0001f512".encode() * 201])
def test_text_beyond_the_limit_ends_in_three_dots(foreign):
    shown = printable(foreign)
    assert len(shown) == MAX_LENGTH
    assert shown.endswith("...")


@pytest.mark.parametrize("foreign", ["x" * 200, b"x" * 200, "\U0001f512".encode() * 200])
def test_text_of_just_the_limit_is_shown_in_full(foreign):
    assert len(printable(foreign)) == 200
    assert "." not in printable(foreign)


def test_numbers_agree_with_their_nouns():
    assert [counted(number, "day") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
