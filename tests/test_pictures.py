"""The README's pictures: small, and what ``pictures/make.py`` draws is SVG whatever a program prints."""

from __future__ import annotations

import importlib.util
import re
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import PROPERTY

HERE = Path(__file__).parent
PICTURES = HERE.parent / "contrib" / "pictures"

if importlib.util.find_spec("termios") is None:
    pytest.skip("needs a terminal as POSIX has it", allow_module_level=True)

specification = importlib.util.spec_from_file_location("pictures_make", HERE / "pictures" / "make.py")
make = importlib.util.module_from_spec(specification)
specification.loader.exec_module(make)

TEXT = "{http://www.w3.org/2000/svg}text"


def shown(svg: str) -> list[str]:
    """Return the lines of text in a drawing."""
    return ["".join(line.itertext()) for line in ET.fromstring(svg).iter(TEXT)]


def test_the_verdict_is_drawn_as_text_and_names_nothing_of_the_machine_that_drew_it() -> None:
    svg = (PICTURES / "verdict.svg").read_text("utf-8")
    assert len(svg) < 10_000
    text = "".join(shown(svg))
    assert "STARTTLS_CERT OK - submission mail.example.com:587" in text
    assert "STARTTLS_CERT CRITICAL - ldap dc1.example.com:389" in text
    for state, colour in (("OK", 32), ("CRITICAL", 31)):
        assert f'fill="{make.COLOURS[colour]}">{state}<' in svg
    assert not re.search(r"/(?:tmp|root|home)/", svg)


def test_the_table_is_drawn_as_text_with_every_target_of_its_inventory() -> None:
    svg = (PICTURES / "sweep-table.svg").read_text("utf-8")
    assert len(svg) < 10_000
    command, head, *rows, last = shown(svg)
    assert command == "$ check_starttls_cert sweep hosts --html certificates.html"
    assert head.split() == ["STATE", "DAYS", "TARGET", "FOUND"]
    states = [row.split()[0] for row in rows if not row.startswith(" ")]
    assert states == ["CRITICAL"] * 3 + ["WARNING"] + ["OK"] * 5
    assert last == "STARTTLS_CERT CRITICAL - 9 targets: 3 CRITICAL, 1 WARNING, 5 OK"


@pytest.mark.parametrize(("name", "size"), [("prometheus.png", make.GRAPH), ("sweep-page.png", make.PAGE)])
def test_photographs_are_small_png(name, size) -> None:
    png = (PICTURES / name).read_bytes()
    assert len(png) < 150_000
    # PNG specification section 11.2.2: width and height come first.
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == size


def test_spaces_are_as_wide_as_at_a_terminal() -> None:
    assert "<style>text{white-space:pre}</style>" in make.drawing("a  b")


def test_a_line_is_broken_where_the_terminal_ends() -> None:
    assert shown(make.drawing("x" * (make.COLUMNS + 1) + "\ny\n")) == ["x" * make.COLUMNS, "x", "y"]


def test_a_line_is_broken_between_words_if_it_can_be() -> None:
    words = "y" * (make.COLUMNS - 10)
    assert shown(make.drawing(f"{words} certificate word")) == [f"{words} ", "certificate word"]


def test_colours_are_those_of_the_escape_sequences() -> None:
    svg = make.drawing("\x1b[1;32mOK\x1b[0m plain \x1b[91mbad\x1b[m")
    assert f'<tspan font-weight="bold" fill="{make.COLOURS[32]}">OK</tspan> plain ' in svg
    assert f'<tspan fill="{make.COLOURS[31]}">bad</tspan></text>' in svg


@PROPERTY
@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50))
def test_every_text_is_drawn_as_it_is(text) -> None:
    assert shown(make.drawing(text)) == [text]
