"""Nagios output: the golden files, the design's own examples, and what no text may ever do to it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    FOREIGN,
    HOUR,
    NO_ISSUER,
    PROPERTY,
    REFUSED,
    SECOND,
    SITUATIONS,
    TRUSTED,
    authority,
    evaluated,
    facts,
    golden,
    performance,
    printed,
    seen,
    self_signed,
    thresholds,
    unseen,
)

from check_starttls_cert.certificate import Key
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.openssl import Trust
from check_starttls_cert.outputs import Rendered, nagios
from check_starttls_cert.wire import Spoken

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:~|{NUMBER})?:)?(?:{NUMBER})?"
PERFORMANCE = re.compile(rf"[a-z_]+={NUMBER}s?(?:;(?:{RANGE})){{0,4}}")

CASES = [case for case in golden() if "-o prtg" not in case[1]]


@pytest.mark.parametrize(("situation", "command", "expected"), CASES, ids=[f"{case[0]}:{case[1]}" for case in CASES])
def test_a_user_sees_what_the_golden_file_shows(situation, command, expected) -> None:
    assert printed(situation, command) == expected


def test_every_situation_has_a_golden_file_with_this_output() -> None:
    assert {situation for situation, _, _ in CASES} == set(SITUATIONS)


def test_the_designs_example_of_a_good_service() -> None:
    assert nagios.render(evaluated(SITUATIONS["fine"])) == Rendered(
        "STARTTLS_CERT OK - smtp mta.example.com:25: mta.example.com expires in 59 days (2027-01-22), trusted, RSA 2048"
        " | days_until_expiration=59.4;28:;7: time=0.031s;;;0 public_key_size=2048"
        " days_until_chain_expiration=2000;28:;7:",
        0,
    )


def test_the_designs_example_of_a_bad_service() -> None:
    check = evaluated(SITUATIONS["expired_3_days"], host="dc1.example.com", protocol="ldap")
    text, exit_code = nagios.render(check)
    assert exit_code == 2
    assert text.startswith(
        "STARTTLS_CERT CRITICAL - ldap dc1.example.com:389 (dc2.example.com): expired 3 days ago (2026-11-20) / "
        'name: dc1.example.com not covered by "dc2.example.com" | '
    )


@pytest.mark.parametrize(
    ("situation", "exit_code"), [("fine", 0), ("warning_by_days", 1), ("critical_by_days", 2), ("unknown_key", 3)]
)
def test_the_exit_code_is_the_state(situation, exit_code) -> None:
    assert nagios.render(evaluated(SITUATIONS[situation])).exit_code == exit_code


def test_a_run_without_a_verdict_is_unknown() -> None:
    assert nagios.failure("no such option") == Rendered("STARTTLS_CERT UNKNOWN - no such option", 3)


def assert_well_formed(text: str, lines: int) -> None:
    assert text.count("\n") == lines
    first, *below = text.split("\n")
    words, bar, performance = first.partition(" | ")
    assert bar
    assert words.startswith("STARTTLS_CERT ")
    for shown in (words, *below):
        assert shown.isprintable()
        assert "|" not in shown
    assert len(words) < 2000
    assert all(PERFORMANCE.fullmatch(datum) for datum in performance.split(" "))


@PROPERTY
@given(
    FOREIGN,
    FOREIGN,
    st.lists(FOREIGN, max_size=8),
    st.lists(FOREIGN, max_size=8),
    st.sampled_from(["cn", "cn_san", "none"]),
)
def test_no_certificate_adds_a_line_a_bar_or_an_unprintable_character(subject, issuer, cns, names, name_check) -> None:
    observed = seen(facts(subject=subject, issuer=issuer, common_names=tuple(cns), dns_names=tuple(names)))
    assert_well_formed(nagios.render(evaluated(observed, name_check=name_check)).text, lines=0)
    assert_well_formed(nagios.render(evaluated(observed, name_check=name_check, verbose=1)).text, lines=15)


@PROPERTY
@given(FOREIGN, st.binary())
def test_no_server_adds_a_line_a_bar_or_an_unprintable_character(quote, said) -> None:
    for text in (quote, quote.encode("utf-8", "surrogatepass"), said):
        observed = unseen(ProbeError("the server refuses STARTTLS", quote=text), transcript=(Spoken("S", said),))
        assert_well_formed(nagios.render(evaluated(observed)).text, lines=0)
        assert_well_formed(nagios.render(evaluated(observed, verbose=2)).text, lines=2 + len(said.splitlines()))


@PROPERTY
@given(
    st.floats(-5e5, 5e5),
    st.floats(-1e5, 2e5),
    st.integers(-1, 10**6),
    st.floats(0, 3600),
    st.booleans(),
)
def test_performance_data_are_plain_numbers(remaining, lifetime, bits, elapsed, verified) -> None:
    certificate = facts(remaining * DAY, lifetime=lifetime * DAY, key=Key("RSA", bits))
    trust = TRUSTED if verified else Trust(verified=False, code=10, reason="certificate has expired")
    text = nagios.render(evaluated(seen(certificate, trust, elapsed=elapsed))).text
    assert_well_formed(text, lines=0)
    assert not re.search(r"[0-9]e[+-]?[0-9]|True|False|None|nan|inf", text.partition(" | ")[2])


def days(observation, **values) -> str:
    """Return the performance data of the server's own certificate."""
    (found,) = [datum for datum in performance(observation, **values) if datum.startswith("days_until_expiration=")]
    return found.partition("=")[2]


