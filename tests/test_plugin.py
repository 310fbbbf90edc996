"""nagiosplugin's shape: the Resource probes once, and each Context evaluates its question."""

from __future__ import annotations

import pytest
from nagiosplugin import Critical, Ok, Unknown, Warn
from observations import NOW, REFUSED, SITUATIONS, seen, unseen

from check_starttls_cert import options, plugin
from check_starttls_cert.errors import UsageError
from check_starttls_cert.plugin import QuestionContext, StarttlsCertificate
from check_starttls_cert.questions import QUESTIONS
from check_starttls_cert.state import State

JOB = options.job({"host": "mta.example.com", "timeout": 2.5})


def test_a_certificate_answers_every_question_once() -> None:
    metrics = StarttlsCertificate(JOB, lambda _: seen()).probe()
    assert [metric.context for metric in metrics] == [question.key for question in QUESTIONS]


def test_a_failed_probe_answers_for_the_connection_only() -> None:
    metrics = StarttlsCertificate(JOB, lambda _: unseen(REFUSED)).probe()
    assert [metric.context for metric in metrics] == ["connection"]


def test_the_service_is_probed_once_and_as_the_job_says() -> None:
    heard = []

    def observe(job):
        heard.append(job)
        return SITUATIONS["fine"]

    report = plugin.check(JOB, NOW, observe)
    assert heard == [JOB]
    assert report.observation is SITUATIONS["fine"]
    assert (report.job, report.now) == (JOB, NOW)


def test_unreadable_trust_anchors_are_the_users_error() -> None:
    def observe(_):
        raise UsageError("no file")

    with pytest.raises(UsageError, match="no file"):
        plugin.check(JOB, NOW, observe)


def test_each_state_is_nagiosplugins() -> None:
    assert {State.OK: Ok, State.UNKNOWN: Unknown, State.WARNING: Warn, State.CRITICAL: Critical} == plugin.STATES


def test_a_context_gives_nagiosplugin_a_result_and_keeps_the_judgement() -> None:
    context = QuestionContext(QUESTIONS[0], JOB.policy, NOW)
    (metric,) = StarttlsCertificate(JOB, lambda _: unseen(REFUSED)).probe()
    result = context.evaluate(metric, None)
    assert (result.state, result.hint) == (Critical, str(REFUSED))
    assert (context.judgement.state, context.judgement.words) == (State.CRITICAL, str(REFUSED))
