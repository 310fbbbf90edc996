"""The answers of the resolver, shared by all probes of a sweep: a name is asked for once."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict

from check_starttls_cert import connect
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import DeadlineExceeded, ProbeError, ResolveError
from check_starttls_cert.names import ip_address
from check_starttls_cert.settings import Job
from check_starttls_cert.wire import Deadline

MAX_ANSWERS = 4096


class Answer:
    """What is known of one name."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        """Held by the probe that asks."""
        self.addresses: list[Address] | None = None
        self.error: ProbeError | None = None
        self.waited = 0.0
        """The seconds that the probe would have waited for an answer; infinite where the answer was an error."""


class Addresses:
    """A bounded memory of ``connect.resolve``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int], Answer] = OrderedDict()

    def resolve(self, host: str, port: int, family: int, deadline: Deadline) -> list[Address]:
        """As ``connect.resolve``; what another probe was told is not asked for again."""
        if ip_address(host) is not None:
            return connect.resolve(host, port, family, deadline)
        answer = self._answer(host, family)
        if not answer.lock.acquire(timeout=max(deadline.left, 0)):
            return connect.resolve(host, port, family, deadline)  # which says that there is no time left
        try:
            if answer.addresses is None and (answer.error is None or answer.waited < deadline.seconds):
                self._ask(answer, host, port, family, deadline)
            if answer.addresses is None:
                assert answer.error is not None
                # One of its own for each: a raised error collects where it has been.
                raise type(answer.error)(answer.error.problem, hint=answer.error.hint)
            return [Address(each.family, (each.sockaddr[0], port, *each.sockaddr[2:])) for each in answer.addresses]
        finally:
            answer.lock.release()

    @staticmethod
    def _ask(answer: Answer, host: str, port: int, family: int, deadline: Deadline) -> None:
        try:
            answer.addresses = connect.resolve(host, port, family, deadline)
        except DeadlineExceeded as error:
            answer.error, answer.waited = error, deadline.seconds
        except ResolveError as error:
            answer.error, answer.waited = error, math.inf

    def of(self, job: Job) -> frozenset[str]:
        """Return the addresses that a probe of this target may connect to; none where the probe will say why."""
        target = job.target
        try:
            found = self.resolve(target.host, target.port, target.family, Deadline(job.timeout))
        except ProbeError:
            return frozenset()
        return frozenset(map(str, found))

    def _answer(self, host: str, family: int) -> Answer:
        key = host, family
        with self._lock:
            answer = self._answers.setdefault(key, Answer())
            self._answers.move_to_end(key)
            if len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
            return answer