def test_performance_data_carry_the_thresholds_in_force() -> None:
    above = authority("R11", "ISRG Root X1", remaining=300 * DAY, lifetime=1000 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=47 * DAY), above=(above,))) == [
        "days_until_expiration=20;14.1:;4.7:",
        "time=0.031s;;;0",
        "public_key_size=2048",
        "days_until_chain_expiration=300;28:;7:",
    ]


@pytest.mark.parametrize(
    ("lifetime", "limits"), [(6, "1.8:;0.6:"), (47, "14.1:;4.7:"), (90, "27:;7:"), (200, "28:;7:"), (398, "28:;7:")]
)
def test_performance_data_carry_the_default_limits_of_each_lifetime(lifetime, limits) -> None:
    assert days(seen(facts(5 * DAY, lifetime=lifetime * DAY))) == f"5;{limits}"


def test_a_threshold_in_percent_is_one_of_each_certificates_own_lifetime() -> None:
    above = authority("R11", "ISRG Root X1", remaining=300 * DAY, lifetime=1000 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=50 * DAY), above=(above,)), **thresholds(warning="20%"))[::3] == [
        "days_until_expiration=20;10:;2.5:",
        "days_until_chain_expiration=300;200:;7:",
    ]


def test_the_chain_has_no_days_where_nothing_is_above_the_certificate() -> None:
    assert performance(seen(self_signed()))[-1] == "public_key_size=2048"
    assert performance(seen(trust=NO_ISSUER, above=()))[-1] == "public_key_size=2048"


@pytest.mark.parametrize(
    ("remaining", "shown"),
    [
        (59.4 * DAY, "59.4"),
        (20 * DAY, "20"),
        (100 * DAY, "100"),
        (timedelta(0), "0"),
        (SECOND, "0"),
        (-SECOND, "-0.01"),
        (-HOUR, "-0.04"),
        (-3 * DAY, "-3"),
        (2_900_000 * DAY, "2900000"),
    ],
)
def test_days_have_two_decimals_and_are_below_zero_once_expired(remaining, shown) -> None:
    assert days(seen(facts(remaining))) == f"{shown};28:;7:"


@pytest.mark.parametrize(
    ("threshold", "shown"), [("~:400", "~:400"), ("@7:400", "@7:400"), ("36h", "1.5:"), ("0.5", "0.5:"), ("0", "0:")]
)
def test_performance_data_have_thresholds_as_ranges(threshold, shown) -> None:
    values = thresholds(warning=threshold, critical=threshold)
    assert days(seen(), **values) == f"59.4;{shown};{shown}"


def test_a_key_of_unknown_size_and_an_unread_certificate_have_no_performance_data() -> None:
    unknown = performance(seen(facts(key=Key("unknown key type", -1))))
    assert [datum.partition("=")[0] for datum in unknown] == [
        "days_until_expiration",
        "time",
        "days_until_chain_expiration",
    ]
    assert performance(unseen(REFUSED)) == ["time=0.031s;;;0"]
