"""When do the remaining days alarm? The grammar, and the ranges of the Monitoring Plugins guidelines."""

from __future__ import annotations

import re
from contextlib import suppress

import plugin_format
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from check_starttls_cert.thresholds import GRAMMAR, parse_threshold, plain

numbers = st.one_of(
    st.integers(0, 999_999).map(str),
    st.decimals(0, 999_999, places=2).map(lambda number: f"{number:f}"),
)
bounds = st.one_of(
    st.builds("{}{}{}".format, numbers, st.sampled_from(["", "d", "h"]), st.sampled_from(["", ":"])),
    st.integers(0, 100).map("{}%".format),
)
bound_lists = st.lists(
    bounds, min_size=1, max_size=3, unique_by=lambda text: text.strip(":")[-1:].strip("0123456789") or "d"
).map(",".join)
"""Of different units: two bounds of one are two thresholds."""
ranges = st.builds(
    lambda at, low, high: f"{at}{low}:{high}",
    st.sampled_from(["", "@"]),
    st.one_of(st.just("~"), st.just("0"), st.integers(0, 100).map(str)),
    st.integers(100, 999).map(str),
)
days = st.floats(-1000, 10**6)
lifetimes = st.floats(0.01, 10_000)


@pytest.mark.parametrize(
    ("text", "lifetime", "alarms", "quiet"),
    [
        ("28", 365, [28, 27.99, 0, -3], [28.01, 100]),
        ("28d", 365, [28, 0], [28.01]),
        ("36h", 365, [1.5, 0], [1.51]),
        ("30%", 90, [27, 0], [27.01]),
        ("30%", 365, [109.5], [109.6]),
        ("28:", 365, [28, 0], [28.01]),
        ("30%:", 90, [27], [27.01]),
        ("2.5", 365, [2.5], [2.51]),
        ("28d,30%", 365, [28], [28.01]),
        ("28d,30%", 47, [14.1], [14.2]),
        ("30%,28d", 47, [14.1], [14.2]),
        ("28d 30%", 47, [14.1], [14.2]),
        ("28d, 30% , 48h", 365, [2], [2.01]),
        ("  28  ", 365, [28], [28.01]),
        ("0", 365, [0, -1], [0.01]),
        ("100%", 90, [90], [90.01]),
        ("7:400", 365, [7, 0, 400.01], [7.01, 400]),
        (":400", 365, [400.01, 0, -1], [0.01, 400]),
        ("~:400", 365, [400.01], [400, 0, -50]),
        ("@0:7", 365, [0, 3, 7], [-0.01, 7.01]),
        ("@7", 365, [0, 7], [7.01, -0.01]),
        ("@~:7", 365, [-50, 7], [7.01]),
        ("@400:", 365, [400, 500], [399.9]),
        ("7:7", 365, [7, 6, 8], []),
        ("~:", 365, [], [-1000, 0, 1000]),
    ],
)
def test_the_grammar_means_what_it_says(text, lifetime, alarms, quiet):
    limits = parse_threshold(text).for_lifetime(lifetime)
    assert [number for number in alarms + quiet if limits.breached_by(number)] == alarms


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "28,", ",28", ":", "@", "@:", "~", "d", "%", "-5", "+5", "1e3", "0x10", "inf", "nan", "28 d",
        "28 days", "28w", "101%", "100.5%", "28d,101%", "400:7", "7:400,28", "28d:400d", "7:400d", "@28d", "1:2:3",
        "28\n|", "\uff12\uff18", "28.", ".5", "9999999", "twenty",
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match="no threshold; allowed are") as caught:
        parse_threshold(text)
    assert GRAMMAR in str(caught.value)


@given(st.text(max_size=30))
def test_no_text_raises_anything_but_value_error(text):
    with suppress(ValueError):
        assert str(parse_threshold(text))


@given(bound_lists, lifetimes, days, days)
def test_fewer_days_never_give_a_milder_answer(text, lifetime, one, other):
    limits = parse_threshold(text).for_lifetime(lifetime)
    fewer, more = sorted((one, other))
    assert limits.breached_by(fewer) >= limits.breached_by(more)


@given(bound_lists.filter(lambda text: "," in text), lifetimes, days)
def test_one_more_bound_never_alarms_earlier(text, lifetime, left):
    short, longer = (parse_threshold(t).for_lifetime(lifetime) for t in (text.rpartition(",")[0], text))
    assert longer.breached_by(left) <= short.breached_by(left)


