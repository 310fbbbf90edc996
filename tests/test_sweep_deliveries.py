"""Every delivery: each target as it is judged, and the whole sweep in the end."""

from __future__ import annotations

import json

import jsonschema
import pytest
from observations import NOW, REFUSED, SCHEMA, SITUATIONS, evaluated, unseen
from plugin_format import parse

from check_starttls_cert import options
from check_starttls_cert.outputs.nagios import render
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.sweep.deliveries import DELIVERIES, delivery
from check_starttls_cert.sweep.outcome import Tally, outcome, unjudged

REPORTS = {name: evaluated(situation) for name, situation in SITUATIONS.items()}
REPORTS["not checked"] = unjudged(options.job({"host": "h.test"}), NOW, "not checked: why")


def tally(*reports: Report, total: int = 0) -> Tally:
    """Return what a sweep with these reports comes to."""
    made = Tally(total or len(reports))
    for number, report in enumerate(reports):
        made.add(outcome(number, report, ""))
    made.elapsed = 1.5
    return made


FINE, BAD = REPORTS["fine"], evaluated(unseen(REFUSED))


@pytest.mark.parametrize("output", DELIVERIES)
def test_the_exit_code_is_that_of_the_worst(output) -> None:
    to = delivery(output)
    assert to.end(tally(FINE)).exit_code == 0
    assert to.end(tally(FINE, REPORTS["not checked"])).exit_code == 3
    assert to.end(tally(REPORTS["not checked"], BAD, FINE)).exit_code == 2


@pytest.mark.parametrize("name", REPORTS)
def test_lines_are_what_the_single_check_prints(name) -> None:
    report = REPORTS[name]
    for verbose in (0, 2):
        job = report.job._replace(verbose=verbose)
        assert delivery("lines").show(report._replace(job=job)) == render(report._replace(job=job)).text


def test_the_last_line_counts() -> None:
    assert delivery("lines").end(tally(FINE, BAD, FINE)) == (
        "STARTTLS_CERT CRITICAL - 3 targets: 1 CRITICAL, 2 OK",
        2,
    )


@pytest.mark.parametrize("name", REPORTS)
def test_a_document_is_one_line_and_what_the_schema_says(name) -> None:
    text = delivery("json").show(REPORTS[name])
    assert text.isascii()
    assert "\n" not in text
    jsonschema.validate(json.loads(text), SCHEMA)


def test_after_the_documents_comes_nothing() -> None:
    assert delivery("json").end(tally(FINE)) == ("", 0)


def test_a_failure_is_a_document_in_one_line_too() -> None:
    from check_starttls_cert.sweep.deliveries import json as lines

    text, exit_code = lines.failure("2 errors\nhosts:1: x")
    assert (exit_code, "\n" in text, json.loads(text)["message"]) == (3, False, "2 errors\nhosts:1: x")
    jsonschema.validate(json.loads(text), SCHEMA)


# The service


def service(made: Tally):
    """Return what a monitoring system reads of a sweep, after its strict rules."""
    text, exit_code = delivery("nagios").end(made)
    assert len(text) <= 4000
    return parse(text + "\n", exit_code)


def test_the_service_says_nothing_before_the_end() -> None:
    assert delivery("nagios").show(BAD) == ""


def test_a_sweep_without_problems_is_one_line() -> None:
    text, _ = delivery("nagios").end(tally(FINE, FINE))
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
