"""The screen in front of a person: its width, and colour where it has that and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TextIO


COLOURS = {"OK": 32, "WARNING": 33, "CRITICAL": 31, "UNKNOWN": 35}
"""Green, yellow, red and magenta: ECMA-48 section 8.3.117, "Select graphic rendition"."""


class Screen(NamedTuple):
    """What text is shown on."""

    columns: int
    colour: bool


PIPE = Screen(10_000, colour=False)
"""What a program reads: lines are as long as they are."""


def screen(stdout: TextIO | None, environment: Mapping[str, str]) -> Screen:
    """Return what ``stdout`` is shown on."""
    if not is_terminal(stdout):
        return PIPE
    import shutil

    # A terminal that does not know its size (a serial line, a container's) has 0 columns.
    return Screen(shutil.get_terminal_size().columns or 80, has_colour(stdout, environment))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads what is written to a stream, which may be gone."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colour(stdout: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Return whether ``stdout`` is a terminal with colours whose user has nothing against them (no-color.org)."""
    if stdout is None or not is_terminal(stdout) or environment.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        # The old console shows escapes as they are; Windows Terminal says that it is there.
        return "WT_SESSION" in environment
    terminal = environment.get("TERM") or "dumb"
    try:
        import curses
    except ImportError:  # Python was built without: almost all terminals have colours
        return terminal != "dumb"
    try:
        curses.setupterm(terminal, stdout.fileno())
        return curses.tigetnum("colors") >= 8  # terminfo(5): below 0 where a terminal has none
    except curses.error:  # terminfo does not know the terminal
        return False


def coloured(text: str) -> str:
    """Return plugin output with its state, the second word, in bold and in its colour."""
    name, state, rest = text.split(" ", 2)
    return f"{name} \x1b[1;{COLOURS[state]}m{state}\x1b[0m {rest}"
