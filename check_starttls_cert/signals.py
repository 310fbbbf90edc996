"""Signals: whoever ends this program early still gets a verdict, in one line, at once.

Monitoring systems end a check that takes too long. The handler does not raise: an exception could be lost in a
callback, or in the middle of an import. It writes a line that was made before, and ends the process. Next to nothing
is imported here, so that the handler stands before all other imports.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from check_starttls_cert.outputs import Endpoint, failure

NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Those of them that the system has; SIGBREAK is Ctrl-Break on Windows."""

_handled: list[int] = []
"""The signals that are answered in this process."""


def answer(output: str, endpoint: Endpoint | None = None) -> None:
    """From now on, end the process with the failure of one of ``outputs.OUTPUTS`` when a signal comes."""
    for name in NAMES:
        number = getattr(signal, name, None)
        # A signal that the parent has set to be ignored (nohup) stays ignored.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            text, exit_code = failure(output, f"ended by {name} before there was a verdict", endpoint)
            # Without a stdout, descriptor 1 is free: a file, or the connection to the server, may have it by then.
            line = f"{text}\n".encode("ascii") if sys.stdout is not None else b""

            def end(*_: object, line: bytes = line, exit_code: int = exit_code) -> None:
                hold()  # a second signal must not write a second line
                try:
                    if line:
                        os.write(1, line)
                finally:
                    os._exit(exit_code)

            signal.signal(number, end)
            _handled.append(number)


def divert(notice: Callable[[str], None]) -> None:
    """Let the next signal call ``notice`` with its name, for a program that then ends itself; the one after ends it."""
    before = {number: signal.getsignal(number) for number in _handled}

    def noticed(number: int, _: object) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)
        notice(signal.Signals(number).name)

    for number in before:
        signal.signal(number, noticed)


def hold() -> None:
    """Let the verdict be written whole: from now on, the signals that are answered come too late."""
    # Nothing but SIG_IGN lasts until the process has ended: the interpreter takes handlers away before.
    while _handled:
        signal.signal(_handled.pop(), signal.SIG_IGN)
