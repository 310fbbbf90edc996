"""Nagios output: the golden files, the design's own examples, and what no text may ever do to it."""

from __future__ import annotations

import re
from datetime import timedelta

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observations import (
    DAY,
    EXPIRED,
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
    issuing,
    performance,
    printed,
    seen,
    self_signed,
    thresholds,
    unseen,
)
from perfdata_readers import assert_all_read
from plugin_format import told

from check_starttls_cert.certificate import Key
from check_starttls_cert.errors import ProbeError
from check_starttls_cert.openssl import Trust
from check_starttls_cert.outputs import Rendered, nagios
from check_starttls_cert.state import State
from check_starttls_cert.wire import Spoken

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:~|{NUMBER})?:)?(?:{NUMBER})?"
PERFORMANCE = re.compile(rf"[a-z_]+={NUMBER}s?(?:;(?:{RANGE})){{0,4}}")

CASES = [case for case in golden() if "-o prtg" not in case[1]]

PLUGIN_CASES = [case for case in CASES if " -o " not in case[1]]


@pytest.mark.parametrize(("situation", "command", "expected"), CASES, ids=[f"{case[0]}:{case[1]}" for case in CASES])
def test_a_user_sees_what_the_golden_file_shows(situation, command, expected) -> None:
    assert printed(situation, command) == expected


@pytest.mark.parametrize(
    ("situation", "command", "expected"), PLUGIN_CASES, ids=[f"{case[0]}:{case[1]}" for case in PLUGIN_CASES]
)
def test_every_program_that_draws_graphs_reads_the_golden_files(situation, command, expected) -> None:
    text, _, exit_code = expected.rstrip(")\n").rpartition("\n(exit code ")
    read = assert_all_read(text, int(exit_code))
    places = list(nagios.PLACES)
    assert sorted(read.performance, key=places.index) == list(read.performance)


def test_every_situation_has_a_golden_file_with_this_output() -> None:
    assert {situation for situation, _, _ in CASES} == set(SITUATIONS)


def test_the_designs_example_of_a_good_service() -> None:
    assert nagios.render(evaluated(SITUATIONS["fine"])) == Rendered(
        "STARTTLS_CERT OK - smtp mta.example.com:25: mta.example.com expires in 59 days (2027-01-22), trusted, RSA 2048"
        " | days_until_expiration=59.4;28:;7: time=0.031s;;;0 public_key_size=2048"
        " days_until_chain_expiration=2000",
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
    above = authority("R11", "ISRG Root X1", remaining=19 * DAY, lifetime=10 * DAY + 19 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=47 * DAY), above=(above,))) == [
        "days_until_expiration=20;14.1:;4.7:",
        "time=0.031s;;;0",
        "public_key_size=2048",
        "days_until_chain_expiration=19;8.7:;2.9:",
    ]


@pytest.mark.parametrize(
    ("lifetime", "limits"), [(6, "1.8:;0.6:"), (47, "14.1:;4.7:"), (90, "27:;7:"), (200, "28:;7:"), (398, "28:;7:")]
)
def test_performance_data_carry_the_default_limits_of_each_lifetime(lifetime, limits) -> None:
    assert days(seen(facts(5 * DAY, lifetime=lifetime * DAY))) == f"5;{limits}"


def test_a_threshold_in_percent_is_one_of_each_certificates_own_lifetime() -> None:
    above = authority("R11", "ISRG Root X1", remaining=19 * DAY, lifetime=1000 * DAY)
    assert performance(seen(facts(20 * DAY, lifetime=50 * DAY), above=(above,)), **thresholds(warning="20%"))[::3] == [
        "days_until_expiration=20;10:;2.5:",
        "days_until_chain_expiration=19;200:;7:",
    ]


def chain_days(observation, **values) -> str:
    """Return the performance data of the chain."""
    return performance(observation, **values)[-1].removeprefix("days_until_chain_expiration=")


