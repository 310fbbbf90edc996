"""The report: the worst state, and the problems in their order."""

from __future__ import annotations

import pytest
from observations import DAY, NOW, REFUSED, SITUATIONS, evaluated, facts, seen, unseen

from check_starttls_cert import options, plugin
from check_starttls_cert.certificate import Key
from check_starttls_cert.questions import QUESTIONS, Judgement
from check_starttls_cert.report import Report, judged
from check_starttls_cert.state import State

JOB = options.job({"host": "mta.example.com"})

OK, UNKNOWN, WARNING, CRITICAL = sorted(State)


def report(*states: State) -> Report:
    judgements = (
        Judgement(QUESTIONS[index], False, state, f"{state.name} {index}", None, None)
        for index, state in enumerate(states)
    )
    return Report(JOB, seen(), tuple(judgements), NOW)


@pytest.mark.parametrize(
    ("states", "expected"),
    [((OK, OK), OK), ((OK, UNKNOWN), UNKNOWN), ((UNKNOWN, WARNING), WARNING), ((CRITICAL, UNKNOWN, WARNING), CRITICAL)],
)
def test_the_worst_state_counts(states, expected) -> None:
    assert report(*states).state is expected


def test_problems_are_told_worst_first_each_rank_in_the_questions_order() -> None:
    assert report(WARNING, OK, CRITICAL, UNKNOWN, WARNING, CRITICAL).problems == [
        "CRITICAL 2",
        "CRITICAL 5",
        "WARNING 0",
        "WARNING 4",
        "UNKNOWN 3",
    ]


def test_a_report_has_the_questions_in_the_order_of_their_table() -> None:
    judgements = evaluated(seen()).judgements
    assert tuple(judgement.question for judgement in judgements) == QUESTIONS


def test_without_a_certificate_only_the_connection_is_judged() -> None:
    assert [judgement.question.key for judgement in evaluated(unseen(REFUSED)).judgements] == ["connection"]


def test_what_is_known_to_be_broken_does_not_hide_behind_what_is_not_known() -> None:
    unknown_key = {"key": Key("unknown key type", -1)}
    assert evaluated(seen(facts(**unknown_key))).state.name == "UNKNOWN"
    assert evaluated(seen(facts(20 * DAY, **unknown_key))).state.name == "WARNING"
    assert evaluated(seen(facts(-DAY, **unknown_key))).state.name == "CRITICAL"


@pytest.mark.parametrize("observation", SITUATIONS.values(), ids=SITUATIONS)
def test_a_report_is_the_same_whether_nagiosplugin_evaluates_it_or_not(observation) -> None:
    assert judged(JOB, observation, NOW) == plugin.check(JOB, NOW, lambda _: observation)
