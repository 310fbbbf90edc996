"""Expiry: states and words, at and around every boundary."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    HOUR,
    INTERMEDIATE,
    NOT_YET_VALID,
    NOW,
    PROPERTY,
    ROOT,
    SECOND,
    facts,
    seen,
    thresholds,
    verdict,
)

from check_starttls_cert import settings


def expiry(remaining: timedelta, lifetime: timedelta = 365 * DAY, **values) -> str:
    return verdict("expiry", seen(facts(remaining, lifetime)), **values)[0]


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [(6, 1.8, 0.6), (47, 14.1, 4.7), (90, 27, 7), (200, 28, 7), (398, 28, 7)],
)
def test_the_default_thresholds_hold_to_the_second(lifetime, warning, critical) -> None:
    lifetime = lifetime * DAY
    assert expiry(warning * DAY + SECOND, lifetime) == "ok"
    assert expiry(warning * DAY, lifetime) == "warning"
    assert expiry(warning * DAY - SECOND, lifetime) == "warning"
    assert expiry(critical * DAY + SECOND, lifetime) == "warning"
    assert expiry(critical * DAY, lifetime) == "critical"
    assert expiry(critical * DAY - SECOND, lifetime) == "critical"


@pytest.mark.parametrize(
    ("warning", "boundary"), [("20", 20), ("20d", 20), ("36h", 1.5), ("10%", 36.5), ("20:", 20), ("36.5d,480h,10%", 20)]
)
def test_given_thresholds_hold_to_the_second(warning, boundary) -> None:
    values = thresholds(warning=warning, critical="0")
    assert expiry(boundary * DAY + SECOND, **values) == "ok"
    assert expiry(boundary * DAY, **values) == "warning"
    assert expiry(boundary * DAY, **thresholds(warning=warning, critical=warning)) == "critical"


def test_a_range_alarms_outside_of_it() -> None:
    values = thresholds(warning="20:400", critical="0")
    assert [expiry(days * DAY, 500 * DAY, **values) for days in (20, 20.1, 400, 400.1)] == [
        "warning",
        "ok",
        "ok",
        "warning",
    ]


def test_an_inverted_range_alarms_inside_of_it() -> None:
    values = thresholds(warning="@10:20", critical="0")
    assert [expiry(days * DAY, **values) for days in (9.9, 10, 20, 20.1)] == ["ok", "warning", "warning", "ok"]


def test_a_warning_threshold_below_the_default_critical_one_takes_that_with_it() -> None:
    values = thresholds(warning="5")
    assert expiry(5 * DAY + SECOND, **values) == "ok"
    assert expiry(5 * DAY, **values) == "warning"
    assert expiry(1.25 * DAY + SECOND, **values) == "warning"
    assert expiry(1.25 * DAY, **values) == "critical"


def test_the_last_second_is_valid_and_the_next_is_not() -> None:
    tolerant = thresholds(warning="@900:900", critical="@900:900")
    assert verdict("expiry", seen(facts(timedelta(0))), **tolerant) == (
        "ok",
        "expires in less than a second (2026-11-23 14:24 UTC)",
    )
    assert verdict("expiry", seen(facts(-SECOND)), **tolerant) == (
        "critical",
        "expired 1 second ago (2026-11-23 14:23 UTC)",
    )


@pytest.mark.parametrize("ago", [SECOND, HOUR, DAY, 40 * DAY, 4000 * DAY])
@pytest.mark.parametrize("threshold", ["0", "@900:900"])
def test_expired_is_critical_whatever_the_thresholds(ago, threshold) -> None:
    assert expiry(-ago, **thresholds(warning=threshold, critical=threshold)) == "critical"


def test_not_yet_valid_is_critical_until_the_second_it_is_valid() -> None:
    assert expiry(90 * DAY + SECOND, 90 * DAY) == "critical"
    assert expiry(90 * DAY, 90 * DAY) == "ok"


def test_a_certificate_that_ends_before_it_begins_is_critical() -> None:
    assert expiry(5 * DAY, -10 * DAY) == "critical"
    assert expiry(-5 * DAY, -10 * DAY) == "critical"


@pytest.mark.parametrize(
    ("remaining", "words"),
    [
        (59.4 * DAY, "expires in 59 days (2027-01-22)"),
        (28 * DAY - SECOND, "expires in 28 days (2026-12-21)"),
        (2 * DAY, "expires in 2 days (2026-11-25)"),
        (1.5 * DAY, "expires in 1 day (2026-11-25 02:24 UTC)"),
        (5.5 * HOUR, "expires in 5 hours (2026-11-23 19:54 UTC)"),
        (60 * SECOND, "expires in 1 minute (2026-11-23 14:25 UTC)"),
        (-HOUR, "expired 1 hour ago (2026-11-23 13:24 UTC)"),
        (-3 * DAY, "expired 3 days ago (2026-11-20)"),
    ],
)
def test_expiry_is_told_as_a_span_and_a_date(remaining, words) -> None:
    assert verdict("expiry", seen(facts(remaining)))[1] == words


def test_a_future_certificate_says_from_when_it_is_valid() -> None:
    observed = seen(facts(100 * DAY, lifetime=90 * DAY), NOT_YET_VALID)
    assert verdict("expiry", observed)[1] == "not valid before 2026-12-03, in 10 days"


@pytest.mark.parametrize(("year", "suspect"), [(1970, True), (2000, True), (2014, True), (2025, False)])
def test_a_clock_years_before_the_whole_chain_is_suspect(year, suspect) -> None:
    # The intermediate and the root are valid from 2022 on.
    words = verdict("expiry", seen(above=(INTERMEDIATE, ROOT)), datetime(year, 1, 1, tzinfo=timezone.utc))[1]
    assert words.startswith("not valid before 2026-01-22, in ")
    assert words.endswith(f" (check this machine's clock, which says {year}-01-01)") == suspect


def test_the_moment_of_the_run_decides() -> None:
    later = NOW + 40 * DAY
    assert verdict("expiry", seen(), NOW)[0] == "ok"
    assert verdict("expiry", seen(), later)[0] == "warning"


@PROPERTY
@given(
    st.sampled_from([6, 47, 90, 200, 398]),
    st.lists(st.integers(-10 * 86400, 398 * 86400), min_size=2, max_size=6),
    st.one_of(st.none(), st.sampled_from(["28", "5", "36h", "30%", "28d,30%", "90%", "0"])),
    st.one_of(st.none(), st.sampled_from(["7", "1", "12h", "10%", "7d,10%", "0"])),
)
def test_the_less_is_left_the_worse_is_the_verdict(days, moments, warning, critical) -> None:
    texts = {name: text for name, text in (("warning", warning), ("critical", critical)) if text}
    try:
        settings_thresholds = thresholds(**texts)
        settings.thresholds(settings_thresholds.get("warning"), settings_thresholds.get("critical"))
    except ValueError:
        return  # they contradict each other
    # Nothing here is "not yet valid": that is another question.
    left = sorted((min(moment, days * 86400) * SECOND for moment in moments), reverse=True)
    ranks = ["ok", "warning", "critical"]
    states = [ranks.index(expiry(remaining, days * DAY, **settings_thresholds)) for remaining in left]
    assert states == sorted(states)


@PROPERTY
@given(st.integers(0, 400 * 86400), st.sampled_from([6, 47, 90, 200, 398]), st.integers(1, 60))
def test_the_stricter_threshold_never_gives_the_milder_verdict(seconds, lifetime_days, low) -> None:
    ranks = ["ok", "warning", "critical"]
    remaining = min(seconds, lifetime_days * 86400) * SECOND
    states = [
        ranks.index(expiry(remaining, lifetime_days * DAY, **thresholds(warning=str(days), critical="0")))
        for days in (low, low * 2)
    ]
    assert states == sorted(states)
