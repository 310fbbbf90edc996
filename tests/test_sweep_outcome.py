"""What is kept of a sweep: counts, and the worst, in an order that no thread decides."""

from __future__ import annotations

import math
import random

import pytest
from observations import DAY, NOW, REFUSED, evaluated, facts, seen, unseen

from check_starttls_cert import options
from check_starttls_cert.outputs import OUTPUTS, renderer
from check_starttls_cert.state import State
from check_starttls_cert.summary import found, line, service
from check_starttls_cert.sweep import outcome as module
from check_starttls_cert.sweep.outcome import Outcome, Tally, outcome, unjudged

JOB = options.job({"host": "mta.example.com", "unreachable": State.OK})


def of(number: int, state: State, days: float = 10.0) -> Outcome:
    """Return an outcome."""
    return Outcome(number, state, days, f"service {number}", "found", ("shown",))


def test_of_a_report_its_state_its_days_and_its_words_are_kept() -> None:
    report = evaluated(seen(facts(5 * DAY)))
    made = outcome(7, report, ("shown",))
    assert made == Outcome(7, State.CRITICAL, 5.0, service(report), found(report), ("shown",))
    assert (made.target, made.words) == ("smtp mta.example.com:25", line(report))


def test_of_one_without_a_certificate_no_days_are_known() -> None:
    assert outcome(0, evaluated(unseen(REFUSED)), ()).days == math.inf


def test_what_is_not_known_is_unknown_whatever_the_user_makes_of_it() -> None:
    report = unjudged(JOB, NOW, "not checked: the budget of 1 s is used up")
    assert (report.state, line(report)) == (
        State.UNKNOWN,
        "smtp mta.example.com:25: not checked: the budget of 1 s is used up",
    )


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_can_show_what_is_not_known(output) -> None:
    report = unjudged(JOB._replace(output=output, verbose=2), NOW, "not checked: why")
    said = "starttls_cert_success{" if output == "openmetrics" else "not checked: why"  # which has numbers only
    assert said in renderer(output).render(report).text


def test_states_are_counted_and_the_worst_is_the_sweep_s() -> None:
    tally = Tally(4)
    assert tally.state is State.OK
    for number, state in enumerate((State.OK, State.UNKNOWN, State.WARNING, State.UNKNOWN)):
        tally.add(of(number, state))
    assert tally.counts == {State.OK: 1, State.UNKNOWN: 2, State.WARNING: 1, State.CRITICAL: 0}
    assert tally.state is State.WARNING


def test_a_sweep_that_could_not_deliver_is_unknown_whatever_the_targets_are() -> None:
    tally = Tally(1)
    tally.add(of(0, State.CRITICAL))
    tally.undelivered = ["the page is not there"]
    assert tally.state is State.UNKNOWN


def test_the_fewest_days_are_known() -> None:
    tally = Tally(3)
    assert tally.days == math.inf
    for number, days in enumerate((30.0, 2.0, math.inf)):
        tally.add(of(number, State.OK, days))
    assert tally.days == 2.0


def test_the_worst_come_first_then_who_ends_first_then_the_inventory_decides() -> None:
    outcomes = [
        of(0, State.WARNING, 1.0),
        of(1, State.CRITICAL, 9.0),
        of(2, State.CRITICAL, 2.02),
        of(3, State.CRITICAL, 2.01),
        of(4, State.UNKNOWN, math.inf),
        of(5, State.OK),
    ]
    random.Random(1).shuffle(outcomes)
    tally = Tally(6)
    for each in outcomes:
        tally.add(each)
    assert [each.number for each in tally.urgent] == [2, 3, 1, 0, 4, 5]
    assert [each.number for each in tally.worst] == [2, 3, 1, 0, 4]


def test_no_more_than_the_worst_are_kept(monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_WORST", 3)
    outcomes = [of(number, State.CRITICAL, float(number)) for number in range(100)]
    random.Random(1).shuffle(outcomes)
    tally = Tally(100)
    for each in outcomes:
        tally.add(each)
    assert [each.number for each in tally.worst] == [0, 1, 2]
    assert {each.shown for each in tally.worst} == {()}
    assert tally.counts[State.CRITICAL] == 100


def test_what_is_not_listed_is_counted() -> None:
    tally = Tally(4)
    for number, state in enumerate((State.OK, State.UNKNOWN, State.OK, State.CRITICAL)):
        tally.add(of(number, state))
    assert tally.left_out([State.CRITICAL, State.OK]) == "1 UNKNOWN, 1 OK"
    assert tally.left_out(each.state for each in tally.urgent) == ""
