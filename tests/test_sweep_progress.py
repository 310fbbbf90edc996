"""How far a sweep is: one line at a terminal, which leaves nothing behind and is in nobody's way."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys

import pytest
from conftest import pseudo_terminal, until_closed
from observations import environment
from sweeps import BAD, FINE, tally

from check_starttls_cert.sweep import progress


class Terminal(io.StringIO):
    """A stderr that says of itself that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    """Return a terminal of 80 columns without colours."""
    monkeypatch.setattr(progress, "PAUSE", -1)
    for place in ("terminal", "sweep.progress"):  # to curses, this stream is none
        monkeypatch.setattr(f"check_starttls_cert.{place}.has_colour", lambda *_: False)
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def drawn(terminal: Terminal, *reports, total: int, times: int = 1) -> list[str]:
    """Return what is written, piece by piece."""
    with progress.shown("table", tally(*reports, total=total), terminal) as draw:
        for _ in range(times):
            draw()
    text = terminal.getvalue()
    assert text.startswith("\r")
    assert text.endswith("\r")
    return text.strip("\r").split("\r\r")


def test_it_says_how_many_targets_are_done_and_how_many_are_not_ok(terminal) -> None:
    assert drawn(terminal, FINE, FINE, total=4)[0].startswith("2 of 4 ")
    assert drawn(terminal, FINE, BAD, BAD, total=4)[-2].startswith("3 of 4, 2 not OK ")


def test_the_bar_grows_with_them(terminal) -> None:
    lengths = [drawn(terminal, *[FINE] * count, total=8)[-2].count("\u2501") for count in (0, 4, 8)]
    assert lengths[0] == 0
    assert lengths[1] == pytest.approx(lengths[2] / 2, abs=1)


def test_in_the_end_the_line_is_empty(terminal) -> None:
    *lines, last = drawn(terminal, FINE, BAD, total=100_000, times=3)
    assert len(lines) == 3
    assert last.isspace()
    assert len(last) >= max(map(len, lines))


@pytest.mark.parametrize("columns", [1, 5, 12, 40, 80, 500])
def test_it_is_no_longer_than_the_screen_or_than_what_a_signal_s_handler_writes_over_it(
    terminal, monkeypatch, columns
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    said = "STARTTLS_CERT UNKNOWN - ended by SIGINT before there was a verdict"
    for line in drawn(terminal, BAD, total=100_000):
        assert len(line) <= min(columns - 1, len(said))


def test_it_is_drawn_ten_times_a_second_at_most(terminal, monkeypatch) -> None:
    monkeypatch.setattr(progress, "PAUSE", 1e9)
    monkeypatch.setattr("time.monotonic", lambda: 2e9)
    assert len(drawn(terminal, FINE, total=2, times=5)) == 2


def test_it_has_the_colour_of_the_worst_state_where_there_are_colours(terminal, monkeypatch) -> None:
    monkeypatch.setattr(progress, "has_colour", lambda *_: True)
    assert "\x1b[32m" in drawn(terminal, FINE, total=2)[0]
    assert "\x1b[31m" in drawn(terminal, BAD, total=2)[-2]


def test_it_is_drawn_in_ascii_where_there_is_no_more(terminal) -> None:
    terminal.encoding = "ascii"
    assert drawn(terminal, FINE, total=2)[0].isascii()


@pytest.mark.parametrize(("output", "isatty"), [("lines", True), ("nagios", True), ("table", False)])
def test_elsewhere_nothing_is_drawn(terminal, monkeypatch, output, isatty) -> None:
    monkeypatch.setattr(terminal, "isatty", lambda: isatty)
    with progress.shown(output, tally(FINE), terminal) as draw:
        draw()
    assert terminal.getvalue() == ""


def test_a_stderr_that_is_gone_hurts_nobody(terminal) -> None:
    with progress.shown("table", tally(FINE), terminal) as draw:
        terminal.close()
        draw()


def test_an_error_finds_the_line_empty(terminal) -> None:
    def broken() -> None:
        with progress.shown("table", tally(FINE), terminal) as draw:
            draw()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert re.search(r"\r +\r$", terminal.getvalue())


SWEEP = """
import sys, time
from check_starttls_cert import signals
signals.answer("nagios")
from check_starttls_cert.sweep import progress
from sweeps import BAD, tally
with progress.shown("table", tally(BAD, total=3), sys.stderr) as draw:
    draw()
    time.sleep(3000)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals to a child process")
def test_what_a_signal_s_handler_writes_takes_the_place_of_the_line() -> None:
    ours, theirs = pseudo_terminal()
    script = [sys.executable, "-c", SWEEP]
    with subprocess.Popen(
        script, stdout=theirs, stderr=theirs, env=environment(os.path.dirname(__file__), TERM="xterm")
    ) as process:
        os.close(theirs)
        written = b""
        while not written.endswith(b"\r"):
            written += os.read(ours, 65536)
        process.send_signal(signal.SIGINT)
        written += until_closed(ours)
    assert process.returncode == 3
    # Nothing but colours: the cursor was neither hidden nor moved.
    assert set(re.findall(rb"\x1b\[[^a-zA-Z]*([a-zA-Z])", written)) <= {b"m"}
    assert written.endswith(b"\rSTARTTLS_CERT UNKNOWN - ended by SIGINT before there was a verdict\r\n")
