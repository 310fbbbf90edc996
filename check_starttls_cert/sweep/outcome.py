"""What became of one target, and of all of them: counts, and the worst ones."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from datetime import datetime

from check_starttls_cert.errors import ProbeError
from check_starttls_cert.observation import Observation, Store
from check_starttls_cert.questions import QUESTIONS, Judgement
from check_starttls_cert.report import Report
from check_starttls_cert.settings import Job
from check_starttls_cert.state import State
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.summary import found, service
from check_starttls_cert.words import counted_states

MAX_WORST = 100
"""Targets that are kept to be named."""


def unjudged(job: Job, now: datetime, words: str) -> Report:
    """Return the report for a target of which nothing is known: UNKNOWN, whatever the user makes of bad answers."""
    nothing = Observation(
        elapsed=0.0, connections=0, address=None, transcript=(), store=Store("not read"), error=ProbeError(words)
    )
    return Report(job, nothing, (Judgement(QUESTIONS[0], False, State.UNKNOWN, words, None, None),), now)


class Outcome(NamedTuple):
    """What is left of a report when it has been shown."""

    number: int
    """The target's place in the inventory."""
    state: State
    days: float
    """The days that the certificate has left; infinite where it could not be read."""
    service: str
    """What was checked, and how its certificate calls itself."""
    found: str
    """What is wrong with it, or what was found."""
    shown: tuple[str, ...]
    """What the output says of it at once, and what each delivery needs."""

    @property
    def target(self) -> str:
        """The service without the certificate's name."""
        return self.service.partition(" (")[0]

    @property
    def words(self) -> str:
        """The status line's."""
        return f"{self.service}: {self.found}"


def outcome(number: int, report: Report, shown: tuple[str, ...]) -> Outcome:
    """Return what is kept of a report."""
    days = next((each.value for each in report.judgements if each.question.key == "expiry"), None)
    left = math.inf if days is None else days
    return Outcome(number, report.state, left, service(report), found(report), shown)


class Tally:
    """What a sweep has come to so far. Its size does not depend on how many targets there are."""

    def __init__(self, total: int) -> None:
        self.total = total
        """Targets in the inventory."""
        self.counts = dict.fromkeys(State, 0)
        self.days = math.inf
        """The fewest days that a certificate has left."""
        self.elapsed = 0.0
        """Seconds that the whole sweep took."""
        self.ended = ""
        """Why it ended before its time."""
        self.stop: Callable[[], str] = str
        """Says, like ``ended``, why whoever is still busy is to end now; nothing where there is time."""
        self.undelivered: list[str] = []
        """What could not be brought to where it belongs."""
        self._urgent: list[tuple[tuple[State, float, int], Outcome]] = []

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, and keep it if it is among the worst."""
        self.counts[outcome.state] += 1
        self.days = min(self.days, outcome.days)
        # Of the same state, whose certificate ends first is worse; then the inventory's order decides.
        urgency = outcome.state, -round(outcome.days, 1), -outcome.number
        if len(self._urgent) < MAX_WORST:
            heapq.heappush(self._urgent, (urgency, outcome._replace(shown=())))
        elif urgency > self._urgent[0][0]:
            heapq.heapreplace(self._urgent, (urgency, outcome._replace(shown=())))

    @property
    def state(self) -> State:
        """The worst of all; of a sweep that could not bring all its results to where they belong, UNKNOWN."""
        if self.undelivered:
            return State.UNKNOWN
        return max((state for state, count in self.counts.items() if count), default=State.OK)

    def left_out(self, listed: Iterable[State]) -> str:
        """Return in words how many targets are not among those that are listed."""
        counts = dict(self.counts)
        for state in listed:
            counts[state] -= 1
        return counted_states(counts)

    @property
    def urgent(self) -> list[Outcome]:
        """The most urgent targets, the worst first."""
        return [outcome for _, outcome in sorted(self._urgent, key=lambda entry: entry[0], reverse=True)]

    @property
    def worst(self) -> list[Outcome]:
        """What of them is not OK."""
        return [outcome for outcome in self.urgent if outcome.state]
