"""Plugin output, as strictly as the Monitoring Plugins guidelines have it: what a monitoring system reads.

Written from the guidelines ("Plugin Output for Nagios", "Threshold and Ranges", "Performance data"), not from the
program. Icinga, Naemon and Nagios agree on everything that passes here.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
"""In the order of the exit codes."""

MAX_LINE, MAX_OUTPUT = 1000, 4000
"""The contract's bounds: the first line, and everything without ``-v``."""

NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
RANGE = rf"@?(?:(?:~|{NUMBER})?:)?(?:{NUMBER})?"
DATUM = re.compile(
    rf"(?P<label>[^\s='|;]+)=(?P<value>{NUMBER})(?P<unit>s|ms|us|%|B|KB|MB|TB|c)?"
    rf"(?:;(?P<warning>{RANGE}))?(?:;(?P<critical>{RANGE}))?(?:;(?P<minimum>{NUMBER})?)?(?:;(?P<maximum>{NUMBER})?)?"
)
FIRST = re.compile(r"(?P<service>[A-Z_]+) (?P<state>OK|WARNING|CRITICAL|UNKNOWN) - (?P<words>.+)")


class Datum(NamedTuple):
    """One number of the performance data."""

    value: float
    unit: str
    warning: str
    critical: str


class Plugin(NamedTuple):
    """What a monitoring system reads."""

    state: str
    words: str
    performance: dict[str, Datum]
    long_output: tuple[str, ...]


def alarms(written: str, value: float) -> bool:
    """Return whether a range alarms: outside it, or inside where it begins with ``@``. Its ends are inside."""
    if not written:
        return False
    low, _, high = written.lstrip("@").rpartition(":")
    begin = -math.inf if low == "~" else float(low or 0)
    end = float(high) if high else math.inf
    return (begin <= value <= end) == written.startswith("@")


def told(datum: Datum) -> str:
    """Return the state that a graph shows, which knows the number and its ranges."""
    if alarms(datum.critical, datum.value):
        return "CRITICAL"
    return "WARNING" if alarms(datum.warning, datum.value) else "OK"


def parse(text: str, exit_code: int) -> Plugin:
    """Return what plugin output says; ``AssertionError`` says what is wrong with it."""
    assert text.endswith("\n"), "the last line does not end"
    first, *below = text[:-1].split("\n")
    assert all(line.isprintable() for line in (first, *below)), "not printable"
    assert len(first) <= MAX_LINE, f"a first line of {len(first)} characters"
    assert not any("|" in line for line in below), "performance data below the first line"
    words, bar, performance = first.partition(" | ")
    assert "|" not in words + performance, "a second bar"
    match = FIRST.fullmatch(words)
    assert match, "no state in the first line"
    assert STATES.index(match["state"]) == exit_code, f"{match['state']} with exit code {exit_code}"
    data = {}
    for each in performance.split(" ") if bar else ():
        datum = DATUM.fullmatch(each)
        assert datum, f"performance data are broken: {each}"
        assert datum["label"] not in data, f"{datum['label']} twice"
        data[datum["label"]] = Datum(
            float(datum["value"]), datum["unit"] or "", datum["warning"] or "", datum["critical"] or ""
        )
    return Plugin(match["state"], match["words"], data, tuple(below))
