"""The workers of a sweep: threads that ask; what they are told is read and judged as by the single check.

Threads, because a probe waits most of its time. What needs no waiting is done by one thread, for many targets together:
a processor that has just done the same needs half the time for it. The queue between them is bounded.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

from check_starttls_cert.observation import Observation
from check_starttls_cert.report import Report, judged
from check_starttls_cert.run import reason
from check_starttls_cert.settings import Job
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.sweep.lanes import Lanes, Work
from check_starttls_cert.sweep.outcome import Outcome, outcome, unjudged

DEFAULT_JOBS = 100
"""Workers: of a thousand endpoints, of which each tenth hangs until its time-out, all hang at the same time."""

QUEUED = 64
"""Answers that wait to be read; a hostile one can have half a megabyte."""

POLL = 0.05
"""Seconds between two looks at what the workers were told, and whether the sweep is to end."""


class Probes(NamedTuple):
    """What the workers ask with; a test passes its own."""

    ask: Callable[[Job], Callable[[], Observation]]
    """Asks a target; what it returns reads the answer. Raises ``UsageError``."""
    addresses: Callable[[Job], frozenset[str]]
    """The addresses that this may connect to."""
    now: Callable[[], datetime]


class Asked(NamedTuple):
    """A target that was asked."""

    work: Work
    now: datetime
    """When that began."""
    answer: Callable[[], Observation] | str
    """What reads the answer; or, in words, why there is none."""


class Runner:
    """One sweep."""

    def __init__(
        self, jobs: Iterator[Job], probes: Probes, show: Callable[[Report], tuple[str, ...]], end: Callable[[], str]
    ) -> None:
        self.ended = ""
        """Why the sweep ended before its time."""
        self._probes = probes
        self._show = show
        self._end = end
        """Says why the sweep is to end now; nothing where it is not."""
        self._lanes = Lanes(jobs)
        self._queue: queue.Queue[Asked | None] = queue.Queue(QUEUED)
        self._failure: BaseException | None = None
        self._running = 0
        """Workers."""
        self._told = 0

    def outcomes(self, workers: int) -> Iterator[Outcome]:
        """Yield what becomes of each target, soon after it is known. Raises what only a bug of ours would."""
        self._start(workers)
        yield from self._told_while(self._goes_on)
        if self._failure is not None:
            raise self._failure
        rest = self._lanes.stop()
        yield from self._told_while(lambda: self._told < self._lanes.claimed)
        for work in rest:
            yield self._outcome(Asked(work, self._probes.now(), f"not checked: {self.ended}"))

    def _told_while(self, condition: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield what becomes of the targets that workers have done with."""
        while condition():
            try:
                asked = self._queue.get_nowait()
            except queue.Empty:
                time.sleep(POLL)  # until there are several
                continue
            if asked:
                self._told += 1
                yield self._outcome(asked)
            else:
                self._running -= 1

    def _goes_on(self) -> bool:
        """Return whether there is more to come before the sweep is over or has to end."""
        self.ended = self._end()
        return self._running > 0 and not self.ended and self._failure is None

    def _start(self, workers: int) -> None:
        """Start workers, as many as the system gives. Raises ``RuntimeError`` where there would be none."""
        for _ in range(workers):
            try:
                threading.Thread(target=self._work, daemon=True).start()
            except RuntimeError:  # can't start new thread
                if not self._running:
                    raise
                return
            self._running += 1

    def _work(self) -> None:
        try:
            while taken := self._lanes.take():
                self._go_on(*taken)
        except BaseException as error:  # noqa: BLE001 - what no target is to blame for ends the sweep
            self._failure = error
        self._queue.put(None)

    def _go_on(self, work: Work, admitted: bool) -> None:
        """Ask a target and tell of it, unless its address is busy."""
        if not admitted:
            # Whatever goes wrong here does so again when the target is asked, and is told then.
            with suppress(Exception):
                work.addresses = self._probes.addresses(work.job)
            if not self._lanes.enter(work):
                return
        try:
            asked = self._asked(work)
        finally:
            self._lanes.leave(work)
        if self._lanes.claim(work):
            self._queue.put(asked)

    def _asked(self, work: Work) -> Asked:
        """Ask a target; whatever goes wrong is this target's alone."""
        now = self._probes.now()
        try:
            return Asked(work, now, self._probes.ask(work.job))
        except BaseException as error:  # noqa: BLE001 - as ``run`` does for the single check
            return Asked(work, now, reason(error))

    def _outcome(self, asked: Asked) -> Outcome:
        """Read, judge and show; whatever goes wrong here is this target's alone as well."""
        work, now, answer = asked
        try:
            if isinstance(answer, str):
                return self._shown(work, unjudged(work.job, now, answer))
            return self._shown(work, judged(work.job, answer(), now))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not end the sweep
            return self._shown(work, unjudged(work.job, now, reason(error)))

    def _shown(self, work: Work, report: Report) -> Outcome:
        return outcome(work.number, report, self._show(report))
