"""The defaults, and how thresholds complete each other."""

from __future__ import annotations

import socket

import pytest

from check_starttls_cert.settings import (
    DEFAULT_CRITICAL,
    DEFAULT_WARNING,
    Job,
    Policy,
    Target,
    Thresholds,
    thresholds,
)
from check_starttls_cert.thresholds import Limits, parse_threshold


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [(6, 1.8, 0.6), (47, 14.1, 4.7), (90, 27, 7), (200, 28, 7), (398, 28, 7)],
)
def test_the_defaults_are_the_smaller_of_days_and_percent_of_the_lifetime(lifetime, warning, critical) -> None:
    assert DEFAULT_WARNING.for_lifetime(lifetime) == Limits(pytest.approx(warning))
    assert DEFAULT_CRITICAL.for_lifetime(lifetime) == Limits(pytest.approx(critical))


def test_the_defaults_are_shown_as_a_user_writes_them() -> None:
    assert (str(DEFAULT_WARNING), str(DEFAULT_CRITICAL)) == ("28d,30%", "7d,10%")


def test_without_thresholds_both_are_the_defaults() -> None:
    assert thresholds(None, None) == Thresholds(DEFAULT_WARNING, DEFAULT_CRITICAL)


def test_given_thresholds_are_taken_as_they_are() -> None:
    warning, critical = parse_threshold("40"), parse_threshold("5")
    assert thresholds(warning, critical) == Thresholds(warning, critical)


@pytest.mark.parametrize(
    ("warning", "critical"), [("40", 7), ("28", 7), ("20", 5), ("5", 1.25), ("4%", 3.65), ("60h,40%", 0.625)]
)
def test_a_default_critical_threshold_is_a_quarter_of_a_stricter_warning(warning, critical) -> None:
    expiry = thresholds(parse_threshold(warning), None)
    assert expiry.warning == parse_threshold(warning)
    assert expiry.critical.for_lifetime(365) == Limits(pytest.approx(critical))


@pytest.mark.parametrize(
    ("warning", "critical"),
    [
        ("5", "40"),
        ("10%", "11%"),
        ("24h", "2d"),
        ("20,10%", "21,11%"),
        ("5:", "6:400"),
        ("5:400", "6"),
        ("7:400", "3:300"),
        ("~:500", "~:400"),
    ],
)
def test_a_critical_threshold_that_is_reached_before_the_warning_is_refused(warning, critical) -> None:
    with pytest.raises(
        ValueError, match=r"is reached before the warning threshold .*; allowed are critical thresholds"
    ):
        thresholds(parse_threshold(warning), parse_threshold(critical))


@pytest.mark.parametrize(
    ("warning", "critical"),
    [
        ("5", "5"),
        ("48h", "2d"),
        ("20", "10%"),
        ("20,10%", "10%,20"),
        ("20", "@0:30"),
        ("~:400", "~:500"),
        ("7:400", "3:500"),
    ],
)
def test_thresholds_that_do_not_contradict_each_other_for_every_lifetime_are_taken(warning, critical) -> None:
    both = parse_threshold(warning), parse_threshold(critical)
    assert thresholds(*both) == both


def test_a_warning_range_leaves_the_default_critical_threshold() -> None:
    assert thresholds(parse_threshold("7:400"), None).critical == DEFAULT_CRITICAL


def test_a_critical_threshold_alone_leaves_the_default_warning() -> None:
    assert thresholds(None, parse_threshold("3")) == Thresholds(DEFAULT_WARNING, parse_threshold("3"))


def test_a_run_judges_strictly_and_within_ten_seconds_by_default() -> None:
    target = Target("mta.example.com", "smtp", 25, "mta.example.com")
    assert target.family == socket.AF_UNSPEC
    wanted = Policy(thresholds(None, None), ("mta.example.com",))
    job = Job(target, wanted)
    assert (wanted.name_check, job.timeout, job.output, job.verbose) == ("client", 10.0, "nagios", 0)
    assert (wanted.min_rsa_bits, wanted.min_ec_bits) == ((2048, 1024), (256, 192))
    assert (wanted.ca_file, wanted.ca_dir, wanted.allow_self_signed, wanted.states) == (None, None, False, {})
    assert (wanted.min_tls, wanted.max_lifetime) == (None, None)
    assert (wanted.issuers, wanted.fingerprints, wanted.spki_pins) == ((), (), ())


@pytest.mark.parametrize(
    ("host", "shown"),
    [("mta.example.com", "lmtp mta.example.com:24"), ("2001:db8::1", "lmtp [2001:db8::1]:24")],
)
def test_a_target_is_shown_with_its_protocol_and_port(host, shown) -> None:
    assert str(Target(host, "lmtp", 24, "mta.example.com")) == shown


def test_limits_are_those_of_the_certificate() -> None:
    limits = thresholds(parse_threshold("30%"), parse_threshold("7")).limits(90)
    assert limits == (Limits(27), Limits(7))