@given(st.one_of(bound_lists, ranges), lifetimes, days)
def test_a_written_range_alarms_as_the_guidelines_read_it(text, lifetime, left):
    limits, shown = parse_threshold(text).for_lifetime(lifetime), round(left, 2)
    for number in (shown, *(end for end in limits[:2] if end is not None and end == round(end, 2))):
        assert limits.written_breached_by(number) == plugin_format.alarms(str(limits), number)


@given(ranges, days)
def test_an_at_sign_turns_a_range_inside_out(text, left):
    assume(not text.startswith("@"))
    limits, inverted = (parse_threshold(t).for_lifetime(90) for t in (text, f"@{text}"))
    assume(left != limits.low)  # the lower limit itself alarms either way
    assert limits.breached_by(left) != inverted.breached_by(left)


@pytest.mark.parametrize(
    ("text", "shown", "performance"),
    [
        ("28", "28d", "28:"),
        ("28.50d", "28.5d", "28.5:"),
        ("36h", "36h", "1.5:"),
        ("30%", "30%", "27:"),
        ("28d 30%", "28d,30%", "27:"),
        ("0", "0d", "0:"),
        ("100:", "100d", "100:"),
        ("999999", "999999d", "999999:"),
        ("0.000001", "0d", "0:"),
        ("7:400", "7:400", "7:400"),
        (":400", "0:400", "0:400"),
        ("~:400", "~:400", "~:400"),
        ("@0:7", "@0:7", "@0:7"),
    ],
)
def test_a_threshold_is_shown_as_the_user_may_write_it(text, shown, performance):
    threshold = parse_threshold(text)
    assert str(threshold) == shown
    assert str(threshold.for_lifetime(90)) == performance


@given(st.one_of(bound_lists, ranges), lifetimes)
def test_performance_data_has_plain_numbers(text, lifetime):
    limits = str(parse_threshold(text).for_lifetime(lifetime))
    assert re.fullmatch(r"@?(~|[0-9]+(\.[0-9]{1,2})?):([0-9]+(\.[0-9]{1,2})?)?", limits)


@given(st.one_of(bound_lists, ranges))
def test_what_is_shown_can_be_written_again(text):
    shown = str(parse_threshold(text))
    assert str(parse_threshold(shown)) == shown


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (100, "100"),
        (1.5, "1.5"),
        (0.005001, "0.01"),
        (0.0001, "0"),
        (-0.01, "-0.01"),
        (1e15, "1000000000000000"),
    ],
)
def test_numbers_have_no_exponent_and_no_needless_zero(number, text):
    assert plain(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_has_an_exponent(number):
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", plain(number))


@pytest.mark.parametrize("text", ["30,14", "30d,14", "30 14d", "48h,36h", "30%,10%", "28,30%,14"])
def test_two_bounds_of_one_unit_are_answered_with_two_thresholds(text):
    with pytest.raises(
        ValueError, match=r"has two bounds of one unit; for two thresholds use -w \S+ -c \S+ \(the list"
    ):
        parse_threshold(text)


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        ("40", "28", True),
        ("28", "28", False),
        ("7", "28", False),
        ("49h", "2d", True),
        ("40%", "30%", True),
        ("40d", "30%", False),
        ("40d,40%", "28d,30%", True),
        ("40d,20%", "28d,30%", False),
        ("7:400", "5:500", True),
        ("5:400", "7:500", True),
        ("5:500", "7:400", False),
        ("~:400", "7:500", True),
        ("7:", "5", True),
        ("5", "7:400", False),
        ("30%", "7:400", False),
        ("@0:7", "0:400", False),
    ],
)
def test_a_threshold_alarms_before_another_only_if_it_does_for_every_lifetime(one, other, before):
    assert parse_threshold(one).alarms_before(parse_threshold(other)) is before


@given(bound_lists, bound_lists, lifetimes, days)
def test_what_alarms_before_another_never_is_the_milder_one(one, other, lifetime, left):
    first, second = parse_threshold(one), parse_threshold(other)
    if first.alarms_before(second):
        assert first.for_lifetime(lifetime).breached_by(left) >= second.for_lifetime(lifetime).breached_by(left)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("28", (28, None)),
        ("28d,36h", (1.5, None)),
        ("28d,30%", (None, None)),
        ("7:400", (7, 400)),
        ("~:400", (None, 400)),
        ("@0:7", (None, None)),
    ],
)
def test_ends_are_known_where_no_certificate_decides_them(text, ends):
    assert parse_threshold(text).ends == ends
