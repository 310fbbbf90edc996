"""Who may connect now: at most two connections at once to one address, and a pause between them.

Mail servers count connections. A target whose address is busy waits in that address's lane and costs no worker, which
takes the next one. What waits is bounded: where too much does, no more of the inventory is read.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import chain, islice

from check_starttls_cert.settings import Job

AT_ONCE = 2
"""Connections to one address."""

PAUSE = 0.1
"""Seconds between the end of a connection and the next one that takes its place."""

MAX_WAITING = 4096
"""Targets that wait in all lanes together."""

AHEAD = 64
"""Targets that are read from the inventory at a time, in half the time that one after the other needs."""


def ahead(jobs: Iterator[Job]) -> Iterator[Job]:
    """Yield the same, read ``AHEAD`` at a time."""
    while some := list(islice(jobs, AHEAD)):
        yield from some


class Work:
    """A target on its way through a sweep."""

    __slots__ = ("addresses", "job", "number")

    def __init__(self, number: int, job: Job) -> None:
        self.number = number
        """Its place in the inventory, from 0."""
        self.job = job
        self.addresses: Collection[str] = ()
        """Where it may connect to, once that is known."""


class Lane:
    """One address."""

    __slots__ = ("free", "waiting")

    def __init__(self) -> None:
        self.free = AT_ONCE
        self.waiting: deque[Work] = deque()


class Lanes:
    """Hands out the targets of an inventory to workers. All methods may be called by any thread."""

    def __init__(self, jobs: Iterator[Job], clock: Callable[[], float] = time.monotonic) -> None:
        self.claimed = 0
        """How many targets have their report."""
        self._jobs = enumerate(ahead(jobs))
        self._clock = clock
        self._changed = threading.Condition()
        self._lanes: dict[str, Lane] = {}
        """The addresses that are in use, or were until a moment ago."""
        self._pauses: deque[tuple[float, str]] = deque()
        """When a connection to an address may be replaced, the next first."""
        self._admitted: deque[Work] = deque()
        """What waited, and may connect now."""
        self._waiting = 0
        self._open: dict[int, Work] = {}
        """What has no report yet, of all that was read."""
        self._exhausted = False
        self._stopped = False

    def take(self) -> tuple[Work, bool] | None:
        """Return the next target and whether it may connect already; ``None`` when there is nothing left to do.

        One that may not has never been seen before: its addresses have to be found, and then ``enter`` says.
        """
        with self._changed:
            while not self._stopped:
                self._end_pauses()
                if self._admitted:
                    work = self._admitted.popleft()
                    self._changed.notify()  # somebody else may have to see the next pause end
                    return work, True
                if self._waiting < MAX_WAITING and (new := self._next()):
                    return new, False
                if self._exhausted and not self._open:
                    break
                self._changed.wait(self._pauses[0][0] - self._clock() if self._pauses else None)
            self._changed.notify_all()
            return None

    def enter(self, work: Work) -> bool:
        """Return whether ``work`` may connect to its addresses now; if not, it waits, and ``take`` will return it."""
        with self._changed:
            self._end_pauses()
            return self._enter(work)

    def leave(self, work: Work) -> None:
        """Say that the connections to the addresses of ``work`` are over."""
        with self._changed:
            until = self._clock() + PAUSE
            self._pauses.extend((until, address) for address in work.addresses)
            self._changed.notify()

    def claim(self, work: Work) -> bool:
        """Return whether the report of ``work`` is wanted: once, and not when the sweep was stopped before."""
        with self._changed:
            if self._stopped:
                return False
            del self._open[work.number]
            self.claimed += 1
            if self._exhausted and not self._open:
                self._changed.notify_all()
            return True

    def stop(self) -> Iterator[Work]:
        """End the sweep now, and return all targets that have no report, in the inventory's order."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            left = sorted(self._open.values(), key=lambda work: work.number)
        return chain(left, (Work(number, job) for number, job in self._jobs))

    def _next(self) -> Work | None:
        """Return the next target of the inventory."""
        for number, job in self._jobs:
            work = self._open[number] = Work(number, job)
            return work
        self._exhausted = True
        return None

    def _enter(self, work: Work) -> bool:
        lanes = [self._lanes.setdefault(address, Lane()) for address in work.addresses]
        busy = next((lane for lane in lanes if not lane.free), None)
        if busy is not None:
            busy.waiting.append(work)
            self._waiting += 1
            return False
        for lane in lanes:
            lane.free -= 1
        return True

    def _end_pauses(self) -> None:
        """Let those in whose turn it is."""
        now = self._clock()
        while self._pauses and self._pauses[0][0] <= now:
            address = self._pauses.popleft()[1]
            lane = self._lanes[address]
            lane.free += 1
            while lane.waiting and lane.free:
                work = lane.waiting.popleft()
                self._waiting -= 1
                if self._enter(work):  # another of its addresses may be busy
                    self._admitted.append(work)
                    self._changed.notify()
            if lane.free == AT_ONCE and not lane.waiting:
                del self._lanes[address]
