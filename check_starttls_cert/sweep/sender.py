"""Sends what a spool keeps to its receiver, in a thread of its own while the sweep goes on; it never holds the sweep.

For deliveries: ``Sender(spool, "Icinga 2", send)``, where ``send`` brings results to the receiver or raises ``Away``;
``add`` in ``take``, and ``end`` in ``end``. What was not sent by then stays in the spool, and makes the sweep UNKNOWN.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable

from check_starttls_cert.run import reason
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import counted, printable
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from check_starttls_cert.sweep.spool import Result, Spool

    Send = Callable[[list[Result]], None]

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before it is tried again to send the same; then this sweep sends nothing more."""

DEADLINE = 30.0
"""Seconds after which the end of a sweep waits no longer for one result to be sent, whatever keeps that busy."""

POLL = 0.1
"""Seconds between two looks whether the sweep is to end now."""


class Away(Exception):
    """The receiver does not take results now; the message says why."""

    def __init__(self, why: str, *, lasting: bool = False) -> None:
        """``lasting``: it would be of no use to try again at once."""
        super().__init__(why)
        self.lasting = lasting


class Sender:
    """One receiver's."""

    def __init__(self, spool: Spool, receiver: str, send: Send, at_once: int = 1) -> None:
        """``send`` gets at most ``at_once`` results, in order, ``tried`` where the receiver may have them already."""
        self._spool = spool
        self._receiver = receiver
        self._send = send
        self._at_once = at_once
        self._thread: threading.Thread | None = None
        self._added = threading.Event()
        """There may be something new to do."""
        self._complete = False
        """Nothing will be added any more."""
        self._stopped = threading.Event()
        self._since = math.inf
        """When it was begun to send what is being sent."""
        self._why = ""
        """What went wrong last, where nothing has arrived since."""

    def add(self, text: str) -> None:
        """Keep a result, and send it when its turn comes."""
        self._spool.add(text)
        self._go_on()

    def end(self, stop: Callable[[], str]) -> str:
        """Send the rest, unless ``stop`` says why not to, and return in one line what did not arrive."""
        self._complete = True
        self._go_on()
        stopped = ""
        while self._thread is not None and self._thread.is_alive() and not stopped:
            self._thread.join(POLL)
            if not (stopped := stop()) and time.monotonic() - self._since > DEADLINE:
                stopped = f"no answer within {DEADLINE:g} s"
        self._stopped.set()
        self._added.set()
        self._spool.close()
        said = [self._spool.trouble()]
        if self._spool.left:
            kept = f"{counted(self._spool.left, 'result')} for {self._receiver} kept in the spool"
            said.insert(0, f"{kept}: {self._why or stopped}")
        return JOINT.join(filter(None, said))

    def _go_on(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # can't start new thread
                self._why = reason(error)
        self._added.set()

    def _work(self) -> None:
        try:
            while results := self._next():
                self._since = time.monotonic()
                self._sent(results)
                self._spool.settle(results)
                self._since = math.inf
        except Away:
            pass
        except sqlite3.Error as error:
            self._why = f'cannot use "{printable(self._spool.path)}": {printable(str(error))}'
        except BaseException as error:  # noqa: BLE001 - it is this receiver's alone
            self._why = reason(error)

    def _next(self) -> list[Result]:
        """Return what is to be sent, as soon as there is something; nothing in the end."""
        while not self._stopped.is_set():
            complete = self._complete
            if (results := self._spool.first(self._at_once)) or complete:
                return results
            self._added.wait()
            self._added.clear()
        return []

    def _sent(self, results: list[Result]) -> None:
        """Send, and try again after a pause. Raises ``Away``."""
        pauses = iter(PAUSES)
        while True:
            try:
                self._send(results)
            except Away as error:
                self._why = str(error)
                pause = next(pauses, None)
                if pause is None or error.lasting or self._stopped.wait(pause):
                    raise
            else:
                self._why = ""
                return
            results = [result._replace(tried=True) for result in results]
