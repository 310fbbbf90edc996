"""Durations, dates, octets and lists as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import DAY, HOSTILE, HOUR, SECOND

from check_starttls_cert.state import State
from check_starttls_cert.words import (
    JOINT,
    MAX_NAMES,
    address_text,
    base64_text,
    called,
    counted_states,
    date,
    enumerated,
    in_days,
    listed,
    quoted,
    shown_days,
    span,
)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (SECOND / 2, "less than a second"),
        (SECOND, "1 second"),
        (59 * SECOND, "59 seconds"),
        (60 * SECOND, "1 minute"),
        (100 * SECOND, "1 minute"),
        (59 * 60 * SECOND, "59 minutes"),
        (HOUR, "1 hour"),
        (23 * HOUR, "23 hours"),
        (DAY, "1 day"),
        (2 * DAY - HOUR, "1 day"),
        (3000 * DAY, "3000 days"),
    ],
)
def test_a_span_is_in_its_largest_unit(duration, words) -> None:
    assert span(duration) == words


def test_states_are_counted_the_worst_first_and_none_that_is_not_there() -> None:
    counts = {**dict.fromkeys(State, 0), State.OK: 5, State.UNKNOWN: 1, State.CRITICAL: 2}
    assert counted_states(counts) == "2 CRITICAL, 1 UNKNOWN, 5 OK"
    assert counted_states(dict.fromkeys(State, 0)) == ""


def test_no_core_changes_what_stands_between_problems() -> None:
    # What Nagios makes a colon of, and what it takes out of notifications: illegal_macro_output_chars.
    assert not set(JOINT) & set(";|`~$&'\"<>")


@pytest.mark.parametrize(("duration", "days"), [(36 * HOUR, 1.5), (-DAY, -1.0), (timedelta(0), 0.0)])
def test_a_day_has_24_hours(duration, days) -> None:
    assert in_days(duration) == days


@pytest.mark.parametrize(
    ("days", "shown"), [(59.404, 59.4), (0.0, 0.0), (0.004, 0.0), (-0.004, -0.01), (-0.5, -0.5), (-3.006, -3.01)]
)
def test_what_has_expired_is_below_zero_however_lately(days, shown) -> None:
    assert shown_days(days) == shown


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (2 * DAY, "2027-01-22"),
        (-2 * DAY, "2027-01-22"),
        (47 * HOUR, "2027-01-22 03:04 UTC"),
        (-SECOND, "2027-01-22 03:04 UTC"),
    ],
)
def test_a_date_has_its_time_where_hours_count(distance, words) -> None:
    assert date(datetime(2027, 1, 22, 3, 4, 5, tzinfo=timezone.utc), distance) == words


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        (bytes([192, 0, 2, 1]), "192.0.2.1"),
        (bytes.fromhex("20010db8") + bytes(11) + b"\1", "2001:db8::1"),
        (b"", ""),
        (bytes([192, 0, 2]), "c00002"),
    ],
)
def test_an_address_of_a_wrong_length_is_shown_as_it_is(packed, text) -> None:
    assert address_text(packed) == text


def test_a_digest_is_written_as_pins_are() -> None:
    # RFC 7469 section 2.1.1 has pins in Base64; this is one of zeros
    assert base64_text(bytes(32)) == "A" * 43 + "="


@pytest.mark.parametrize(
    ("name", "words"), [("mta.example.com", '"mta.example.com"'), ("", "a certificate without a name")]
)
def test_a_certificate_without_a_name_has_words_for_that(name, words) -> None:
    assert called(name) == words


def test_a_name_is_shown_in_quotes_cleaned_and_shortened() -> None:
    words = quoted(HOSTILE)
    assert (words[0], words[-1]) == ('"', '"')
    assert words.isprintable()
    assert "|" not in words
    assert len(words) <= 82


@pytest.mark.parametrize(
    ("number", "end"),
    [
        (0, ""),
        (1, "1"),
        (MAX_NAMES, f"{MAX_NAMES}"),
        (MAX_NAMES + 1, f"{MAX_NAMES} and 1 more"),
        (200, "5 and 195 more"),
    ],
)
def test_a_list_is_bounded_and_says_how_many_more_there_are(number, end) -> None:
    items = [str(index + 1) for index in range(number)]
    assert listed(items).rpartition(", ")[2] == end


def test_names_are_listed_in_quotes() -> None:
    assert enumerated(["a", "b\n"]) == r'"a", "b\n"'


@given(st.lists(st.text(), max_size=50))
def test_a_list_of_names_is_never_longer_than_its_bounds(names) -> None:
    words = enumerated(names)
    assert len(words) <= MAX_NAMES * 85 + 20
    assert words.isprintable()
