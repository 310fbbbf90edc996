"""Passive results for Nagios Core 4 and Naemon: check result files in the spool directory of the core.

The core reads a file ``cXXXXXX``, with any number of results, where a ``cXXXXXX.ok`` is beside it, and deletes both.
The second is made first, so that one rename hands over a whole file or none of it. Until then the file has a name that
the core does not look at. It tells of results in doubt, because a sweep was killed: where it is there, they were not
handed over. So each is handed over once, whatever file systems the two directories are on.

The core reads files in any order, and drops what is older than ``max_check_result_file_age``, an hour by default. So a
file comes when the core has taken the one before. Where it does not, results wait in the spool of ours.

Source: Nagios Core 4.4, base/utils.c, ``process_check_result_file``; Naemon, src/naemon/checks.c.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import nagios
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep import spool
from check_starttls_cert.sweep.service import service
from check_starttls_cert.text import counted, printable
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TextIO

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally

PASSIVE = 1
"""The core's number for a check that others did."""

IN_ONE_FILE = 5000
"""Results: some 3 MB."""

PATIENCE = 30.0
"""Seconds for the core to take a file: three times its default ``check_result_reaper_frequency``."""

PAUSE = 0.1

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def opened(given: Mapping[str, Any]) -> NagiosResults:
    """Return the delivery. Raises ``UsageError``."""
    directory = given["nagios_results"]
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise UsageError(
            f'--nagios-results: "{printable(directory)}" is no directory; '
            "allowed is the one that nagios.cfg names as check_result_path"
        )
    return NagiosResults(directory, spool.opened(given, "nagios_results"))


class NagiosResults:
    """Results on their way to the core's directory."""

    def __init__(self, directory: str, waiting: spool.Spool) -> None:
        self.directory = directory
        self._spool = waiting
        mark = zlib.crc32(os.path.realpath(waiting.path).encode("utf-8", "surrogateescape"))
        self._new = os.path.join(directory, f"starttls_cert-{mark:08x}.new")
        """A file on its way. The name is this spool's alone."""
        self._prefix = f"c{coded(mark, 2)}"
        """How the names of its files begin once they are handed over."""

    @staticmethod
    def show(report: Report) -> str:
        """Return a result as it stands in a file."""
        return result(report)

    def take(self, shown: str) -> None:
        """Keep a result until the end."""
        self._spool.add(shown)

    def end(self, tally: Tally) -> str:
        """Hand the results over, those of earlier sweeps first."""
        try:
            why = self._deliver(tally.stop)
        except OSError as error:
            why = f'cannot write to "{printable(self.directory)}": {printable(error.strerror or str(error)).lower()}'
        except sqlite3.Error as error:
            why = f'"{printable(self._spool.path)}": {printable(str(error))}'
        self._spool.close()
        kept = f"{counted(self._spool.left, 'result')} for Nagios kept in the spool: {why}" if why else ""
        return JOINT.join(filter(None, (kept, self._spool.trouble())))

    def _deliver(self, stop: Callable[[], str]) -> str:
        """Hand over all results; return why some are left. Raises ``OSError`` and ``sqlite3.Error``."""
        os.listdir(self.directory)  # from one that is not there, nobody has taken anything
        if not os.path.lexists(self._new):
            self._spool.settle_tried()
        while not (why := self._busy(stop)):
            # Results that are tried from now on are not handed over while this file is there.
            with created(self._new) as file:
                results = self._spool.first(IN_ONE_FILE)
                file.writelines(f"{each.text}\n" for each in results)
                file.flush()
                # Who may enter the directory may read it: the core does not, and deletes it, where it cannot.
                os.chmod(file.fileno() if os.chmod in os.supports_fd else self._new, 0o644)
                os.fsync(file.fileno())
            if not results:
                os.unlink(self._new)
                return ""
            name = os.path.join(self.directory, self._prefix + coded(results[0].number, 4))
            created(f"{name}.ok").close()
            os.replace(self._new, name)
            self._spool.settle(results)
            if len(results) < IN_ONE_FILE:
                return ""
        return why

    def _busy(self, stop: Callable[[], str]) -> str:
        """Wait until the core has taken what it was given; return why that is in vain. Raises ``OSError``."""
        end = time.monotonic() + PATIENCE
        while any(len(name) == len("cXXXXXX") and name.startswith(self._prefix) for name in os.listdir(self.directory)):
            if time.monotonic() >= end:
                return f'the files before are still in "{printable(self.directory)}" after {PATIENCE:g} s; does it run?'
            if why := stop():
                return why
            time.sleep(PAUSE)
        return ""


def created(path: str) -> TextIO:
    """Open a new file to write. Whoever owns the directory could else lead root, by a link, to a file of root's."""
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return open(path, "w", encoding="utf-8", newline="\n", opener=lambda name, _: os.open(name, how, 0o644))


def result(report: Report) -> str:
    """Return what a file says of a target: a variable a line, and none that a peer could add or end.

    The core undoes the escapes of the output, and joins a line that ends in one backslash with the next.
    """
    host, name = map(uncontinued, service(report.job.target, report.job.marks))
    shown = nagios.render(report)
    began = report.now.timestamp()
    ended = began + report.observation.elapsed
    lines = {
        "host_name": host,
        "service_description": name,
        "check_type": PASSIVE,
        "start_time": f"{began:.6f}",
        "finish_time": f"{ended:.6f}",
        "return_code": shown.exit_code,
        "output": escaped(shown.text),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def uncontinued(name: str) -> str:
    """Return a name whose line does not go on below: where two backslashes end one, the core takes one away."""
    return f"{name}\\" if name.endswith("\\") else name


def escaped(text: str) -> str:
    """Return text in one line, with the two escapes that the core undoes."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def coded(number: int, length: int) -> str:
    """Return the last digits of a number in base 36."""
    return "".join(LETTERS[number // 36**place % 36] for place in range(length))
