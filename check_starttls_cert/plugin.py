"""nagiosplugin's shape around the pure core: a Resource probes, a Context evaluates each question.

The only module that imports nagiosplugin, which has no types: behind ``check`` nobody sees its objects.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import nagiosplugin

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import QUESTIONS, Judgement, Question, answerable, judge
from check_starttls_cert.report import Report
from check_starttls_cert.settings import Job, Policy
from check_starttls_cert.state import State

STATES = {
    State.OK: nagiosplugin.Ok,
    State.UNKNOWN: nagiosplugin.Unknown,
    State.WARNING: nagiosplugin.Warn,
    State.CRITICAL: nagiosplugin.Critical,
}


class StarttlsCertificate(nagiosplugin.Resource):
    """A certificate behind STARTTLS. ``observation`` is there once it has been probed."""

    observation: Observation

    def __init__(self, job: Job, observe: Callable[[Job], Observation]) -> None:
        self.job = job
        self.observe = observe

    def probe(self) -> list[nagiosplugin.Metric]:
        """Return the observation once for each question that has an answer."""
        seen = self.observation = self.observe(self.job)
        return [nagiosplugin.Metric(question.key, seen, context=question.key) for question in answerable(seen)]


class QuestionContext(nagiosplugin.Context):
    """Evaluates one question. ``judgement`` is there once it has been asked."""

    judgement: Judgement

    def __init__(self, question: Question, policy: Policy, now: datetime) -> None:
        super().__init__(question.key)
        self.question = question
        self.policy = policy
        self.now = now

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> nagiosplugin.Result:
        """Judge the observation."""
        self.judgement = judge(self.question, metric.value, self.policy, self.now)
        return nagiosplugin.Result(STATES[self.judgement.state], self.judgement.words, metric)


def check(job: Job, now: datetime, observe: Callable[[Job], Observation]) -> Report:
    """Probe the service, ask every question, and report. Raises what ``observe`` raises."""
    resource = StarttlsCertificate(job, observe)
    evaluated = nagiosplugin.Check(resource, *(QuestionContext(row, job.policy, now) for row in QUESTIONS))
    evaluated()
    judgements = tuple(result.context.judgement for result in evaluated.results.results)
    return Report(job, resource.observation, judgements, now)
