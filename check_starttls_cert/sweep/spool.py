"""The spool: what a receiver has to be told and was not yet, kept in a file from one sweep to the next.

For deliveries: ``opened(given, "icinga2")`` returns the ``Spool`` of one receiver, or raises ``UsageError``. A result
is any text. ``add`` keeps it; ``first`` returns the oldest, and notes that somebody begins to send them; ``settle``
forgets them once the receiver has them, or never will. ``sender.Sender`` does the last two in a thread of its own.

SQLite does the rest: each of these three happened or did not, whenever the process is killed, and a second sweep cannot
open the file. Left is the moment between a request and ``settle``: such results have ``tried`` set when they are
returned again, and who can ask the receiver asks about them alone.

To add a result costs some 15 microseconds. It survives the end of the process from then on, a power cut from ``close``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence

from check_starttls_cert.errors import UsageError
from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple
from check_starttls_cert.text import counted, printable
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MAX_SIZE = 256 * 1024 * 1024
"""Octets of all results of one receiver: those of some 200,000 targets."""

MAX_AGE = 7 * 24 * 3600
"""Seconds that a result is kept."""

APPLICATION = 0x57A27715
"""What SQLite's header calls a file of this program (``PRAGMA application_id``)."""

TABLE = """
CREATE TABLE results (
  number INTEGER PRIMARY KEY AUTOINCREMENT, added REAL NOT NULL, tried INTEGER NOT NULL DEFAULT 0, text BLOB NOT NULL
)"""


class Result(NamedTuple):
    """A result that is kept."""

    number: int
    """Its place: larger than that of all that were added before, in earlier sweeps too."""
    text: str
    tried: bool
    """``first`` returned it before: the receiver may have it already."""


def opened(given: Mapping[str, Any], receiver: str) -> Spool:
    """Return the spool of the receiver that an option names. Raises ``UsageError``."""
    if "spool" not in given:
        option = receiver.replace("_", "-")
        raise UsageError(f"--{option} needs --spool DIR, the directory where results wait that cannot be delivered")
    return Spool(given["spool"], receiver)


class Spool:
    """The results for one receiver. Its methods may be called by several threads, and after ``close``."""

    def __init__(self, directory: str, receiver: str, clock: Callable[[], float] = time.time) -> None:
        """Raises ``UsageError``: also for a file that is no spool, or damaged, which is left as it is."""
        self.path = os.path.join(directory, f"{receiver}.spool")
        self.left = 0
        """How many results are kept when it is closed."""
        self._clock = clock
        self._lock = threading.Lock()
        self._open = True
        self._dropped = self._lost = 0
        self._error = ""
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o700)
            # SQLite gives its other files the mode of this one.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._file = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except sqlite3.Error:
                self._file.close()
                raise
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if "locked" in reason:
                raise UsageError(f'--spool: another sweep uses "{printable(self.path)}"; wait for its end') from error
            raise UsageError(
                f'--spool: cannot use "{printable(self.path)}": {printable(reason).lower()}; '
                "allowed is a directory where this user may write, without a file of this name that is no spool"
            ) from error

    def _prepare(self) -> None:
        """Make the file ready, and drop what is too old. Raises ``sqlite3.Error``."""
        execute = self._file.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA auto_vacuum = FULL")  # what was sent needs no space on the disk
        (application,) = execute("PRAGMA application_id").fetchone()
        is_new = not application and not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and not is_new:
            raise sqlite3.DatabaseError("it belongs to another program")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute("BEGIN IMMEDIATE")
        if is_new:
            execute(f"PRAGMA application_id = {APPLICATION}")
            execute(TABLE)
        (said,) = execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {said}")
        self._dropped += execute("DELETE FROM results WHERE added < ?", (self._clock() - MAX_AGE,)).rowcount
        execute("COMMIT")
        (self._size,) = execute("SELECT coalesce(sum(length(text)), 0) FROM results").fetchone()

    def add(self, text: str) -> None:
        """Keep a result, behind all others; the oldest make room for it. Never fails: ``trouble`` says what is lost."""
        octets = text.encode("utf-8", "backslashreplace")
        with self._lock:
            try:
                self._file.execute("INSERT INTO results (added, text) VALUES (?, ?)", (self._clock(), octets))
                self._size += len(octets)
                while self._size > MAX_SIZE:
                    (oldest,) = self._file.execute("SELECT min(number) FROM results").fetchone()
                    self._dropped += self._delete(oldest)
            except sqlite3.Error as error:
                self._lost += 1
                self._error = str(error)

    def first(self, count: int = 1) -> list[Result]:
        """Return the oldest results, at most ``count``, and note that they are tried. Raises ``sqlite3.Error``."""
        with self._lock:
            if not self._open:
                return []
            rows = self._file.execute(
                "SELECT number, text, tried FROM results ORDER BY number LIMIT ?", (count,)
            ).fetchall()
            if rows and not rows[-1][2]:
                self._file.execute("UPDATE results SET tried = 1 WHERE number <= ?", (rows[-1][0],))
        return [Result(number, octets.decode("utf-8"), bool(tried)) for number, octets, tried in rows]

    def settle(self, results: Sequence[Result]) -> None:
        """Forget results, as ``first`` returned them, all at once. Raises ``sqlite3.Error``."""
        with self._lock:
            if self._open:
                self._delete(results[-1].number)

    def settle_tried(self) -> None:
        """Forget the results that ``first`` has returned. Raises ``sqlite3.Error``."""
        with self._lock:
            (last,) = self._file.execute("SELECT coalesce(max(number), 0) FROM results WHERE tried").fetchone()
            self._delete(last)

    def _delete(self, last: int) -> int:
        """Delete all results up to a number; return how many there were."""
        execute = self._file.execute
        (size,) = execute("SELECT coalesce(sum(length(text)), 0) FROM results WHERE number <= ?", (last,)).fetchone()
        deleted = execute("DELETE FROM results WHERE number <= ?", (last,)).rowcount
        self._size -= size
        return deleted

    def close(self) -> None:
        """Write what is left to the disk, and let other sweeps use it."""
        with self._lock:
            if self._open:
                self._open = False
                with contextlib.suppress(sqlite3.Error), contextlib.closing(self._file):
                    (self.left,) = self._file.execute("SELECT count(*) FROM results").fetchone()

    def trouble(self) -> str:
        """Return in one line which results will never be delivered; nothing where there are none."""
        said = []
        if self._dropped:
            many, old = MAX_SIZE // 1024**2, MAX_AGE // (24 * 3600)
            said.append(
                f"{counted(self._dropped, 'undelivered result')} dropped, the oldest: "
                f"the spool keeps {many} MiB for {old} days"
            )
        if self._lost:
            said.append(f'{counted(self._lost, "result")} lost: "{printable(self.path)}": {printable(self._error)}')
        return JOINT.join(said)
