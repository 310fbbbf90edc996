"""The screen: how wide it is; colour at a terminal, and nowhere else."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from conftest import pseudo_terminal, required, until_closed
from observations import SITUATIONS, child, evaluated
from servers import process

from check_starttls_cert.outputs import nagios
from check_starttls_cert.terminal import COLOURS, PIPE, Screen, coloured, has_colour, is_terminal, screen

HOST = ("-H", "mta.example.com")

ESCAPE = "\x1b"


class Terminal(io.StringIO):
    """A stdout that says of itself that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdout", "environment", "expected"),
    [
        (Terminal(), {"TERM": "xterm-256color"}, True),
        (Terminal(), {"TERM": "linux", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": ""}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
        (None, {"TERM": "xterm"}, False),
    ],
)
def test_a_terminal_has_colour_unless_it_or_its_user_says_no(monkeypatch, stdout, environment, expected) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "curses", None)  # which knows no more than one terminal in a process
    assert has_colour(stdout, environment) is expected


@pytest.mark.parametrize(("colours", "expected"), [(256, True), (8, True), (2, False), (-1, False), (None, False)])
def test_terminfo_is_asked_how_many_colours_there_are(monkeypatch, colours, expected) -> None:
    class Terminfo:
        error = LookupError

        @staticmethod
        def setupterm(terminal: str, _: int) -> None:
            if colours is None:
                raise LookupError(f"{terminal} is unheard of")

        @staticmethod
        def tigetnum(capability: str) -> int:
            return {"colors": colours}[capability]

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Terminal, "fileno", lambda _: 1)
    monkeypatch.setitem(sys.modules, "curses", Terminfo)
    assert has_colour(Terminal(), {"TERM": "xterm"}) is expected


@pytest.mark.parametrize("terminal", ["xterm", "xterm-256color", "linux", "xterm-mono", "vt100", "dumb", "unheard-of"])
def test_a_terminal_has_colour_if_terminfo_gives_it_some(terminal) -> None:
    with required("tput"):
        tput = process.find("tput")
    done = subprocess.run([tput, "-T", terminal, "colors"], capture_output=True, text=True, check=False)
    in_colour = at_a_terminal("-v", TERM=terminal).startswith(f"STARTTLS_CERT {ESCAPE}[1;32mOK{ESCAPE}[0m - smtp")
    assert in_colour is (int(done.stdout or 0) >= 8)


def test_on_windows_the_terminal_says_that_it_has_colour(monkeypatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert has_colour(Terminal(), {"WT_SESSION": "a"})
    assert not has_colour(Terminal(), {"WT_SESSION": "a", "NO_COLOR": "1"})
    assert not has_colour(Terminal(), {"TERM": "xterm"})


@pytest.mark.parametrize("state", COLOURS)
def test_the_state_alone_is_coloured(state) -> None:
    values = {} if state == "OK" else {"unreachable": state.lower()}
    plain = nagios.render(evaluated(SITUATIONS["unreachable" if values else "fine"], **values)).text
    shown = coloured(plain)
    assert shown.startswith(f"STARTTLS_CERT {ESCAPE}[1;{COLOURS[state]}m{state}{ESCAPE}[0m - ")
    assert re.sub(rf"{ESCAPE}\[[0-9;]*m", "", shown) == plain


def at_a_terminal(*arguments: str, **environment: str) -> str:
    """Return what the command line writes to a real one."""
    ours, theirs = pseudo_terminal()
    settings = {"TERM": "xterm", "NO_COLOR": "", **environment}
    check = child("fine", "cli", *HOST, *arguments, stdout=theirs, env=settings)
    os.close(theirs)
    written = until_closed(ours)
    check.communicate()
    return written.decode()


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ((), {}),
        (("-v",), {"NO_COLOR": "1"}),
        (("-v",), {"TERM": "dumb"}),
        (("-v", "-o", "json"), {}),
        (("-v", "-o", "prtg"), {}),
        (("-v", "-o", "prtg-v2"), {}),
        (("--help",), {}),
        (("--help", "-o", "json"), {}),
    ],
)
def test_everything_else_at_a_terminal_is_plain(arguments, environment) -> None:
    written = at_a_terminal(*arguments, **environment)
    assert "mta.example.com" in written
    assert ESCAPE not in written


def test_a_pipe_gets_no_colour() -> None:
    written, _ = child("fine", "cli", *HOST, "-v", env={"TERM": "xterm", "NO_COLOR": ""}).communicate()
    assert written.startswith(b"STARTTLS_CERT OK - ")
    assert ESCAPE.encode() not in written


def test_a_screen_is_as_wide_as_its_terminal_and_a_pipe_as_its_lines(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "77")
    assert screen(Terminal(), {"NO_COLOR": "1"}) == Screen(77, colour=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((0, 0)))
    assert screen(Terminal(), {"NO_COLOR": "1"}) == Screen(80, colour=False)
    assert screen(io.StringIO(), {"TERM": "xterm"}) == screen(None, {}) == PIPE


def test_a_stream_that_is_closed_is_no_terminal() -> None:
    closed = Terminal()
    assert is_terminal(closed)
    closed.close()
    assert not is_terminal(closed)
    assert not is_terminal(None)
