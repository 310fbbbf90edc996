"""How far a sweep is, on stderr, while a person waits for the table.

One line, redrawn. The cursor rests at its beginning and is never hidden: whatever is printed next, by a signal's
handler too, takes the line's place.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from check_starttls_cert.state import State
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep.outcome import Tally
from check_starttls_cert.sweep.outputs import TABLE
from check_starttls_cert.terminal import has_colour, is_terminal, screen

if TYPE_CHECKING:
    from typing import TextIO

PAUSE = 0.1
"""Seconds between two drawings."""

WIDTH = 60
"""Columns at most: less than the line of a signal's handler, which covers it."""


@contextlib.contextmanager
def shown(output: str, tally: Tally, stream: TextIO | None) -> Iterator[Callable[[], None]]:
    """Yield what shows how far the sweep is, to be called again and again; it does nothing where nobody looks."""
    if stream is None or output != TABLE or not is_terminal(stream):
        yield lambda: None
        return
    line = Line(stream, tally)
    try:
        yield line.draw
    finally:
        line.clear()


class Line:
    """The line."""

    def __init__(self, stream: TextIO, tally: Tally) -> None:
        from rich.console import Console

        self._stream, self._tally = stream, tally
        # The last column stays free: in it, some terminals break the line.
        self._width = min(WIDTH, screen(stream, os.environ).columns - 1)
        self._console = Console(
            file=stream, force_terminal=True, color_system="standard" if has_colour(stream, os.environ) else None
        )
        self._drawn = 0.0

    def draw(self) -> None:
        """Draw it, unless that was done just now."""
        if time.monotonic() - self._drawn >= PAUSE:
            self._drawn = time.monotonic()
            self._show(self._line)

    def clear(self) -> None:
        """Leave nothing of it."""
        self._show(lambda: " " * self._width)

    def _line(self) -> str:
        from rich.progress_bar import ProgressBar

        from check_starttls_cert.sweep.outputs.table import colour_of

        counts, total = self._tally.counts, self._tally.total
        done = sum(counts.values())
        bad = done - counts[State.OK]
        said = f"{done} of {total}" + (f", {bad} not OK" if bad else "")
        left = self._width - len(said) - 1
        if left < 1:
            return said[: self._width]
        colour = colour_of(self._tally.state)
        with self._console.capture() as bar:
            self._console.print(ProgressBar(total, done, left, complete_style=colour, finished_style=colour), end="")
        return f"{said} {bar.get()}"

    def _show(self, line: Callable[[], str]) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody has to look
            self._stream.write(f"\r{line()}\r")
            self._stream.flush()
