"""One service for the whole sweep."""

from __future__ import annotations

import pytest
from plugin_format import parse
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert.state import State
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.outputs import printer


def service(made: Tally):
    """Return what a monitoring system reads of a sweep, after its strict rules."""
    text, exit_code = printer("nagios").end(made)
    assert len(text) <= 4000
    return parse(text + "\n", exit_code)


def test_the_service_says_nothing_before_the_end() -> None:
    assert printer("nagios").show(BAD) == ""


def test_a_sweep_without_problems_is_one_line() -> None:
    text, _ = printer("nagios").end(tally(FINE, FINE))
    assert text == (
        "STARTTLS_CERT OK - 2 targets: 2 OK | targets=2;;;0 critical=0;;;0 warning=0;;;0 unknown=0;;;0 ok=2;;;0 "
        "time=1.500s;;;0 days_until_expiration=59.4"
    )


def test_the_worst_is_in_the_first_line_and_every_problem_below() -> None:
    found = service(tally(FINE, REPORTS["not checked"], BAD, REPORTS["expired_3_days"]))
    assert found.state == "CRITICAL"
    assert found.words.startswith("4 targets: 2 CRITICAL, 1 UNKNOWN, 1 OK / CRITICAL smtp mta.example.com:25 (")
    assert "expired 3 days ago" in found.words
    assert [line.split(" - ")[0] for line in found.long_output] == ["CRITICAL", "CRITICAL", "UNKNOWN"]


def test_numbers_are_the_counts_and_what_can_be_missing_stands_last() -> None:
    data = service(tally(FINE, BAD)).performance
    assert {label: datum.value for label, datum in data.items()} == {
        "targets": 2,
        "critical": 1,
        "warning": 0,
        "unknown": 0,
        "ok": 1,
        "time": 1.5,
        "days_until_expiration": 59.4,
    }
    assert list(service(tally(BAD)).performance) == list(data)[:-1]


def test_why_a_sweep_ended_is_said() -> None:
    made = tally(REPORTS["not checked"], total=1)
    made.ended = "the budget of 1 s is used up"
    assert service(made).words.startswith(
        "1 target (the budget of 1 s is used up): 1 UNKNOWN / UNKNOWN smtp h.test:25: "
    )


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("count", [1, 2, 50, 1000])
def test_however_many_problems_the_service_is_bounded_and_counts_them_all(name, count) -> None:
    report = REPORTS[name]
    found = service(tally(*[report] * count))
    if report.state is State.OK:
        assert found.long_output == ()
        return
    *shown, last = found.long_output
    if last.startswith("and "):
        assert last == f"and {count - len(shown)} more"
    else:
        assert len(shown) + 1 == count
