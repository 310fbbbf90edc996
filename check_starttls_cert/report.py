"""The report: everything that passes from judgement to presentation, as plain values."""

from __future__ import annotations

from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.questions import Judgement, answerable, judge
from check_starttls_cert.settings import Job
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import NamedTuple


class Report(NamedTuple):
    """One check, judged."""

    job: Job
    observation: Observation
    judgements: tuple[Judgement, ...]
    """In the questions' order; without a certificate only of those that need none."""
    now: datetime
    """The moment that the judgements refer to."""

    @property
    def state(self) -> State:
        """The worst of all answers."""
        return max(judgement.state for judgement in self.judgements)

    @property
    def problems(self) -> list[str]:
        """The words of everything that is not OK, worst first, each rank in the questions' order."""
        bad = sorted(filter(lambda judgement: judgement.state, self.judgements), key=lambda each: -each.state)
        return [judgement.words for judgement in bad]


def judged(job: Job, observation: Observation, now: datetime) -> Report:
    """Return the report of what was seen, every question asked."""
    judgements = (judge(question, observation, job.policy, now) for question in answerable(observation))
    return Report(job, observation, tuple(judgements), now)
