"""The one grammar of a duration."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import FOREIGN, PROPERTY

from check_starttls_cert.durations import SECONDS, in_unit, parse_duration

UNITS = st.sampled_from(sorted(SECONDS))


@pytest.mark.parametrize(
    ("text", "unit", "duration"),
    [
        ("10", "s", 10),
        ("10", "d", 10),
        ("2.5", "s", 2.5),
        ("10s", "s", 10),
        ("1m", "s", 60),
        ("1h", "s", 3600),
        ("30D", "d", 30),
        ("36H", "d", 1.5),
        ("90m", "h", 1.5),
        ("0", "s", 0),
    ],
)
def test_a_duration_is_a_number_with_or_without_a_unit(text, unit, duration) -> None:
    assert parse_duration(text, unit) == duration


@pytest.mark.parametrize(
    "text", ["", "s", "10 s", "1M", "10ms", "1y", "-1", "+1", "1e3", "nan", "inf", ".5", "5.", "1_0", "10\n", "\u0665s"]
)
def test_everything_else_is_no_duration(text) -> None:
    assert parse_duration(text, "s") is None


@PROPERTY
@given(st.integers(0, 999_999), UNITS, UNITS)
def test_every_duration_is_the_nearest_float_in_every_unit(number, unit, wanted) -> None:
    exact = Fraction(number * SECONDS[unit], SECONDS[wanted])
    assert in_unit(number, unit, wanted) == float(exact)
    assert parse_duration(f"{number}{unit}", wanted) == float(exact)


@PROPERTY
@given(FOREIGN, UNITS)
def test_any_text_is_a_duration_or_none(text, unit) -> None:
    found = parse_duration(text, unit)
    assert found is None or found >= 0
