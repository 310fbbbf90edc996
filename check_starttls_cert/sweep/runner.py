"""The workers of a sweep: threads that probe and judge, each target as the single check does.

Threads, because a probe waits most of its time and OpenSSL lets others run while it computes. Reports are made into
text where they are judged, so that what passes between threads is small, and the queue between them is bounded.
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
"""Workers at most: of a thousand endpoints, of which each tenth hangs until its time-out, all hang at the same time."""

FEW = 16
"""Workers at first, and how many more at a time while the processor waits: threads that all have something to compute
take it from each other, and a hundred need a tenth more CPU time for the same work than these."""

BUSY = 0.3
"""The share of its time that this process computes with enough workers."""

QUEUED = 256
"""Outcomes that wait to be told."""

POLL = 0.1
"""Seconds between two looks whether the sweep is to end: no system's queue can be told by a signal handler."""


class Probes(NamedTuple):
    """What the workers ask with; a test passes its own."""

    observe: Callable[[Job], Observation]
    """Probes. Raises ``UsageError``."""
    addresses: Callable[[Job], frozenset[str]]
    """The addresses that this may connect to."""
    now: Callable[[], datetime]


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
        self._queue: queue.Queue[Outcome | None] = queue.Queue(QUEUED)
        self._failure: BaseException | None = None
        self._started = self._running = 0
        """Workers."""
        self._told = 0
        self._looked, self._computed = time.monotonic(), time.process_time()

    def outcomes(self, workers: int) -> Iterator[Outcome]:
        """Yield what becomes of each target, as soon as it is known. Raises what only a bug of ours would."""
        self._start(min(FEW, workers))
        yield from self._told_while(lambda: self._goes_on(workers))
        if self._failure is not None:
            raise self._failure
        rest = self._lanes.stop()
        yield from self._told_while(lambda: self._told < self._lanes.claimed)
        for work in rest:
            yield self._outcome(work, unjudged(work.job, self._probes.now(), f"not checked: {self.ended}"))

    def _told_while(self, condition: Callable[[], bool]) -> Iterator[Outcome]:
        """Yield what workers tell."""
        while condition():
            if found := self._next():
                self._told += 1
                yield found

    def _goes_on(self, workers: int) -> bool:
        """Return whether there is more to come before the sweep is over or has to end."""
        self._grow(workers)
        self.ended = self._end()
        return self._running > 0 and not self.ended and self._failure is None

    def _next(self) -> Outcome | None:
        """Return what a worker tells next; nothing where it tells that it is done, or where none tells anything."""
        try:
            found = self._queue.get(timeout=POLL)
        except queue.Empty:
            return None
        self._running -= found is None
        return found

    def _grow(self, workers: int) -> None:
        """Start more workers, up to that many, where those that there are leave the processor idle."""
        elapsed = time.monotonic() - self._looked
        if elapsed < POLL:
            return
        computed = time.process_time() - self._computed
        if computed < BUSY * elapsed and self._running == self._started < workers:
            self._start(min(FEW, workers - self._started))
        self._looked, self._computed = self._looked + elapsed, self._computed + computed

    def _start(self, workers: int) -> None:
        """Start workers, as many as the system gives. Raises ``RuntimeError`` where there would be none."""
        for _ in range(workers):
            try:
                threading.Thread(target=self._work, daemon=True).start()
            except RuntimeError:  # can't start new thread
                if not self._started:
                    raise
                return
            self._started += 1
            self._running += 1

    def _work(self) -> None:
        try:
            while taken := self._lanes.take():
                self._go_on(*taken)
        except BaseException as error:  # noqa: BLE001 - what no target is to blame for ends the sweep
            self._failure = error
        self._queue.put(None)

    def _go_on(self, work: Work, admitted: bool) -> None:
        """Probe a target and tell of it, unless its address is busy."""
        if not admitted:
            # Whatever goes wrong here does so again in the probe, which is asked why.
            with suppress(Exception):
                work.addresses = self._probes.addresses(work.job)
            if not self._lanes.enter(work):
                return
        try:
            report = self._judged(work.job)
        finally:
            self._lanes.leave(work)
        told = self._outcome(work, report)
        if self._lanes.claim(work):
            self._queue.put(told)

    def _judged(self, job: Job) -> Report:
        """Return the report of a target; whatever goes wrong is this target's alone."""
        now = self._probes.now()
        try:
            return judged(job, self._probes.observe(job), now)
        except BaseException as error:  # noqa: BLE001 - as ``run`` does for the single check
            return unjudged(job, now, reason(error))

    def _outcome(self, work: Work, report: Report) -> Outcome:
        try:
            return outcome(work.number, report, self._show(report))
        except Exception as error:  # noqa: BLE001 - this target's alone as well
            report = unjudged(work.job, report.now, reason(error))
            return outcome(work.number, report, self._show(report))
