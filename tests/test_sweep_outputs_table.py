"""The table: the most urgent first, readable on every screen, and nothing in it but text."""

from __future__ import annotations

import re
import sys

import pytest
from observations import DAY, EXPIRED, NOW, evaluated, named, seen, unseen
from rich.cells import cell_len
from sweeps import BAD, FINE, REPORTS, tally

from check_starttls_cert import options
from check_starttls_cert.errors import ProbeError, UsageError
from check_starttls_cert.report import Report
from check_starttls_cert.state import State
from check_starttls_cert.sweep.outcome import MAX_WORST, unjudged
from check_starttls_cert.sweep.outputs import printer
from check_starttls_cert.terminal import COLOURS, PIPE, Screen

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

EXPIRED_3_DAYS = REPORTS["expired_3_days"]


def lines(*reports: Report, screen: Screen = PIPE, total: int = 0) -> list[str]:
    """Return what a sweep with these reports shows."""
    return printer("table").end(tally(*reports, total=total), screen).text.split("\n")


def test_nothing_is_said_before_the_end() -> None:
    assert printer("table").show(BAD) == ""


def test_in_a_pipe_a_target_is_a_line_and_the_worst_comes_first() -> None:
    days = [evaluated(seen(named(f"{number}.test", remaining=number * DAY))) for number in (40, 300, 50)]
    head, *rows, last = lines(*days, FINE, BAD, REPORTS["not checked"], EXPIRED_3_DAYS)
    assert head.split() == ["STATE", "DAYS", "TARGET", "FOUND"]
    assert [row.split()[:2] for row in rows] == [
        ["CRITICAL", "-3"],
        ["CRITICAL", "40"],
        ["CRITICAL", "50"],
        ["CRITICAL", "300"],
        ["CRITICAL", "smtp"],
        ["UNKNOWN", "smtp"],
        ["OK", "59"],
    ]
    assert re.search(r"  smtp mta.example.com:25 +expired 3 days ago \(2026-11-20\) / ", rows[0])
    assert re.search(r"  smtp mta.example.com:25 +mta.example.com expires in 59 days", rows[-1])
    assert last == "STARTTLS_CERT CRITICAL - 7 targets: 5 CRITICAL, 1 UNKNOWN, 1 OK"


def test_what_is_not_shown_is_counted() -> None:
    *rows, more, last = lines(*[FINE] * (MAX_WORST + 50), BAD)
    assert (len(rows), more) == (1 + MAX_WORST, "and 51 more: 51 OK")
    assert last == "STARTTLS_CERT CRITICAL - 151 targets: 1 CRITICAL, 150 OK"
    *_, more, last = lines(*[FINE] * 50, *[BAD] * (MAX_WORST + 5))
    assert more == "and 55 more: 5 CRITICAL, 50 OK"


@pytest.mark.parametrize("columns", [40, 80, 99, 100, 120, 300])
def test_on_every_screen_no_line_is_longer_and_no_letter_is_lost(columns) -> None:
    for name, report in REPORTS.items():
        shown = lines(report, screen=Screen(columns, colour=False))
        assert max(map(cell_len, shown[:-1])) <= columns, name
        (wide,) = lines(report)[1:-1]
        assert sorted("".join("".join(shown[1:-1]).split())) == sorted("".join(wide.split())), name


def test_on_a_narrow_screen_what_was_found_stands_below_its_target() -> None:
    _, first, second, *_ = lines(EXPIRED_3_DAYS, screen=Screen(80, colour=False))
    assert first == "CRITICAL    -3  smtp mta.example.com:25"
    assert second.startswith(" " * 16 + "expired 3 days ago")


def test_on_a_screen_that_is_too_narrow_the_terminal_breaks_the_lines() -> None:
    assert lines(FINE, screen=Screen(1, colour=False)) == lines(FINE, screen=Screen(40, colour=False))


def test_colour_changes_nothing_but_the_colour() -> None:
    for columns in (40, 120):
        plain, coloured = (lines(*REPORTS.values(), screen=Screen(columns, colour)) for colour in (False, True))
        assert [ESCAPES.sub("", line).rstrip() for line in coloured] == plain
        assert "\x1b" not in "".join(plain)


def test_a_state_has_its_colour() -> None:
    for report in (FINE, BAD, REPORTS["not checked"], REPORTS["warning_by_days"]):
        name = report.state.name
        _, row, last = lines(report, screen=Screen(1000, colour=True))
        assert row.startswith(f"\x1b[1;{COLOURS[name]}m{name}")
        assert last.startswith(f"STARTTLS_CERT \x1b[1;{COLOURS[name]}m{name}\x1b[0m - 1 target: ")


MARKUP = "[red]r[/red] [link=https://evil.test]l[/link] [/] \\[ :pile_of_poo: \x1b[31m\x9b31m\u202e\u2066\x00\r\n|"


@pytest.mark.parametrize("colour", [False, True])
def test_no_markup_and_no_control_character_comes_through(colour) -> None:
    hostile = [
        evaluated(seen(named(MARKUP, remaining=-3 * DAY), EXPIRED)),
        evaluated(unseen(ProbeError("the server refuses STARTTLS", quote=MARKUP))),
        unjudged(options.job({"host": "h.test"}), NOW, "not checked: [red]why[/red] :boom:"),
    ]
    shown = ESCAPES.sub("", "".join(lines(*hostile, screen=Screen(1000, colour))))
    assert shown.isprintable()
    assert shown.count(r"[red]r[/red] [link=https://evil.test]l[/link] [/] \[ :pile_of_poo: ") > 1
    assert "[red]why[/red] :boom:" in shown


def test_the_exit_code_is_the_sweep_s_and_what_is_not_delivered_is_said() -> None:
    made = tally(FINE)
    made.undelivered = ["the page is not there"]
    text, exit_code = printer("table").end(made)
    assert (text.split("\n")[-1], exit_code) == (
        "STARTTLS_CERT UNKNOWN - 1 target: 1 OK / the page is not there",
        State.UNKNOWN.exit_code,
    )


def test_without_rich_it_is_wrong_usage(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.delitem(sys.modules, "check_starttls_cert.sweep.outputs.table", raising=False)
    with pytest.raises(UsageError, match="table needs the package rich for the Python that runs this"):
        printer("table")