def test_the_chain_has_no_range_while_the_certificate_itself_ends_first() -> None:
    # 108.25 days of three years are less than 30 %, and nobody has to do anything.
    above = authority("R11", "ISRG Root X1", remaining=108.25 * DAY, lifetime=1096.25 * DAY)
    observed = seen(facts(80 * DAY, lifetime=90 * DAY), above=(above,))
    percent = thresholds(warning="30%", critical="10%")
    assert evaluated(observed, **percent).state is State.OK
    assert chain_days(observed, **percent) == "108.25"
    observed = seen(facts(110 * DAY, lifetime=120 * DAY), above=(above,))
    assert evaluated(observed, **percent).state is State.CRITICAL
    assert chain_days(observed, **percent) == "108.25;328.88:;109.62:"


def test_a_state_that_the_user_has_set_is_not_told_by_limits() -> None:
    observed = seen(above=issuing(5 * DAY))
    for state in ("ok", "warning", "critical"):
        assert chain_days(observed, state=(("chain", state),)) == "5"


def test_no_range_says_that_a_certificate_is_fine_which_is_not() -> None:
    assert days(seen(facts(366.5 * DAY))) == "366.5"  # not yet valid
    assert days(seen(facts(-DAY)), **thresholds(warning="@7:400", critical="@7:400")) == "-1"
    assert chain_days(seen(above=issuing(50 * DAY), sent=())) == "50"


@pytest.mark.parametrize(
    ("remaining", "shown"),
    [
        (28 * DAY + 900 * SECOND, "28.01"),
        (28 * DAY + SECOND, "28"),
        (28 * DAY, "27.99"),
        (28 * DAY - SECOND, "27.99"),
        (28 * DAY - 900 * SECOND, "27.99"),
        (7 * DAY + SECOND, "7"),
        (7 * DAY, "6.99"),
    ],
)
def test_a_number_on_its_limit_stands_on_the_side_that_was_judged(remaining, shown) -> None:
    assert days(seen(facts(remaining))) == f"{shown};28:;7:"


SPANS = st.one_of(st.floats(-50, 500), st.sampled_from([0, 7, 27.995, 28, 28.004, 59.4, 400]))

WRITTEN = st.sampled_from(
    ["28", "7", "0", "28d,30%", "10%", "33.33%", "36h", "7:400", "~:60", "@0:7", "@28:60", "28.005"]
)


@hypothesis.settings(PROPERTY, max_examples=300)
@given(
    SPANS,
    st.floats(0.1, 1000),
    st.lists(st.tuples(SPANS, st.floats(0.1, 4000)), max_size=3),
    st.tuples(WRITTEN, WRITTEN),
    st.sampled_from(["", "ok", "warning", "critical"]),
    st.sampled_from([TRUSTED, NO_ISSUER, EXPIRED]),
    st.booleans(),
)
def test_a_graph_shows_the_state_that_was_judged_wherever_it_shows_a_range(  # noqa: PLR0913, PLR0917 - a world
    remaining, lifetime, path, written, chain_state, trust, complete
) -> None:
    above = tuple(
        authority(f"CA {depth}", f"CA {depth + 1}", remaining=left * DAY, lifetime=whole * DAY)
        for depth, (left, whole) in enumerate(path)
    )
    observed = seen(
        facts(remaining * DAY, lifetime=lifetime * DAY), trust, above=above, sent=None if complete else above[:1]
    )
    states = (("chain", chain_state),) if chain_state else ()
    limits = thresholds(warning=written[0], critical=written[1])
    hypothesis.assume(not limits["critical"].alarms_before(limits["warning"]))
    report = evaluated(observed, **limits, state=states)
    read = assert_all_read(*nagios.render(report))
    order = [label for label in nagios.PLACES if label in read.performance]
    assert list(read.performance) == order
    judged = {each.question.metric: each.state for each in report.judgements}
    for label, datum in read.performance.items():
        if datum.warning or datum.critical:
            assert told(datum) == judged[label].name, label
    if State.OK is judged["days_until_expiration"]:
        assert read.performance["days_until_expiration"].warning


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
        (730_000 * DAY, "730000"),
    ],
)
def test_days_have_two_decimals_and_are_below_zero_once_expired(remaining, shown) -> None:
    assert days(seen(facts(remaining, lifetime=max(365 * DAY, remaining)))) == f"{shown};28:;7:"


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
